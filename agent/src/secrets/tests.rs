use super::*;

/// Joins arguments as the kernel does.
fn cmdline(args: &[&str]) -> Vec<u8> {
    args.iter().flat_map(|arg| [arg.as_bytes(), &[0]].concat()).collect()
}

fn shown(args: &[&str]) -> String {
    command_line(&cmdline(args))
}

/// A secret that no program text holds by chance.
const PLANTED: &str = "hunter2Zq9";

#[test]
fn the_executable_and_what_it_runs_are_shown() {
    let cases: [(&[&str], &str); 16] = [
        (&["/usr/bin/cat", "/etc/shadow"], "/usr/bin/cat"),
        (&["-bash"], "-bash"),
        (
            &["/opt/beam.smp", "--", "-setcookie", "c", "-name", "chat@h1", "-extra", "-name", "x"],
            "/opt/beam.smp -name chat@h1",
        ),
        (&["erl", "-sname", "a"], "erl -sname a"),
        (&["iex", "--name", "a@b"], "iex --name a@b"),
        (&["java", "-Xmx1g", "-Dpw=x", "-jar", "/srv/app.jar", "serve"], "java -jar /srv/app.jar"),
        (&["python3", "-u", "-m", "http.server", "80"], "python3 -m http.server"),
        (&["/usr/bin/python3.11", "app.py", "--token", "x"], "/usr/bin/python3.11 app.py"),
        (&["python3", "/srv/run.py", "-m", "x"], "python3 /srv/run.py"),
        (&["node", "--max-old-space-size=9", "/srv/a.js", "k"], "node /srv/a.js"),
        (&["bash", "/srv/start.sh", "secret"], "bash /srv/start.sh"),
        (&["bash", "-c", "/srv/start.sh"], "bash"),
        (&["sh", "word"], "sh"),
        (&["find", "/", "-name", "x"], "find"),
        (&["postgres: checkpointer "], "postgres: checkpointer"),
        (&["sshd: ann@pts/0"], "sshd: ann@pts/0"),
    ];
    for (args, expected) in cases {
        assert_eq!(shown(args), expected);
    }
    assert_eq!(command_line(b""), "");
    assert_eq!(command_line(b"\0\0\0"), "");
    assert_eq!(command_line(b"nginx: worker process\0\0\0\0\0"), "nginx: worker process");
    assert_eq!(command_line(b"/bin/\xff\xfe\0x"), "/bin/\u{fffd}\u{fffd}");
}

