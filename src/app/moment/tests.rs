use super::*;

/// 2026-11-23T14:03:27Z.
const NOW: Stamp = Stamp(1_795_442_607 * SECOND_US);

fn seconds(text: &str) -> Option<i64> {
    let at = parse(text, NOW, NOW).ok()?;
    Some((at.0 / SECOND_US) as i64 - (NOW.0 / SECOND_US) as i64)
}

#[test]
fn now_is_what_the_other_way_says() {
    assert_eq!(utc(NOW), "2026-11-23T14:03:27Z");
}

#[test]
fn lengths_of_time_count_back_and_with_a_plus_on() {
    for (text, expected) in [
        ("10m", -600),
        ("10m ago", -600),
        ("-10m", -600),
        ("3h ago", -10_800),
        ("1h30m", -5_400),
        ("2 d", 0),
        ("90s", -90),
        ("+30s", 30),
        (" +1m ", 60),
    ] {
        if text == "2 d" {
            assert_eq!(seconds(text), None, "{text}");
        } else {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }
}

#[test]
fn times_of_day_are_those_of_today_or_yesterday() {
    assert_eq!(seconds("14:03"), Some(-27));
    assert_eq!(seconds("14:03:20"), Some(-7));
    assert_eq!(seconds("14:04"), Some(-86_400 + 33));
    assert_eq!(seconds("2026-11-23 14:03"), Some(-27));
    assert_eq!(seconds("2026-11-22T14:03:27Z"), Some(-86_400));
    assert_eq!(seconds("2026-11-23"), Some(-(14 * 3_600 + 3 * 60 + 27)));
    assert_eq!(parse("2024-02-29", NOW, NOW).map(utc), Ok("2024-02-29T00:00:00Z".to_owned()));
}

#[test]
fn a_moment_of_another_day_is_told_with_its_date() {
    let day_before = parse("14:04", NOW, NOW).unwrap();
    assert_eq!(on_day(day_before, NOW), "2026-11-22 14:04:00");
    assert_eq!(on_day(parse("14:03", NOW, NOW).unwrap(), NOW), "14:03:00");
    for (text, expected) in [("14:04", true), ("14:03", false), ("2026-11-22 14:04", false), ("24h", false)] {
        assert_eq!(is_of_day_before(text, parse(text, NOW, NOW).unwrap(), NOW), expected, "{text}");
    }
}

#[test]
fn what_is_no_moment_is_said_to_be_none() {
    for text in
        ["", "soon", "10", "10 parsecs", "25:00", "14:60", "2026-02-29", "2026-13-01", "1969-12-31", "::", "+", "ago"]
    {
        let why = parse(text, NOW, NOW).unwrap_err();
        assert!(why.contains("no moment"), "{text}: {why}");
    }
    assert!(parse("99999999999999999999s", NOW, NOW).is_err());
    assert_eq!(parse("18446744073709s", NOW, NOW), Ok(Stamp(0)), "further back than the beginning of time");
}

#[test]
fn in_a_recording_lengths_count_from_its_beginning_or_back_from_its_end() {
    let (from, to) = (Stamp(NOW.0 - 3_600 * SECOND_US), NOW);
    let at = |text| within(text, from, to).map(|at| (at.0 - from.0) / SECOND_US);
    assert_eq!(at("10m"), Ok(600));
    assert_eq!(at("+10m"), Ok(600));
    assert_eq!(at("10m ago"), Ok(3_000));
    assert_eq!(at("end"), Ok(3_600));
    assert_eq!(at("14:00"), Ok(3_393));
    assert!(at("2h").unwrap_err().contains("outside"));
    assert!(at("15:00").unwrap_err().contains("outside"));
}
