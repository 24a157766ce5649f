//! What a VM holds: ports, sockets, tables, and the memory that its allocators have.

use std::time::Instant;

use midair_beam::{
    Connection, Term,
    watch::{PortWatch, Vm, allocation, sockets, tables},
};
use tokio::time::{Duration, sleep};

use crate::node::{LONG, Node, call, eval, until};

/// Runs an expression in a process that stays, and gives what it says: `Say` says it.
async fn held(connection: &Connection, expression: &str) -> Term {
    let expression = format!(
        "Us = self(), spawn(fun() -> Say = fun(Value) -> Us ! {{said, Value}} end, {expression}, timer:sleep(infinity) end),
         receive {{said, Value}} -> Value end."
    );
    eval(connection, &expression).await
}

/// Two ends of a socket, of which the one that accepts never reads.
const PAIR: &str =
    "{ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]), {ok, At} = inet:port(L),
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, At, [binary, {active, false}]), {ok, A} = gen_tcp:accept(L)";

#[tokio::test]
async fn a_socket_that_is_stuck_is_the_first_port() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let stuck = format!(
        "register(the_sender, self()), {PAIR}, Say({{C, At, A}}),
         (fun Loop() -> gen_tcp:send(C, binary:copy(<<7>>, 1000000)), Loop() end)()"
    );
    let said = held(&connection, &stuck).await;
    let (port, at) = (said.as_tuple().unwrap()[0].clone(), said.as_tuple().unwrap()[1].as_int().unwrap());
    let mut watch = PortWatch::start(&connection, 5, LONG).await.unwrap();
    let start = Instant::now();
    let reading = loop {
        let reading = watch.read().await.unwrap();
        if !reading.queued.is_empty() {
            break reading;
        }
        assert!(start.elapsed() < LONG);
        sleep(Duration::from_millis(20)).await;
    };
    let first = &reading.queued[0];
    assert_eq!(Term::Port(Box::new(first.port.clone())), port);
    assert!(first.queue_bytes > Some(10_000), "{first:?}");
    assert_eq!((first.name.as_deref(), first.is_dist), (Some("tcp_inet"), Some(false)));
    assert_eq!(first.owner_name.as_deref(), Some("the_sender"));
    assert_eq!(first.peer, Some(format!("127.0.0.1:{at}")));
    let count = call(&connection, "erlang", "system_info", vec![Term::atom("port_count")]).await.as_count();
    assert!(reading.n_ports == count && reading.n_looked == count && count.is_some());
    assert!(reading.queued.len() <= 5 && reading.moved.len() <= 5);
}

#[tokio::test]
async fn the_port_that_moves_most_is_first_and_not_the_one_that_did_once() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let once = format!(
        "{PAIR}, [begin ok = gen_tcp:send(C, binary:copy(<<7>>, 10000)), {{ok, _}} = gen_tcp:recv(A, 10000)
        end || _ <- lists:seq(1, 100)], Say(C)"
    );
    let once = held(&connection, &once).await;
    let steady = format!(
        "{PAIR}, (fun Loop(N) -> ok = gen_tcp:send(C, binary:copy(<<7>>, 1000)), {{ok, _}} = gen_tcp:recv(A, 1000),
        case N of 5 -> Say({{C, A}}); _ -> ok end, timer:sleep(5), Loop(N + 1) end)(1)"
    );
    let steady = held(&connection, &steady).await;
    let steady = steady.as_tuple().unwrap();
    let mut watch = PortWatch::start(&connection, 5, LONG).await.unwrap();
    let ports = |rows: &[midair_beam::watch::ports::PortRow]| -> Vec<Term> {
        rows.iter().map(|row| Term::Port(Box::new(row.port.clone()))).collect()
    };
    let first = watch.read().await.unwrap();
    assert!(ports(&first.moved[..2]).contains(&once), "since it was opened: {:?}", first.moved);
    assert!(first.moved.iter().all(|row| row.moved_bytes.is_none()));
    let (mut before, start) = (first, Instant::now());
    loop {
        sleep(Duration::from_millis(100)).await;
        let reading = watch.read().await.unwrap();
        let rows = &reading.moved;
        // Those that moved nothing come last.
        let n_moved = rows.iter().take_while(|row| row.moved_bytes != Some(0)).count();
        assert!(rows[n_moved..].iter().all(|row| row.moved_bytes == Some(0)), "{rows:?}");
        assert!(!ports(&rows[..n_moved]).contains(&once), "{rows:?}");
        for row in rows {
            let was = before.moved.iter().find(|was| was.port == row.port);
            if let Some(was) = was {
                let moved =
                    row.in_bytes.unwrap() + row.out_bytes.unwrap() - was.in_bytes.unwrap() - was.out_bytes.unwrap();
                assert_eq!(row.moved_bytes, Some(moved), "{row:?}");
            }
        }
        // Both ends, beside our own link.
        if steady.iter().all(|port| ports(rows).contains(port))
            && reading.moved.iter().any(|row| row.is_dist == Some(true))
        {
            break;
        }
        assert!(start.elapsed() < LONG, "{rows:?}");
        before = reading;
    }
}