/// Ways in which secrets stand in command lines; `§` is the secret.
const SHAPES: [&[&str]; 78] = [
    &["beam.smp", "-setcookie", "§", "-name", "a@b"],
    &["beam.smp", "-name", "a@b", "-setcookie", "§"],
    &["erl", "-sname", "a", "-kernel", "x", "-setcookie", "§"],
    &["java", "-Dpassword=§", "-jar", "/a.jar"],
    &["java", "-Djavax.net.ssl.keyStorePassword=§", "-jar", "/a.jar"],
    &["app", "--password=§"],
    &["app", "--password", "§"],
    &["app", "--db-password", "§"],
    &["app", "--PASSWORD", "§"],
    &["app", "-password", "-§"],
    &["app", "--token", "§", "serve"],
    &["app", "--api-key=§"],
    &["app", "--apiKey", "§"],
    &["app", "--secret_key", "§"],
    &["app", "--aws-secret-access-key", "§"],
    &["env", "PASSWORD=§", "app"],
    &["env", "DB_PASS=§", "app"],
    &["app", "postgres://ann:§@db/x"],
    &["app", "--url=https://ann:§@host/path"],
    &["app", "--url", "https://§@host/path"],
    &["app", "amqp://ann:§/with/slash@host/vhost"],
    &["app", "https://host/?token=§&x=1"],
    &["app", "https://host/?x=1&access_token=§"],
    &["curl", "-u", "ann:§", "https://h"],
    &["/usr/bin/curl", "-uann:§", "https://h"],
    &["curl", "-H", "Authorization: Bearer §"],
    &["curl", "-H", "X-Api-Key: §"],
    &["curl", "--header", "Cookie: id=§"],
    &["curl", "-d", "{\"password\":\"§\"}"],
    &["curl", "-d", "{\"user\": \"ann\", \"api_token\" : \"§\"}"],
    &["mysql", "-p§", "db"],
    &["redis-cli", "-a", "§"],
    &["sshpass", "-p", "§", "ssh", "h"],
    &["sshpass", "-p§", "ssh", "h"],
    &["sh", "-c", "export PASSWORD=§; run"],
    &["sh", "-c", "mysql --password § db"],
    &["bash", "-c", "curl https://ann:§@h/"],
    &["python3", "-c", "login(password='§')"],
    &["perl", "-ne", "secret: §"],
    &["node", "-e", "token = §"],
    &["app --password §"],
    &["app: worker password=§"],
    &["app: worker --token §"],
    &["PASSWORD=§"],
    &["beam.smp", "-setcookie=§", "-name", "a@b"],
    &["erl", "-eval", "erlang:set_cookie(node(),'§')"],
    &["erl", "-env", "APP_TOKEN", "§"],
    &["sudo", "mysql", "-uroot", "-p§", "db"],
    &["mysqldump", "-vp§", "db"],
    &["sh", "-c", "mysql -p§ db"],
    &["curl", "-su", "ann:§", "https://h"],
    &["curl", "-suann:§", "https://h"],
    &["curl", "--user", "ann:§", "https://h"],
    &["app", "--user=ann:§"],
    &["env", "PGPASSWORD=§", "psql"],
    &["PGPASSWORD=§", "psql"],
    &["env", "DATABASE_URL=postgres://ann:§@db/x"],
    &["env", "REDIS_URL=redis://:§@db"],
    &["app", "ann:§@db:5432"],
    &["app", "--no-auth", "--password", "§"],
    &["app", "--header=Authorization: Bearer §"],
    &["openssl", "enc", "-k", "§"],
    &["openssl", "rsa", "-passin", "pass:§"],
    &["keytool", "-storepass", "§"],
    &["java", "-Dspring.datasource.password=§", "Main"],
    &["rabbitmqctl", "change_password", "ann", "§"],
    &["rabbitmqctl", "add_user", "ann", "§"],
    &["htpasswd", "-b", "file", "ann", "§"],
    &["sqlplus", "ann/§@db"],
    &["redis-cli", "-h", "db", "AUTH", "ann", "§"],
    &["app", "password%3D§"],
    &["app", "password,§"],
    &["postgres: ann db password=§"],
    &["postgres: ann password §"],
    &["app --token § serve", "more"],
    &["ssh", "-i", "/home/ann/.ssh/§", "host"],
    &["ssh", "-o", "IdentityFile=/home/ann/.ssh/§", "host"],
    &["app", "/etc/ssl/§.pem"],
];

#[test]
fn no_planted_secret_is_shown() {
    assert!(SHAPES.iter().all(|shape| shape.iter().any(|arg| arg.contains('§'))), "each shape holds a secret");
    for shape in SHAPES {
        let args: Vec<String> = shape.iter().map(|arg| arg.replace('§', PLANTED)).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let line = cmdline(&args);
        for shown in [command_line(&line), masked(&line)] {
            assert!(!shown.contains(PLANTED), "{args:?} is shown as {shown:?}");
            assert!(!shown.is_empty());
        }
        assert!(masked(&line).contains("***"), "{args:?} does not say that something is hidden");
    }
}

#[test]
fn long_words_without_sense_are_hidden() {
    let secrets = [
        "3f2a9c0d77e14b6a8c21f09e5d4b7a66",
        "dGhpcyBpcyBhIHZlcnkgc2VjcmV0IGtleQ==",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "Zx9_qL2-vB7mK4tR8wYp1nC6",
    ];
    for secret in secrets {
        for line in
            [&["app", secret][..], &["app", "--id", secret], &["app: worker", secret], &["app", "run it", secret]]
        {
            let shown = masked(&cmdline(line));
            assert!(!shown.contains(&secret[..8]) && shown.contains("***"), "{line:?} is shown as {shown}");
        }
        let title = format!("app: session {secret}");
        assert_eq!(shown(&[&title]), "app:");
        assert!(!masked(&cmdline(&[&title])).contains(&secret[..8]));
    }
}

