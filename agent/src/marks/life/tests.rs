use midair_proto::v1::Label;

use super::*;

fn described(boot: &str, labels: &[(&str, &str)]) -> Description {
    let label = |(key, value): &(&str, &str)| Label { key: Some((*key).into()), value: Some((*value).into()) };
    let labels = labels.iter().map(label).collect();
    Description { boot_id: Some(boot.into()), labels, ..Description::default() }
}

fn texts(ended_well: bool, then: Description, now: &Description, gap_s: u64) -> Vec<String> {
    let before = Before { description: Some(then), last_wall_us: 5_000_000, ended_well, ..Before::default() };
    of_life(&before, now, 5_000_000 + gap_s * 1_000_000).into_iter().map(|note| note.text).collect()
}

#[test]
fn how_a_life_ended_is_told() {
    let now = described("b", &[]);
    assert_eq!(texts(true, described("b", &[]), &now, 35), ["agent started again; nothing was measured for 35 s"]);
    let killed = texts(false, described("b", &[]), &now, 600);
    assert_eq!(killed, ["agent started again after it was killed or crashed; nothing was measured for 10 min"]);
    let booted = texts(false, described("a", &[]), &now, 7_300);
    assert_eq!(booted, ["host started again; nothing was measured for 2 h"]);
}

#[test]
fn labels_that_changed_came_or_went_are_named_and_others_are_not() {
    let then = described("b", &[("version", "416"), ("zone", "a"), ("old", "x")]);
    let now = described("b", &[("version", "417"), ("zone", "a"), ("new", "y")]);
    let notes = texts(true, then.clone(), &now, 1);
    assert_eq!(notes[1..], ["labels: new=y is new, version=416 -> 417, old=x is gone"]);
    assert_eq!(texts(true, then.clone(), &then, 1).len(), 1);
}
