//! A process inside of a long BIF holds up whoever asks it.

use midair_beam::watch::sweep::Order;

use crate::{
    node::{Node, eval},
    target::{crowd, fast, pass, planted, sweep},
};

/// Multiplications that take ten seconds or so each, and are not interrupted.
const LONG_BIF: &str = "spawn(fun() -> N = (1 bsl 2000000) - 1, receive go -> (fun L() -> apply(erlang, '*', [N, N]), L() end)() end end).";

#[tokio::test]
async fn the_sweep_goes_on_without_who_holds_it_up() {
    let node = Node::start_with(&["+S", "4:4"]).await;
    let connection = node.connect().await;
    crowd(&connection, 2000).await;
    let blocked = planted(&connection, LONG_BIF).await;
    let full = planted(&connection, "P = spawn(timer, sleep, [infinity]), [P ! x || _ <- lists:seq(1, 500)], P.").await;
    let mut sweep = sweep(&connection, fast()).await;
    let stuck = sweep.stuck();
    let before = pass(&mut sweep).await;
    assert!(before.left_out.is_empty());
    let go = format!("c:pid(0, {}, {}) ! go.", blocked.id, blocked.serial);
    eval(&connection, &go).await;
    let mut was_told = false;
    for _ in 0..20 {
        let after = pass(&mut sweep).await;
        was_told |= stuck.has_changed().unwrap();
        if after.left_out.is_empty() {
            continue;
        }
        assert!(was_told, "it was said who holds it up");
        assert_eq!(after.left_out, std::slice::from_ref(&blocked));
        let row = after.rows.iter().find(|row| row.pid == blocked).unwrap();
        assert_eq!((row.now.status, row.now.mailbox), (None, None));
        assert_eq!(after.first(Order::Mailbox)[0].pid, full);
        assert!(after.n_swept >= before.n_swept - 2, "{} of {}", after.n_swept, before.n_swept);
        let known = after.first(Order::Mailbox)[0];
        assert!(known.before.is_some() && known.looks.unwrap().of > 1, "what was known of others is kept: {known:?}");
        let next = pass(&mut sweep).await;
        assert_eq!((next.number, &next.left_out), (after.number + 1, &after.left_out));
        return;
    }
    panic!("nobody held it up");
}
