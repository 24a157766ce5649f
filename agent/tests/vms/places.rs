//! Where VMs are found: in containers' networks, and with the cookie file of their owner.

use std::fs;

use midair_proto::v1::Health;

use crate::{
    agent::Watched,
    vm::{Vm, alone},
};

#[tokio::test]
async fn a_vm_in_a_network_of_its_own_is_reached_there() {
    let _alone = alone().await;
    let below = ["unshare", "-n", "sh", "-c", "ip link set lo up; exec \"$@\"", "erl"];
    let vm = Vm::start_with("boxed", "", &["-setcookie", "secret"], &below);
    let own = fs::read_link("/proc/self/ns/net").unwrap();
    assert_ne!(fs::read_link(format!("/proc/{}/ns/net", vm.pid())).unwrap(), own, "it is elsewhere: run as root");
    let mut watched = Watched::start(&[]).await;
    watched.until("an answer", |w| (w.runtime(&vm.name)?.health == Some(Health::Ok.into())).then_some(())).await;
    assert_eq!(watched.vm(&vm.name).unwrap().found_by.as_deref(), Some("its listening socket"));
}

#[tokio::test]
async fn the_cookie_file_of_its_owner_lets_in() {
    let _alone = alone().await;
    // erl makes the file itself where it finds none, with a cookie that nobody has seen.
    let vm = Vm::start_with("owned", "", &[], &[]);
    assert!(vm.home().join(".erlang.cookie").exists());
    let mut watched = Watched::start(&[]).await;
    watched.until("an answer", |w| (w.runtime(&vm.name)?.health == Some(Health::Ok.into())).then_some(())).await;
}
