use aya::sys::SyscallError;

use super::*;

#[test]
fn who_may_not_load_is_told_what_to_do() {
    let io_error = io::Error::from_raw_os_error(Errno::PERM.raw_os_error());
    let error = ProgramError::SyscallError(SyscallError { call: "BPF_PROG_LOAD", io_error });
    let why = Why::of_program("tasks", &error).to_string();
    assert!(why.contains("midair-agent setup") && why.contains("CAP_BPF"), "{why}");
}

#[test]
fn what_the_verifier_refuses_is_not_said_to_be_forbidden() {
    let error = ProgramError::IOError(io::Error::from_raw_os_error(Errno::ACCESS.raw_os_error()));
    let why = Why::of_program("tasks", &error).to_string();
    assert!(why.contains("does not take the iterator tasks") && !why.contains("CAP_BPF"), "{why}");
}
