use super::*;

fn parse(args: &[&str]) -> Result<Config, String> {
    let cli = Cli::try_parse_from(["midair-agent"].iter().chain(args)).map_err(|e| e.to_string())?;
    cli.config().map_err(|e| e.to_string())
}

#[test]
fn intervals_are_bounded_and_have_units() {
    assert_eq!(parse(&["--interval", "250ms"]).unwrap().interval, Duration::from_millis(250));
    assert_eq!(parse(&["--interval", "60"]).unwrap().interval, Duration::from_secs(60));
    for wrong in ["249ms", "61s", "-1s", "soon", "NaN", "inf"] {
        let interval = format!("--interval={wrong}");
        assert!(parse(&[&interval]).is_err(), "{wrong}");
    }
}

#[test]
fn tcp_needs_insecurity_spelled_out() {
    let refused = parse(&["--listen", "127.0.0.1:0"]).unwrap_err();
    assert!(refused.contains("--insecure"), "{refused}");
    assert!(parse(&["--listen", "127.0.0.1:0", "--insecure"]).is_ok());
}

#[test]
fn labels_have_keys_and_values() {
    let config = parse(&["--label", "role=chat", "--label", "dc=a=b"]).unwrap();
    assert_eq!(config.labels, [("role".into(), "chat".into()), ("dc".into(), "a=b".into())]);
    assert!(parse(&["--label", "role"]).unwrap_err().contains("KEY=VALUE"));
}

#[test]
fn unknown_flags_are_errors() {
    assert!(parse(&["--frobnicate"]).is_err());
}
