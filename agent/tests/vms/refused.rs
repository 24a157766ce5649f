//! Who is not let in says so, does not hammer, and holds its secrets where nobody listens.

use std::{fs, time::Duration};

use midair_proto::v1::Health;

use crate::{
    agent::Watched,
    vm::{Vm, alone},
};

#[tokio::test]
async fn a_wrong_cookie_is_tried_once_and_said() {
    let _alone = alone().await;
    let vm = Vm::start("closed", "");
    let cookie = vm.home().join("wrong");
    fs::write(&cookie, "wr0ng\n").unwrap();
    let mut watched = Watched::start(&["--cookie-file", cookie.to_str().unwrap()]).await;
    let reason = watched
        .until("a refusal", |w| {
            // Its arguments say how it is called.
            let runtime = w.runtime(&vm.name)?;
            assert_eq!(runtime.health, Some(Health::Off.into()));
            runtime.reason.clone().filter(|reason| reason.contains("next try in"))
        })
        .await;
    assert!(reason.contains("cookie"), "{reason}");
    assert!(!reason.contains("wr0ng"), "{reason}");
    tokio::time::sleep(Duration::from_secs(4)).await;
    let said = vm.said.lock().unwrap();
    let n = said.iter().filter(|line| line.contains("Invalid challenge reply")).count();
    assert_eq!(n, 1, "each try is an error in its log: {said:?}");
}

#[tokio::test]
async fn cookies_are_held_by_a_child_that_listens_nowhere() {
    let _alone = alone().await;
    let vm = Vm::start("held", "");
    let mut watched = Watched::start(&[]).await;
    watched.until("an answer", |w| w.vm(&vm.name)?.answered_us).await;
    // Which of its threads started it is no matter.
    let threads = fs::read_dir(format!("/proc/{}/task", watched.pid())).unwrap().flatten();
    let children: String =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok()).collect();
    let child = children
        .split_whitespace()
        .find(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == "midair-beam"));
    let child = child.unwrap_or_else(|| panic!("no child watches VMs: {children}"));
    let listening: Vec<String> = ["tcp", "tcp6", "unix"]
        .iter()
        .flat_map(|file| {
            fs::read_to_string(format!("/proc/net/{file}"))
                .unwrap_or_default()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        // State 0A of TCP; flag 00010000 of unix sockets (__SO_ACCEPTCON).
        .filter(|line| line.contains(" 0A ") || line.contains(" 00010000 "))
        .collect();
    for fd in fs::read_dir(format!("/proc/{child}/fd")).unwrap().flatten() {
        let Ok(link) = fs::read_link(fd.path()) else { continue };
        let Some(inode) = link.to_str().and_then(|link| link.strip_prefix("socket:[")?.strip_suffix(']')) else {
            continue;
        };
        let of_it = listening.iter().find(|line| line.split_whitespace().any(|word| word == inode));
        assert_eq!(of_it, None, "the child listens");
    }
    let parent = fs::read(format!("/proc/{}/cmdline", watched.pid())).unwrap();
    assert!(!String::from_utf8_lossy(&parent).contains("secret"));
}

#[tokio::test]
async fn a_vm_without_distribution_is_shown_from_outside_and_says_why() {
    let _alone = alone().await;
    let mut plain = std::process::Command::new("erl")
        .args(["-noinput", "-eval", "timer:sleep(60000), halt()."])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut watched = Watched::start(&[]).await;
    let pid = format!("pid {}", plain.id());
    let reason = watched.until("why", |w| w.runtime(&pid)?.reason.clone().filter(|why| why.contains("-sname"))).await;
    assert!(reason.contains("not distributed"), "{reason}");
    let threads = watched.until("its threads", |w| {
        let vm = w.vms.values().find(|vm| vm.process.and_then(|id| id.number) == Some(plain.id().into()))?;
        Some(vm.schedulers.as_ref()?.scheduler.len())
    });
    assert!(threads.await > 2);
    plain.kill().unwrap();
    plain.wait().unwrap();
}
