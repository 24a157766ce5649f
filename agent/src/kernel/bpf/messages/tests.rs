use super::*;

#[test]
fn a_target_passes_through_the_command_line_of_the_loader() {
    let target = Target { pid: 7, is_in_first_namespace: true, namespace_device: 4, namespace_inode: FIRST_NAMESPACE };
    assert_eq!(Target::of_words(target.words()), target);
}

#[test]
fn a_process_that_is_gone_is_named() {
    let why = Target::find(u32::MAX).expect_err("no process has this number").to_string();
    assert!(why.contains("process 4294967295"), "{why}");
}

#[test]
fn this_process_is_found_by_its_number_in_its_own_namespace() {
    let target = Target::find(std::process::id()).expect("it runs");
    assert_eq!(target.pid, u64::from(std::process::id()));
}

#[test]
fn what_was_not_loaded_is_not_counted() {
    let fd = || std::fs::File::open("/dev/null").expect("it opens").into();
    let loaded = Loaded(vec![("udp_sendmsg".into(), fd()), ("unix_dgram_recvmsg".into(), fd())]);
    let has = Has::of(&loaded);
    assert!(has.udp_out && has.unix_in && !has.udp_in && !has.unix_out, "{has:?}");
}
