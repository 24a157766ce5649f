use super::*;
use midair_vitals::Order;

#[test]
fn commands_are_understood() {
    assert_eq!(parse("q"), Ok(Some(Command::Quit)));
    assert_eq!(parse("  sort   delay "), Ok(Some(Command::Sort(Sort::By(Order::Delay)))));
    assert_eq!(parse("sort RSS"), Ok(Some(Command::Sort(Sort::By(Order::Mem)))));
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
fn a_budget_is_a_share_of_a_core_and_a_time() {
    let budget = |milli, seconds| Ok(Some(Command::Budget { milli, seconds }));
    assert_eq!(parse("budget 5% 10m"), budget(Some(50), 600));
    assert_eq!(parse("budget 0.5 90s"), budget(Some(5), 90));
    assert_eq!(parse("budget 100%"), budget(Some(1_000), 600));
    assert_eq!(parse("budget 1% 1h"), budget(Some(10), 3_600));
    assert_eq!(parse("budget off"), budget(None, 0));
}

#[test]
fn a_budget_that_no_agent_takes_is_refused_in_words() {
    for text in ["budget 0.01%", "budget 101%", "budget -5%"] {
        assert!(parse(text).unwrap_err().contains("0.1% to 100%"), "{text}");
    }
    for text in ["budget 5% 0s", "budget 5% 2h", "budget 5% 61m"] {
        assert!(parse(text).unwrap_err().contains("1s to 1h"), "{text}");
    }
    assert!(parse("budget 5% soon").unwrap_err().contains("90s, 10m or 1h"));
    for text in ["budget", "budget much", "budget 5% 10m more", "budget NaN", "budget off 10m"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_table_is_shown_by_its_name() {
    assert_eq!(parse("view cgroups"), Ok(Some(Command::Show(Panel::Cgroups))));
    assert_eq!(parse("view cgruops"), Err("no table cgruops; did you mean cgroups?".to_owned()));
}
