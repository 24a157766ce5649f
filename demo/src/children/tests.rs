use super::*;

#[test]
fn no_process_has_more_agents_than_its_files_allow() {
    assert_eq!([1_024, 20_000, u64::MAX, 60].map(n_agents), [240, N_AGENTS, N_AGENTS, 0]);
}
