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
fn labels_may_stand_together() {
    let config = parse(&["--label", "role=chat,dc=a", "--label", "rack=7"]).unwrap();
    assert_eq!(config.labels, [("role", "chat"), ("dc", "a"), ("rack", "7")].map(|(k, v)| (k.into(), v.into())));
    assert!(parse(&["--label", "role=chat,rack"]).unwrap_err().contains("KEY=VALUE"));
}

#[test]
fn a_budget_is_a_part_of_a_core_or_off() {
    let budget = |text: &str| parse(&["--budget", text]).map(|config| config.budget_milli);
    assert_eq!(parse(&[]).unwrap().budget_milli, Some(10));
    assert_eq!(budget("1%"), Ok(Some(10)));
    assert_eq!(budget("0.5%"), Ok(Some(5)));
    assert_eq!(budget("100"), Ok(Some(1_000)));
    assert_eq!(budget("off"), Ok(None));
    for wrong in ["0%", "0.01%", "101%", "-1%", "much", "NaN", "inf", ""] {
        let refused = parse(&[&format!("--budget={wrong}")]).unwrap_err();
        assert!(refused.contains("0.1% to 100%") || refused.contains("a value is required"), "{wrong}: {refused}");
    }
}

#[test]
fn an_agent_by_itself_pays_for_its_whole_process_and_an_embedded_one_does_not() {
    assert_eq!((parse(&[]).unwrap().payer, Config::default().payer), (Payer::Process, Payer::Threads));
}

#[test]
fn unknown_flags_are_errors() {
    assert!(parse(&["--frobnicate"]).is_err());
}

#[test]
fn a_black_box_has_a_place_a_size_and_an_age() {
    let black_box = |args: &[&str]| parse(args).map(|config| config.black_box);
    assert!(matches!(black_box(&[]).unwrap().place, Place::FirstOf(_)));
    assert_eq!(black_box(&["--black-box", "off"]).unwrap().place, Place::Off);
    let told = black_box(&["--black-box", "/x", "--black-box-bytes", "2GiB", "--black-box-age", "7d"]).unwrap();
    assert_eq!(
        told,
        BlackBoxConfig { place: Place::Directory("/x".into()), bytes: 2 << 30, age: Duration::from_secs(604_800) }
    );
    for wrong in ["--black-box-bytes=1023KiB", "--black-box-bytes=5", "--black-box-bytes=99999999999GiB"] {
        assert!(black_box(&[wrong]).unwrap_err().contains("at least 1MiB"), "{wrong}");
    }
    for wrong in ["--black-box-age=59", "--black-box-age=0h", "--black-box-age=-1h", "--black-box-age=400d"] {
        assert!(black_box(&[wrong]).is_err(), "{wrong}");
    }
}
