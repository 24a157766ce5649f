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
const SHAPES: [&[&str]; 44] = [
    &["beam.smp", "-setcookie", "S", "-name", "a@b"],
    &["beam.smp", "-name", "a@b", "-setcookie", "S"],
    &["erl", "-sname", "a", "-kernel", "x", "-setcookie", "S"],
    &["java", "-Dpassword=S", "-jar", "/a.jar"],
    &["java", "-Djavax.net.ssl.keyStorePassword=S", "-jar", "/a.jar"],
    &["app", "--password=S"],
    &["app", "--password", "S"],
    &["app", "--db-password", "S"],
    &["app", "--PASSWORD", "S"],
    &["app", "-password", "-S"],
    &["app", "--token", "S", "serve"],
    &["app", "--api-key=S"],
    &["app", "--apiKey", "S"],
    &["app", "--secret_key", "S"],
    &["app", "--aws-secret-access-key", "S"],
    &["env", "PASSWORD=S", "app"],
    &["env", "DB_PASS=S", "app"],
    &["app", "postgres://ann:S@db/x"],
    &["app", "--url=https://ann:S@host/path"],
    &["app", "--url", "https://S@host/path"],
    &["app", "amqp://ann:S/with/slash@host/vhost"],
    &["app", "https://host/?token=S&x=1"],
    &["app", "https://host/?x=1&access_token=S"],
    &["curl", "-u", "ann:S", "https://h"],
    &["/usr/bin/curl", "-uann:S", "https://h"],
    &["curl", "-H", "Authorization: Bearer S"],
    &["curl", "-H", "X-Api-Key: S"],
    &["curl", "--header", "Cookie: id=S"],
    &["curl", "-d", "{\"password\":\"S\"}"],
    &["curl", "-d", "{\"user\": \"ann\", \"api_token\" : \"S\"}"],
    &["mysql", "-pS", "db"],
    &["redis-cli", "-a", "S"],
    &["sshpass", "-p", "S", "ssh", "h"],
    &["sshpass", "-pS", "ssh", "h"],
    &["sh", "-c", "export PASSWORD=S; run"],
    &["sh", "-c", "mysql --password S db"],
    &["bash", "-c", "curl https://ann:S@h/"],
    &["python3", "-c", "login(password='S')"],
    &["perl", "-ne", "secret: S"],
    &["node", "-e", "token = S"],
    &["app --password S"],
    &["app: worker password=S"],
    &["app: worker --token S"],
    &["PASSWORD=S"],
];

#[test]
fn no_planted_secret_is_shown() {
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
    let cases: [(&[&str], &str); 6] = [
        (&["nginx", "-g", "daemon off"], "nginx -g daemon off"),
        (&["app", "--port=80", "https://host:80/x"], "app --port=80 https://host:80/x"),
        (&["app", "--url=https://ann:x@h/p"], "app --url=https://***@h/p"),
        (&["app", "--password=x", "--port", "80"], "app --password=*** --port 80"),
        (&["beam.smp", "-setcookie", "x", "-name", "a@b"], "beam.smp -setcookie *** -name a@b"),
        (&["app", "ghp_0123456789abcdef0123", "ok"], "app *** ok"),
    ];
    for (args, expected) in cases {
        assert_eq!(masked(&cmdline(args)), expected);
    }
}
