//! What is new since an agent's life before: that it ended, how, and under which labels it runs now.

use std::collections::BTreeMap;

use midair_proto::v1::Description;
use midair_recording::Before;

use super::Note;

/// The notes of a start at a wall time, microseconds.
pub fn of_life(before: &Before, now: &Description, wall_us: u64) -> Vec<Note> {
    let mut notes = vec![Note { text: start(before, now, wall_us), focus: None, wall_us }];
    let then = before.description.as_ref();
    notes.extend(then.and_then(|then| labels(then, now)).map(|text| Note { text, focus: None, wall_us }));
    notes
}

fn start(before: &Before, now: &Description, wall_us: u64) -> String {
    let seconds = wall_us.saturating_sub(before.last_wall_us) / 1_000_000;
    let gap = match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    };
    let boot = |of: &Description| of.boot_id.clone().filter(|boot| !boot.is_empty());
    let booted = before.description.as_ref().and_then(boot).zip(boot(now)).is_some_and(|(then, now)| then != now);
    match (booted, before.ended_well) {
        (true, _) => format!("host started again; nothing was measured for {gap}"),
        (false, true) => format!("agent started again; nothing was measured for {gap}"),
        (false, false) => format!("agent started again after it was killed or crashed; nothing was measured for {gap}"),
    }
}

/// Which labels have changed, in words.
fn labels(then: &Description, now: &Description) -> Option<String> {
    let map = |of: &Description| -> BTreeMap<String, String> {
        of.labels.iter().filter_map(|label| Some((label.key.clone()?, label.value.clone()?))).collect()
    };
    let (then, now) = (map(then), map(now));
    let mut words = Vec::new();
    for (key, value) in &now {
        match then.get(key) {
            Some(before) if before == value => {}
            Some(before) => words.push(format!("{key}={before} -> {value}")),
            None => words.push(format!("{key}={value} is new")),
        }
    }
    words.extend(
        then.iter().filter(|(key, _)| !now.contains_key(*key)).map(|(key, value)| format!("{key}={value} is gone")),
    );
    (!words.is_empty()).then(|| format!("labels: {}", words.join(", ")))
}

#[cfg(test)]
mod tests;