#[test]
fn titles_and_short_names_are_shown_where_they_hold_no_secret() {
    for title in ["postgres: writer", "nginx: worker process", "php-fpm: pool www", "sshd: ann [priv]"] {
        assert_eq!(shown(&[title]), title);
        assert_eq!(masked(&cmdline(&[title])), title);
    }
    assert_eq!(shown(&["puma 5.6.4 (tcp://0.0.0.0:3000) [app]"]), "puma");
    assert_eq!(shown(&["app: run a=b"]), "app:");
    assert_eq!((short_name("kworker/0:1H"), short_name("a=b")), ("kworker/0:1H".into(), "a=b".into()));
    assert_eq!(short_name("PASS=hunter2"), "PASS=***");
}

#[test]
fn without_an_operators_wish_no_argument_beyond_the_list_is_shown() {
    let programs = ["app", "java", "python3", "node", "bash", "beam.smp", "perl", "/usr/bin/ruby", "sudo"];
    let before = ["-x", "--x", "-c", "-e", "--eval", "-name", "-m", "-jar", "--", "-extra", "word"];
    for program in programs {
        for first in before {
            for secret in ["p@ss w0rd", "a=hunter2", "https://u:hunter2@h/x", "hunter2 x"] {
                let line = cmdline(&[program, first, secret, "tail hunter2"]);
                let shown = command_line(&line);
                assert!(!shown.contains("hunter2") && !shown.contains("p@ss"), "{program} {first} {secret}: {shown}");
            }
        }
    }
}

#[test]
fn what_is_harmless_stays_readable_when_asked_for() {
    let cases: [(&[&str], &str); 11] = [
        (&["nginx", "-g", "daemon off"], "nginx -g daemon off"),
        (&["app", "--port=80", "https://host:80/x"], "app --port=80 https://host:80/x"),
        (&["app", "--url=https://ann:x@h/p"], "app --url=https://***@h/p"),
        (&["app", "--password=x", "--port", "80"], "app --password=*** --port 80"),
        (&["beam.smp", "-setcookie", "x", "-name", "a@b"], "beam.smp -setcookie *** -name a@b"),
        (
            &["node", "--max-old-space-size=4096", "/srv/app-v2/server.js"],
            "node --max-old-space-size=4096 /srv/app-v2/server.js",
        ),
        (&["java", "-XX:+UseG1GC", "-Xmx2g", "com.example.Main"], "java -XX:+UseG1GC -Xmx2g com.example.Main"),
        (&["mysql", "-uroot", "-px", "chat"], "mysql -uroot -p*** chat"),
        (&["ssh", "ann@host", "uptime"], "ssh ann@host uptime"),
        (&["scp", "10.0.0.1:/var/log/app.log", "."], "scp 10.0.0.1:/var/log/app.log ."),
        (&["app", "ghp_0123456789abcdef0123", "ok"], "app *** ok"),
    ];
    for (args, expected) in cases {
        assert_eq!(masked(&cmdline(args)), expected);
    }
}

#[test]
fn a_line_made_to_be_slow_is_not() {
    let half = 8 * 1024;
    let clock = crate::clock::Clock::system();
    for line in [
        format!("{}{}", "a".repeat(half), "\"".repeat(half)),
        "://".repeat(2 * half / 3),
        "eyJ".repeat(2 * half / 3),
        "user ".repeat(2 * half / 5),
        "mysql\0-mysql\0".repeat(2 * half / 13),
        "a:a@".repeat(half / 2),
    ] {
        for show in [masked, command_line] {
            let before_us = clock.thread_cpu_us();
            std::hint::black_box(show(line.as_bytes()));
            let took_us = clock.thread_cpu_us() - before_us;
            assert!(took_us < 500_000, "{took_us} us for {}", &line[..8]);
        }
    }
}
