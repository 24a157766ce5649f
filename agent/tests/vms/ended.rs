//! A VM that has ended is told with its reason, to who watched and to who comes later, and its next life is another one.

use midair_beam::{Mfa, Term};
use midair_proto::v1::Health;

use crate::{
    agent::Watched,
    vm::{LONG, Vm, alone},
};

#[tokio::test]
async fn a_vm_that_was_killed_is_in_the_key_of_whoever_comes_later() {
    let _alone = alone().await;
    let vm = Vm::start("lost", "");
    let name = vm.name.clone();
    let mut watched = Watched::start(&[]).await;
    watched.until("a whole answer", |w| w.vm(&name)?.sweep.as_ref()?.ended_us).await;
    let first = watched.vm(&name).unwrap().clone();
    drop(vm);
    let said = watched.until("its end", |w| w.vm(&name).filter(|vm| vm.ended_us.is_some()).cloned()).await;
    assert!(said.ended_why.as_ref().unwrap().contains("killed"), "{said:?}");
    assert_eq!((said.runtime, said.creation, said.process), (first.runtime, first.creation, first.process));
    assert!(said.memory.is_some() && said.sweep.is_some(), "what it said last stays: {said:?}");
    assert!(watched.runtime(&name).is_none(), "it is no runtime any more");
    // Somebody attaches after the end, and another life of it begins.
    let mut later = watched.another().await;
    let told = later.until("its end", |w| w.vm(&name).filter(|vm| vm.ended_us.is_some()).cloned()).await;
    assert_eq!((told.ended_us, told.ended_why), (said.ended_us, said.ended_why));
    let again = Vm::start("lost", "");
    let second = later
        .until("the second life", |w| {
            let runtime = w.runtime(&name)?;
            (runtime.health == Some(Health::Ok.into())).then_some(runtime.id)
        })
        .await;
    assert_ne!(second, first.runtime);
    let is_both = |w: &Watched| {
        let lives = w.vms.values().filter(|vm| vm.name.as_deref() == Some(&name));
        let n_ended = lives.clone().filter(|vm| vm.ended_us.is_some()).count();
        (lives.count() == 2 && n_ended == 1).then_some(())
    };
    later.until("both lives", is_both).await;
    drop(again);
}

#[tokio::test]
async fn a_crash_dump_and_its_slogan_are_told() {
    let _alone = alone().await;
    let dump = tempfile::tempdir().unwrap();
    let path = dump.path().join("crash.dump");
    let set = format!("ERL_CRASH_DUMP={}", path.display());
    let below = ["env", set.as_str(), "ERL_CRASH_DUMP_SECONDS=10"];
    let vm = Vm::start_with("crashes", "", &["-setcookie", "secret"], &below);
    let name = vm.name.clone();
    let mut watched = Watched::start(&[]).await;
    watched.until("an answer", |w| w.vm(&name)?.answered_us).await;
    let connection = vm.connect().await;
    let slogan = Term::List("out of luck".bytes().map(|byte| i64::from(byte).into()).collect());
    // It does not answer that.
    drop(connection.call(Mfa::new("erlang", "halt"), vec![slogan], LONG).await);
    let said = watched
        .until("its end and why", |w| {
            let vm = w.vm(&name)?;
            vm.ended_us?;
            vm.ended_why.as_ref().filter(|why| why.contains("out of luck"))?;
            Some(vm.clone())
        })
        .await;
    let found = said.crash_dump.unwrap();
    assert_eq!(found.path.as_deref(), path.to_str());
    assert_eq!(found.bytes, Some(std::fs::metadata(&path).unwrap().len()));
}

/// VMs that were started in one folder write to one file.
#[tokio::test]
async fn the_crash_dump_of_one_is_not_that_of_another_with_the_same_folder() {
    let _alone = alone().await;
    let dump = tempfile::tempdir().unwrap();
    let set = format!("ERL_CRASH_DUMP={}", dump.path().join("crash.dump").display());
    let below = ["env", set.as_str(), "ERL_CRASH_DUMP_SECONDS=10"];
    let args = ["-setcookie", "secret"];
    let (crashes, halts) = (Vm::start_with("one", "", &args, &below), Vm::start_with("other", "", &args, &below));
    let mut watched = Watched::start(&[]).await;
    for vm in [&crashes, &halts] {
        watched.until("an answer", |w| w.vm(&vm.name)?.answered_us).await;
    }
    let slogan = Term::List("out of luck".bytes().map(|byte| i64::from(byte).into()).collect());
    let connection = crashes.connect().await;
    let other = halts.connect().await;
    // Neither answers that.
    drop(connection.call(Mfa::new("erlang", "halt"), vec![slogan], LONG).await);
    drop(other.call(Mfa::new("erlang", "halt"), vec![], LONG).await);
    let why = |w: &Watched, name: &str| w.vm(name)?.ended_why.clone();
    watched.until("its slogan", |w| why(w, &crashes.name).filter(|why| why.contains("dump: out of luck"))).await;
    let said = watched.until("the other's end", |w| why(w, &halts.name)).await;
    assert!(said.contains("halted; no crash dump") || said.contains("then ended; no crash dump"), "{said}");
    assert!(watched.vm(&halts.name).unwrap().crash_dump.is_none());
}
