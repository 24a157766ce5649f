use super::*;

#[test]
fn no_process_has_more_agents_than_its_files_allow() {
    assert_eq!([1_024, 20_000, u64::MAX, 60].map(n_agents), [240, N_AGENTS, N_AGENTS, 0]);
}

#[test]
fn a_process_that_ends_by_itself_is_told_of() {
    let start = |program: &str| Process::start(Path::new(program), &[], 0..1).expect("it is there");
    let mut fleet = Fleet { parts: vec![start("cat")], n_nodes: 1, port: 1 };
    assert!(fleet.all_run().is_ok());
    let mut ended = start("false");
    ended.child.wait().expect("it ends");
    fleet.parts.push(ended);
    let words = fleet.all_run().expect_err("one has ended").to_string();
    assert!(words.contains("has ended by itself"), "{words}");
}
