use super::*;

fn cli(line: &str) -> Cli {
    Cli::try_parse_from(line.split_whitespace()).unwrap()
}

fn places(line: &str) -> Result<Vec<Place>, String> {
    cli(line).places().map_err(|error| error.to_string())
}

fn tcp(address: &str) -> Place {
    Place::Tcp(address.into())
}

#[test]
fn hosts_have_a_default_port() {
    let check = |word: &str, address: &str| {
        assert_eq!(places(&format!("midair --insecure {word}")), Ok(vec![tcp(address)]), "{word}");
    };
    check("node-7", "node-7:7070");
    check("node-7:81", "node-7:81");
    check("10.0.0.7", "10.0.0.7:7070");
    check("::1", "[::1]:7070");
    check("[::1]", "[::1]:7070");
    check("[::1]:81", "[::1]:81");
    check("fe80::1%eth0", "[fe80::1%eth0]:7070");
}

#[test]
fn what_is_no_address_is_said() {
    for word in ["node:0", "node:x", "node:99999", ":7070", "[::1", "a:b:c"] {
        let said = places(&format!("midair --insecure {word}")).unwrap_err();
        assert!(said.contains("is no address; write HOST"), "{word}: {said}");
    }
}

#[test]
fn the_name_of_a_socket_that_is_there_is_a_path() {
    let folder = std::env::temp_dir().join(format!("midair-cli-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(folder.join("ag.sock")).unwrap();
    std::fs::write(folder.join("a-file"), "").unwrap();
    assert_eq!(place("ag.sock", &folder).unwrap(), Place::Socket("ag.sock".into()));
    assert_eq!(place("a-file", &folder).unwrap(), tcp("a-file:7070"), "a file that is no socket may be a host's name");
    drop(socket);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(place("ag.sock", &folder).unwrap(), tcp("ag.sock:7070"));
}

#[test]
fn a_path_is_a_socket_and_needs_no_flag() {
    let socket = Place::Socket("/run/midair/agent.sock".into());
    assert_eq!(places("midair /run/midair/agent.sock unix:/run/midair/agent.sock"), Ok(vec![socket]));
}

#[test]
fn tcp_needs_certificates_or_insecure_spelled_out() {
    let tcp = |line: &str| {
        let cli = cli(line);
        cli.tls.tcp(&cli.places().unwrap(), crate::clock::Clock::system()).map_err(|error| error.to_string())
    };
    let refused = tcp("midair node-7 --tls-ca /no/ca --tls-cert /no/cert --tls-key /no/key").unwrap_err();
    assert!(refused.contains("/no/ca"), "{refused}");
    assert!(matches!(tcp("midair --insecure node-7"), Ok(Tcp::Insecure)));
}

#[test]
fn reserved_words_are_hosts_only_after_two_dashes() {
    assert!(matches!(cli("midair hub --listen 127.0.0.1:0 a").command, Some(Command::Hub(_))));
    assert_eq!(places("midair --insecure -- hub"), Ok(vec![tcp("hub:7070")]));
    assert!(matches!(cli("midair demo --nodes 8 --scenario mailbox").command, Some(Command::Demo(_))));
    assert_eq!(places("midair --insecure -- demo"), Ok(vec![tcp("demo:7070")]));
    assert_eq!(places("midair --insecure a -- demo"), Ok(vec![tcp("a:7070"), tcp("demo:7070")]));
}

#[test]
fn without_hosts_it_is_this_host() {
    assert_eq!(places("midair"), Ok(vec![]));
}

#[test]
fn intervals_are_times_within_the_contract() {
    let check = |text: &str, ms: u32| assert_eq!(cli(&format!("midair --interval {text}")).interval_ms(), ms);
    check("250ms", 250);
    check("2s", 2_000);
    check("2", 2_000);
    check("1m", 60_000);
    check("500", 500);
    for wrong in ["249ms", "61s", "1h", "s", "", "99999999999999999999s", "18446744073709551615m"] {
        assert!(Cli::try_parse_from(["midair", "--interval", wrong]).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_place_to_go_names_a_node() {
    assert_eq!(cli("midair --go vm/os/1").go.as_deref(), Some("vm/os/1"));
    for wrong in ["/", "", "/os/1"] {
        assert!(Cli::try_parse_from(["midair", "--go", wrong]).is_err(), "{wrong:?}");
    }
}
