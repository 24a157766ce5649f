//! Idle connections: they stand as long as both sides tick, and end in words when one does not.

use std::time::Duration;

use tokio::time::sleep;

use crate::node::{Node, call, options};

#[tokio::test]
async fn an_idle_connection_to_a_node_with_short_ticks_stands() {
    let node = Node::start_with(&["-kernel", "net_ticktime", "8"]).await;
    let mut short = options();
    short.tick_time = Duration::from_secs(8);
    let short = node.try_connect(&short).await.unwrap();
    // One that does not know how short they are answers each.
    let unknowing = node.connect().await;
    sleep(Duration::from_secs(20)).await;
    for connection in [&short, &unknowing] {
        assert!(connection.is_up());
        call(connection, "erlang", "node", vec![]).await;
    }
}

#[tokio::test]
async fn a_node_that_falls_silent_is_given_up() {
    let node = Node::start().await;
    let mut short = options();
    // The node ticks each 15 s, which is silence to somebody who expects a tick each quarter of a second.
    short.tick_time = Duration::from_secs(1);
    let connection = node.try_connect(&short).await.unwrap();
    let ended = connection.ended().await.to_string();
    assert!(ended.starts_with("the node was silent for "), "{ended}");
}
