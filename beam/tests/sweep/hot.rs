//! The hot set: a reading each second, and names.

use midair_beam::{
    Connection,
    watch::hot::{Hot, Parent},
    watch::sweep::Status,
};

use crate::{
    node::{LONG, Node, call, eval},
    target::{fast, planted, sweep},
};

async fn hot(connection: &Connection) -> Hot {
    Hot::start(connection, LONG).await.expect("the helper starts")
}

#[tokio::test]
async fn processes_are_read_at_once_and_the_dead_are_none() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let idle = planted(&connection, "P = spawn(timer, sleep, [infinity]), P ! a, P ! b, P.").await;
    let full =
        planted(&connection, "P = spawn(timer, sleep, [infinity]), [P ! x || _ <- lists:seq(1, 5000)], P.").await;
    let dead = planted(&connection, "spawn(fun() -> ok end).").await;
    let pids = [idle.clone(), full.clone(), dead.clone()];
    let mut hot = hot(&connection).await;
    let first = hot.read(&pids).await.unwrap();
    let received = connection.traffic().received;
    let second = hot.read(&pids).await.unwrap();
    assert!(connection.traffic().received - received < 150, "what is the same does not travel");
    for reading in [first, second] {
        let rows: Vec<_> = reading.rows.iter().map(|(_, seen)| *seen).collect();
        let [Some(idle), Some(full), None] = rows[..] else { panic!("{reading:?}") };
        assert_eq!((idle.look.mailbox, idle.look.status), (Some(2), Some(Status::Waiting)));
        let memory = idle.size.unwrap().memory_bytes;
        assert!((1000..100_000).contains(&memory), "{memory}");
        assert_eq!((full.look.mailbox, full.size), (Some(5000), None), "what walks a mailbox is not asked");
    }
    assert!(hot.own_work_us() > 0);
}

#[tokio::test]
async fn those_met_for_the_first_time_say_who_they_are() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let whereis = |name| call(&connection, "erlang", "whereis", vec![midair_beam::Term::atom(name)]);
    let supervisor = whereis("kernel_sup").await.as_pid().unwrap().clone();
    let server = whereis("file_server_2").await.as_pid().unwrap().clone();
    let queue = "spawn(fun() -> put(process_name, {rabbit_amqqueue_process, {resource, <<\"/\">>, queue, <<\"q1\">>}}), timer:sleep(infinity) end).";
    let queue = planted(&connection, queue).await;
    // A long mailbox does not hide it.
    eval(&connection, &format!("Q = list_to_pid(\"{queue}\"), [Q ! x || _ <- lists:seq(1, 50000)].")).await;
    let label = |of: &str| format!("spawn(fun() -> put('$process_label', {of}), timer:sleep(infinity) end).");
    let labelled = planted(&connection, &label("{user, 17}")).await;
    // Read whole on OTP 25, and then cut.
    let large = planted(&connection, &label("lists:seq(1, 20000)")).await;
    let too_large = planted(&connection, &label("lists:seq(1, 1500000)")).await;
    let dead = planted(&connection, "spawn(fun() -> ok end).").await;
    let pids = [supervisor, server, queue, dead, labelled, large, too_large.clone()];
    // The helper knows the keys that exist as atoms when it starts.
    let mut hot = hot(&connection).await;
    let met = hot.introduce(&pids).await.unwrap();
    assert_eq!(met.len(), 6);
    assert_eq!(met[0].registered.as_deref(), Some("kernel_sup"));
    assert_eq!(met[0].initial_call.as_deref(), Some("supervisor:kernel/1"));
    assert!(matches!(met[0].parent, Some(Parent::Pid(_))));
    assert_eq!(met[1].registered.as_deref(), Some("file_server_2"));
    assert_eq!(met[1].parent, Some(Parent::Named("kernel_sup".into())));
    assert_eq!(met[2].name.as_deref(), Some("queue q1 in /"));
    assert_eq!((&met[2].registered, &met[2].label), (&None, &None));
    assert_eq!(met[3].label.as_deref(), Some("{user,17}"));
    assert!(met[4].label.as_ref().is_some_and(|label| label.starts_with("[1,2,3,") && label.len() <= 200));
    assert_eq!(met[5].pid, too_large);
}

#[tokio::test]
async fn those_that_work_for_the_connection_are_told_from_others() {
    let node = Node::start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let sweep = sweep(&connection, fast()).await;
    let mut hot = hot(&connection).await;
    let ours = planted(&connection, "spawn(timer, sleep, [infinity]).").await;
    let theirs = planted(&other, "spawn(timer, sleep, [infinity]).").await;
    let init = call(&connection, "erlang", "whereis", vec![midair_beam::Term::atom("init")]).await;
    let pids = [sweep.process().clone(), hot.process().clone(), ours, theirs, init.as_pid().unwrap().clone()];
    let met = hot.introduce(&pids).await.unwrap();
    let are_ours: Vec<bool> = met.iter().map(|one| one.is_ours).collect();
    assert_eq!(are_ours, [true, true, true, false, false]);
}
