use super::*;

fn name(name: &str, n: u64, cpu_us: u64) -> ShortLivedName {
    ShortLivedName { name: name.into(), parent: Some("cron".into()), n: Some(n), cpu_us: Some(cpu_us) }
}

fn all(n: u64, by_name: Vec<ShortLivedName>) -> ShortLived {
    ShortLived { n: Some(n), cpu_us: Some(n * 1_000), cost_us: None, by_name }
}

fn rates(before: &ShortLived, now: &ShortLived) -> Vec<(String, Option<f64>, Option<f64>)> {
    let vitals = ShortLivedVitals::derive(Some((before, 0)), Some((now, 2_000_000)));
    vitals.by_name.iter().map(|one| (one.name.to_string(), one.rate, one.cpu)).collect()
}

#[test]
fn rates_come_from_two_readings_and_the_most_frequent_is_first() {
    let before = all(100, vec![name("sh", 60, 1_000_000), name("grep", 40, 0)]);
    let now = all(700, vec![name("sh", 160, 1_800_000), name("grep", 540, 100_000)]);
    let found = rates(&before, &now);
    assert_eq!(found, [("grep".into(), Some(250.0), Some(0.05)), ("sh".into(), Some(50.0), Some(0.4))]);
    let vitals = ShortLivedVitals::derive(Some((&before, 0)), Some((&now, 2_000_000)));
    assert_eq!((vitals.rate, vitals.cpu), (Some(300.0), Some(0.3)));
}

#[test]
fn who_is_new_in_a_list_with_room_began_at_nothing_and_in_a_full_one_is_not_known_yet() {
    let now = all(10, vec![name("new", 10, 0)]);
    assert_eq!(rates(&all(0, vec![]), &now), [("new".into(), Some(5.0), Some(0.0))]);
    let full = (0..SHORT_LIVED_MOST).map(|n| name(&format!("old{n}"), 1, 0)).collect();
    assert_eq!(rates(&all(0, full), &now), [("new".into(), None, None)]);
}

#[test]
fn what_began_anew_has_no_rate_and_the_same_name_of_another_parent_is_another() {
    let of_make = ShortLivedName { parent: Some("make".into()), ..name("sh", 8, 0) };
    let found = rates(&all(0, vec![name("sh", 50, 0)]), &all(9, vec![name("sh", 4, 0), of_make]));
    assert_eq!(found, [("sh".into(), Some(4.0), Some(0.0)), ("sh".into(), None, Some(0.0))]);
}

#[test]
fn where_they_were_not_counted_nothing_is_known() {
    let now = all(1, vec![name("sh", 1, 1)]);
    assert_eq!(ShortLivedVitals::derive(None, Some((&now, 1))), ShortLivedVitals::default());
    assert_eq!(ShortLivedVitals::derive(Some((&now, 1)), None), ShortLivedVitals::default());
}
