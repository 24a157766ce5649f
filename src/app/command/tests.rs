use super::*;

#[test]
fn commands_are_understood() {
    assert_eq!(parse("q"), Ok(Some(Command::Quit)));
    assert_eq!(parse("  sort   delay "), Ok(Some(Command::Sort(Order::Delay))));
    assert_eq!(parse("sort RSS"), Ok(Some(Command::Sort(Order::Mem))));
    for (text, ms) in [("500", 500), ("500ms", 500), ("2s", 2_000), ("2", 2_000), ("1m", 60_000), ("60000", 60_000)] {
        assert_eq!(parse(&format!("interval {text}")), Ok(Some(Command::Interval(ms))), "{text}");
    }
    assert_eq!(parse(""), Ok(None));
}

#[test]
fn a_slip_is_met_with_the_nearest_word() {
    assert_eq!(parse("srot cpu"), Err("no command srot; did you mean sort?".to_owned()));
    assert_eq!(parse("sort cpi"), Err("no order cpi; did you mean cpu?".to_owned()));
    assert!(parse("xyzzy").unwrap_err().contains("there are quit, sort"));
    assert!(parse("sort").unwrap_err().contains("severity, cpu"));
    assert!(parse("go").is_err());
}

#[test]
fn intervals_outside_what_agents_serve_are_refused_in_words() {
    for text in ["0", "61", "249", "249ms", "60001", "1h", "18446744073709551615m"] {
        assert!(parse(&format!("interval {text}")).unwrap_err().contains("250ms to 60s"), "{text}");
    }
    for text in ["-1", "soon", "", "99999999999999999999s"] {
        assert!(parse(&format!("interval {text}")).unwrap_err().contains("500ms, 2s or 1m"), "{text}");
    }
}

#[test]
fn every_order_has_a_word() {
    for (word, order) in ORDERS {
        assert_eq!((order_word(order), super::order(word)), (word, Ok(order)));
    }
}
