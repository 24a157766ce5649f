//! The source as a user without rights: right numbers where the kernel lets one, unknown with a remedy elsewhere.

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    process::Command,
};

use midair_vitals::QueueKind;
use rustix::process::geteuid;

use super::*;

/// `nobody` on Debian and its kin; which number it is matters little.
const NOBODY: u32 = 65534;

/// Set where this test runs itself again as another user.
const AGAIN: &str = "MIDAIR_TEST_AS_NOBODY";

#[test]
fn another_user_sees_what_the_kernel_lets_it_and_is_told_the_rest() {
    if std::env::var_os(AGAIN).is_some() {
        return as_nobody();
    }
    if !geteuid().is_root() {
        eprintln!("skipped: only root can become nobody");
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    client.write_all(&[7; 4321]).unwrap();
    // A copy, for the folder in which this program was built may be closed to others.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("nobody");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut again = Command::new(program);
    again
        .args(["--exact", "kernel::tests::nobody::another_user_sees_what_the_kernel_lets_it_and_is_told_the_rest"])
        .args(["--nocapture", "--test-threads=1"])
        .env(AGAIN, "1")
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY);
    // A test beside this one may have forked while the copy was open for writing: until its child has become another
    // program, the copy is busy.
    let output = loop {
        match again.output() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            output => break output.unwrap(),
        }
    };
    drop(server);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// As another user, beside a process of the first with 4,321 unread bytes.
fn as_nobody() {
    let mut kernel = kernel();
    let reading = read(&mut kernel, &Wants::default());
    let init = reading.tasks.iter().find(|row| row.id.number == 1).expect("the first process is listed");
    assert!(init.cpu_us.unwrap() > 0 && init.run_delay_us.is_some() && init.rss_bytes.is_some());
    assert_eq!((init.user.as_deref(), &init.queues, init.n_queues, &init.flows), (Some("root"), &None, None, &None));
    assert_eq!(own_row(&reading).queues.as_deref(), Some(&[][..]), "of its own it is known that there are none");
    // Tests beside this one close sockets, and so may hide one from a look.
    let mut looks = (0..50).map(|_| read(&mut kernel, &Wants::default()).orphans);
    let found = looks.find_map(|orphans| orphans.into_iter().find(|queue| queue.depth == Some(4321)));
    let orphan = found.expect("the bytes are seen");
    assert_eq!((orphan.kind, orphan.label.is_some()), (QueueKind::TcpReceive, true));
    let state = reading.sources.iter().find(|state| state.name == "sockets").unwrap();
    let Health::Degraded(why) = &state.health else { panic!("{state:?}") };
    assert!(why.contains("closed to user") && why.contains("CAP_SYS_PTRACE"), "{why}");
}