#[tokio::test]
async fn a_socket_that_moves_nothing_is_told_with_its_owner_and_address() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let quiet = "{ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]), {ok, At} = inet:port(L), true = register(the_listener, self()),
        {ok, U} = gen_udp:open(0, [{ip, {127, 0, 0, 1}}]), {ok, Too} = inet:port(U), Say({L, At, U, Too})";
    let quiet = held(&connection, quiet).await;
    let [listener, at, udp, too] = quiet.as_tuple().unwrap() else { panic!("{quiet:?}") };
    let mut watch = PortWatch::start(&connection, 20, LONG).await.unwrap();
    for _ in 0..2 {
        let reading = watch.read().await.unwrap();
        for (port, at) in [(listener, at), (udp, too)] {
            let row = reading.moved.iter().find(|row| Term::Port(Box::new(row.port.clone())) == *port);
            let row = row.unwrap_or_else(|| panic!("{port:?} in {reading:?}"));
            assert_eq!(row.owner_name.as_deref(), Some("the_listener"));
            assert_eq!(row.peer, Some(format!("at 127.0.0.1:{}", at.as_count().unwrap())));
        }
    }
}

#[tokio::test]
async fn the_helper_of_ports_is_gone_after_the_cut() {
    let node = Node::start().await;
    let (connection, other) = (node.connect().await, node.connect().await);
    let watch = PortWatch::start(&connection, 5, LONG).await.unwrap();
    let process = Term::from(watch.process().clone());
    call(&other, "erlang", "disconnect_node", vec![connection.agreed().name.clone().into()]).await;
    until(&other, "erlang", "is_process_alive", &[process], &Term::atom("false")).await;
}

#[tokio::test]
async fn the_largest_table_is_first() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let vm = Vm::read(&connection, LONG).await.unwrap();
    let expression = "register(the_owner, self()), T = ets:new(large_one, [ordered_set, public]),
        [ets:insert(T, {N, N}) || N <- lists:seq(1, 50000)], [ets:new(small_one, []) || _ <- lists:seq(1, 100)],
        Say({ets:info(T, memory), ets:info(T, id)})";
    let said = held(&connection, expression).await;
    let words = said.as_tuple().unwrap()[0].as_count().unwrap();
    let reading = tables(&connection, &vm, 3, LONG).await.unwrap();
    assert_eq!(reading.tables.len(), 3);
    let first = &reading.tables[0];
    assert_eq!((first.name.as_deref(), first.kind.as_deref()), (Some("large_one"), Some("ordered_set")));
    assert_eq!((first.n_objects, first.bytes), (Some(50_000), Some(words * vm.word_bytes.unwrap())));
    assert_eq!((first.protection.as_deref(), first.owner_name.as_deref()), (Some("public"), Some("the_owner")));
    assert_eq!(first.id, Some(said.as_tuple().unwrap()[1].to_string()));
    assert!(first.bytes > reading.tables[1].bytes && reading.tables[1].bytes >= reading.tables[2].bytes);
    let count = eval(&connection, "length(ets:all()).").await.as_count();
    assert!(reading.n_tables == count && reading.n_looked == count && count > Some(100));
    assert!(reading.took_us > Some(0));
}

