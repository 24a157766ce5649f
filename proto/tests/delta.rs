//! Deltas speak of every field of their message, and lead from one state to the other.

use midair_proto::{delta::Delta, v1};
use prost_types::FileDescriptorSet;

fn fields_of(message: &str) -> Vec<(u32, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: FileDescriptorSet = protox::compile([root.join("midair/v1/sample.proto")], [root]).expect("it parses");
    let found = files.file.iter().flat_map(|f| &f.message_type).find(|m| m.name() == message).expect("it exists");
    found.field.iter().map(|f| (f.number() as u32, f.name().to_owned())).collect()
}

fn covers<D: Delta>(message: &str, apart: &[&str]) {
    let listed: Vec<_> = D::FIELDS.iter().map(|(number, name)| (*number, (*name).to_owned())).collect();
    let wanted: Vec<_> = fields_of(message).into_iter().filter(|(_, name)| !apart.contains(&name.as_str())).collect();
    assert_eq!(listed, wanted, "{message}");
}

#[test]
fn every_field_takes_part() {
    covers::<v1::Task>("Task", &["id", "unknown", "previous"]);
    covers::<v1::Node>("Node", &["unknown"]);
    covers::<v1::Vm>("Vm", &["runtime", "unknown"]);
}

#[test]
fn zero_unchanged_and_unknown_are_three_things() {
    let before = v1::Task { cpu_us: Some(7), swap_bytes: Some(4096), n_runs: Some(3), ..Default::default() };
    let after = v1::Task { cpu_us: Some(0), swap_bytes: None, n_runs: Some(3), ..Default::default() };
    let delta = after.since(&before).expect("two fields changed");
    assert_eq!(delta.cpu_us, Some(0), "zero travels");
    assert_eq!(delta.unknown, [18], "unknown is listed by number");
    assert_eq!(delta.n_runs, None, "what did not change does not travel");
    let mut rebuilt = before;
    rebuilt.apply(delta);
    assert_eq!(rebuilt, after);
}

#[test]
fn nothing_changed_is_no_delta() {
    let node = v1::Node { user_us: Some(1), ..Default::default() };
    assert_eq!(node.since(&node), None);
}

#[test]
fn a_field_number_from_the_future_is_passed_over() {
    let mut task = v1::Task { cpu_us: Some(7), ..Default::default() };
    task.apply(v1::Task { unknown: vec![999], ..Default::default() });
    assert_eq!(task.cpu_us, Some(7));
}
