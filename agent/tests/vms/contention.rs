//! Users of one table fill the schedulers: in which functions they are is seen without anybody asking.

use std::process::Command;

use crate::{
    agent::Watched,
    vm::{Vm, alone},
};

#[tokio::test]
async fn the_functions_of_active_processes_are_seen_while_schedulers_are_busy_and_only_then() {
    let _alone = alone().await;
    let code = tempfile::tempdir().unwrap();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../beam/tests/watch/users.erl");
    let status = Command::new("erlc").arg("-o").arg(code.path()).arg(source).status();
    assert!(status.expect("erlc is there: install erlang-base").success());
    let args = ["-setcookie", "secret", "-pa", code.path().to_str().unwrap()];
    // First it rests, until it is told.
    let wait = "spawn(fun() -> register(starter, self()), receive go -> users:of_one_table(16) end end),";
    let vm = Vm::start_with("shared", wait, &args, &[]);
    let mut watched = Watched::start(&[]).await;
    watched.until("three passes", |w| (w.vm(&vm.name)?.sweep.as_ref()?.n_passes? >= 3).then_some(())).await;
    assert_eq!(watched.vm(&vm.name).unwrap().active_functions, None, "nothing is asked of a VM at rest");
    let go = vec![midair_beam::Term::atom("starter"), midair_beam::Term::atom("go")];
    crate::vm::call(&vm.connect().await, "erlang", "send", go).await;
    let seen = watched.until("functions", |w| w.vm(&vm.name)?.active_functions.clone()).await;
    let n_in = |module: &str| -> u32 {
        let those = seen.function.iter().filter(|one| one.function.as_ref().unwrap().starts_with(module));
        those.map(|one| one.n.unwrap()).sum()
    };
    assert!(seen.n_looked >= Some(15), "{seen:?}");
    assert!(n_in("ets:") + n_in("users:") >= 15, "{seen:?}");
}
