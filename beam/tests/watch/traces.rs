//! What a VM keeps of having been watched: atoms, which stay for ever, and nothing else.

use std::ops::Range;

use midair_beam::{
    Connection, Term,
    watch::{DistWatch, EventOptions, EventWatch, NodeWatch, PortWatch, Vm, allocation, sockets, tables},
};

use crate::node::{LONG, Node, call, eval, names, until};

/// All that is asked of a VM at this level, twice where it is asked again and again.
async fn look(connection: &Connection) -> Vec<Term> {
    let vm = Vm::read(connection, LONG).await.unwrap();
    let mut node = NodeWatch::start(connection, &vm, LONG).await.unwrap();
    let mut links = DistWatch::start(connection, LONG).await.unwrap();
    let mut events = EventWatch::start(connection, &vm, EventOptions::default(), LONG).await.unwrap();
    let mut ports = PortWatch::start(connection, 20, LONG).await.unwrap();
    for _ in 0..2 {
        node.tick().await.unwrap();
        links.read().await.unwrap();
        events.read().await.unwrap();
        ports.read().await.unwrap();
        tables(connection, &vm, 20, LONG).await.unwrap();
        sockets(connection, 20, LONG).await.unwrap();
        allocation(connection, LONG).await.unwrap();
    }
    let processes = [node.process(), links.process(), events.process(), ports.process()];
    processes.map(|process| process.clone().into()).to_vec()
}

/// The atoms of these numbers, by which they are known to their own VM (`ATOM_INTERNAL_REF3` of erts, external.c).
async fn named(watch: &Connection, numbers: Range<i64>) -> String {
    let all = format!("[binary_to_term(<<131, 75, N:24>>) || N <- lists:seq({}, {})].", numbers.start, numbers.end - 1);
    names(&eval(watch, &all).await).join(" ")
}

#[tokio::test]
async fn watching_leaves_few_atoms_and_watching_again_none() {
    let node = Node::start().await;
    let watch = node.connect().await;
    let atoms = || async { eval(&watch, "erlang:system_info(atom_count).").await.as_int().unwrap() };
    // Whoever first asks a VM for its memory makes it name its allocators and what they hold: 312 atoms of its own (OTP 25),
    // once in its life, and those of the modules that interpret come when they are loaded. Here it is the test that asks.
    call(&watch, "erlang", "memory", vec![]).await;
    named(&watch, 0..1).await;
    atoms().await;
    let before = atoms().await;
    let connection = node.connect().await;
    look(&connection).await;
    let first = atoms().await - before;
    let named = named(&watch, before..before + first).await;
    eprintln!("{first} atoms after the first look: {named}");
    assert!(first <= 15, "{first} atoms after the first look: {named}");
    drop(connection);
    for _ in 0..5 {
        look(&node.connect().await).await;
    }
    let more = atoms().await - before - first;
    // One name for each connection that lives at the same time; the one before may not be gone yet.
    let named = self::named(&watch, before + first..before + first + more).await;
    assert!(more <= 3, "{more} atoms more after five looks: {named}");
}

#[tokio::test]
async fn nothing_of_it_is_left_when_we_go() {
    let node = Node::start().await;
    let watch = node.connect().await;
    let call_watch = async |module, function, args: &[Term]| call(&watch, module, function, args.to_vec()).await;
    // Whatever is started once by the first who looks (loading code, for one) is there before.
    look(&node.connect().await).await;
    until(&watch, "erlang", "nodes", &[Term::atom("hidden")], &Term::list([watch.agreed().name.clone().into()])).await;
    let count = async |item| call_watch("erlang", "system_info", &[Term::atom(item)]).await;
    let before = (count("process_count").await, count("ets_count").await, count("port_count").await);
    let connection = node.connect().await;
    let processes = look(&connection).await;
    assert_eq!(processes.len(), 4);
    drop(connection);
    for process in processes {
        until(&watch, "erlang", "is_process_alive", &[process], &Term::atom("false")).await;
    }
    until(&watch, "erlang", "system_monitor", &[], &Term::atom("undefined")).await;
    until(&watch, "erlang", "statistics", &[Term::atom("scheduler_wall_time")], &Term::atom("undefined")).await;
    for (item, value) in [("process_count", before.0), ("ets_count", before.1), ("port_count", before.2)] {
        until(&watch, "erlang", "system_info", &[Term::atom(item)], &value).await;
    }
}