#[tokio::test]
async fn sockets_that_are_no_ports_are_told_and_where_there_are_none_nothing_is_loaded() {
    let node = Node::start().await;
    let connection = node.connect().await;
    let is_loaded = async || call(&connection, "erlang", "module_loaded", vec![Term::atom("socket")]).await;
    let was_loaded = is_loaded().await;
    let none = sockets(&connection, 5, LONG).await.unwrap();
    assert_eq!((none.n_sockets, none.sockets), (Some(0), vec![]));
    assert_eq!(is_loaded().await, was_loaded);
    let expression = "register(the_owner, self()), {ok, L} = socket:open(inet, stream, tcp),
        ok = socket:bind(L, #{family => inet, port => 0, addr => {127, 0, 0, 1}}), ok = socket:listen(L),
        {ok, At} = socket:sockname(L), {ok, C} = socket:open(inet, stream, tcp), ok = socket:connect(C, At),
        {ok, A} = socket:accept(L), ok = socket:send(C, <<1, 2, 3>>), {ok, _} = socket:recv(A, 3), Say(maps:get(port, At))";
    let at = held(&connection, expression).await.as_int().unwrap();
    let reading = sockets(&connection, 2, LONG).await.unwrap();
    assert_eq!((reading.n_sockets, reading.n_looked, reading.sockets.len()), (Some(3), Some(3), 2));
    let sent = reading.sockets.iter().find(|socket| socket.out_bytes == Some(3)).expect("the one that sent");
    assert_eq!((sent.owner_name.as_deref(), sent.protocol.as_deref()), (Some("the_owner"), Some("tcp")));
    assert_eq!((sent.peer.clone(), sent.n_writers), (Some(format!("127.0.0.1:{at}")), Some(0)));
    assert!(reading.sockets.iter().any(|socket| socket.in_bytes == Some(3)));
}

#[tokio::test]
async fn carriers_hold_what_is_allocated_and_stay_when_it_is_freed() {
    let node = Node::start().await;
    let connection = node.connect().await;
    // Of many objects of some size all but one in a hundred are taken away: what is left keeps the carriers.
    held(
        &connection,
        "T = ets:new(holey, [public, named_table]), [ets:insert(T, {N, lists:duplicate(100, N)}) || N <- lists:seq(1, 30000)],
         Say(ok)",
    )
    .await;
    let full = allocation(&connection, LONG).await.unwrap();
    eval(&connection, "[ets:delete(holey, N) || N <- lists:seq(1, 30000), N rem 100 =/= 0].").await;
    let holey = allocation(&connection, LONG).await.unwrap();
    let of = |all: &midair_beam::watch::Allocation| {
        all.allocators.iter().find(|allocator| allocator.name == "ets_alloc").cloned().expect("that of tables")
    };
    let (before, after) = (of(&full), of(&holey));
    assert!(before.block_bytes > 40 << 20 && before.block_bytes > before.carrier_bytes / 10 * 8, "{before:?}");
    assert!(after.block_bytes < before.block_bytes / 10, "{after:?}");
    assert!(after.carrier_bytes > 4 * after.block_bytes, "{after:?}");
    assert!(full.carrier_bytes() >= full.block_bytes() && full.took_us > Some(0));
    let (total, blocks) = (full.total_bytes.unwrap() as f64, full.block_bytes().unwrap() as f64);
    assert!((total - blocks).abs() < 0.2 * total, "{total} by memory, {blocks} in blocks");
}
