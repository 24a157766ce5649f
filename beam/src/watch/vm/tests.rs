use super::*;

#[test]
fn a_start_is_told_by_the_wall_clock_in_any_unit() {
    let told = |started: i64, offset: i64, unit: i64| {
        started_us(Some(&started.into()), Some(&offset.into()), Some(&unit.into()))
    };
    assert_eq!(told(-5_000_000_000, 12_000_000_000, 1_000_000_000), Some(7_000_000));
    assert_eq!(told(1, 6, 1), Some(7_000_000));
    assert_eq!(told(1, 6, 0), None);
    assert_eq!(told(i64::MAX, i64::MAX, 1), None);
    assert_eq!(started_us(Some(&Term::atom("undefined")), Some(&1.into()), Some(&1.into())), None);
}

#[test]
fn a_tick_time_that_is_just_changed_is_known() {
    assert_eq!(seconds(&60.into()), Some(60));
    assert_eq!(seconds(&Term::tuple([Term::atom("ongoing_change_to"), 8.into()])), Some(8));
    assert_eq!(seconds(&Term::atom("ignored")), None);
}
