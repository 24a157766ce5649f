use super::*;

fn check(cases: &[(String, &str)]) {
    for (got, wanted) in cases {
        assert_eq!(got, wanted);
    }
}

#[test]
fn numbers_have_three_digits() {
    let n = |v: f64| number(Some(v));
    check(&[
        (n(0.0), "0"),
        (n(0.25), "0.25"),
        (n(7.0), "7"),
        (n(12.34), "12.3"),
        (n(999.4), "999"),
        (n(999.6), "1.00k"),
        (n(1_234.0), "1.23k"),
        (n(45_600_000.0), "45.6M"),
        (n(1e18), "1000P"),
        (number(None), "-"),
        (n(f64::NAN), "-"),
        (count(Some(999)), "999"),
        (count(Some(1_200_000)), "1.20M"),
        (exact(0), "0"),
        (exact(1_204), "1,204"),
        (exact(1_020_000), "1,020,000"),
    ]);
}

#[test]
fn bytes_count_in_1024() {
    let b = |v: f64| bytes(Some(v));
    check(&[
        (b(812.0), "812"),
        (b(1023.0), "1.00K"),
        (b(1536.0), "1.50K"),
        (b(38.2 * 1024.0 * 1024.0 * 1024.0), "38.2G"),
        (bytes(None), "-"),
        (depth(Some(5000), Unit::Bytes), "4.88KB"),
        (depth(Some(64), Unit::Connections), "64 conn"),
        (amount_with_unit(Some(0.5), Unit::Messages), "0.50 msg"),
        (amount_with_unit(None, Unit::Bytes), "-"),
        (depth(None, Unit::Messages), "-"),
    ]);
}

#[test]
fn shares_and_delays() {
    check(&[
        (percent(Some(0.0)), "0"),
        (percent(Some(0.0001)), "0.0"),
        (percent(Some(0.003)), "0.3"),
        (percent(Some(0.1234)), "12.3"),
        (percent(Some(6.4)), "640"),
        (percent_sign(None), "- %"),
        (delay(Some(0.0)), "0"),
        (delay(Some(0.000_085)), "85.0us"),
        (delay(Some(0.0021)), "2.10ms"),
        (delay(Some(0.34)), "340ms"),
        (delay(Some(1.2)), "1.20s"),
        (delay(None), "-"),
    ]);
}

#[test]
fn growth_carries_its_sign() {
    check(&[
        (growth(Some(8_100.0)), "+8.10k"),
        (growth(Some(-120.0)), "-120"),
        (growth(Some(0.001)), "0"),
        (growth(None), "-"),
        (bytes_growth(Some(1_572_864.0)), "+1.50M"),
    ]);
}

#[test]
fn times() {
    check(&[
        (age(Some(85_000)), "85ms"),
        (age(Some(41_000_000)), "41s"),
        (age(Some(180_000_000)), "3min"),
        (age(Some(41 * DAY_US)), "41d"),
        (age(None), "-"),
        (duration(120_000_000), "2 min"),
        (duration(60_000_000), "1 min"),
        (duration(61_000_000), "61 s"),
        (duration(119_000_000), "119 s"),
        (duration(179_000_000), "3 min"),
        (duration(1_900_000), "1 s"),
        (duration(40_000), "40 ms"),
        (clock(Stamp(0)), "00:00:00"),
        (clock(Stamp(1_700_000_007_000_000)), "22:13:27"),
        (estimate("610".to_owned()), "~610"),
        (estimate(UNKNOWN.to_owned()), "-"),
    ]);
}

#[test]
fn lengths_of_time_are_told_as_closely_as_they_matter() {
    check(&[
        (span(0), "0 s"),
        (span(40_000), "40 ms"),
        (span(92_400_000), "92 s"),
        (span(119_000_000), "119 s"),
        (span(119_600_000), "2 min"),
        (span(320_000_000), "5 min 20 s"),
        (span(3_600_000_000), "60 min"),
        (span(11_520_000_000), "3 h 12 min"),
        (span(11_579_000_000), "3 h 13 min"),
        (span(180_000_000_000), "2 d 2 h"),
    ]);
}
