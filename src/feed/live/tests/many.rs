//! Many agents: those that come and go, and what is asked of all at once.

use super::*;

#[tokio::test]
async fn a_later_list_brings_new_agents_and_lets_go_of_those_that_it_does_not_name() {
    let [(a, _a), (b, _b), (c, mut heard)] = [("a", "node-a"), ("b", "node-b"), ("c", "node-c")]
        .map(|(address, node)| played(address, Play { node, ..NODE_7 }));
    let options = Options {
        viewer: "a test".into(),
        stream: Stream::Overview,
        interval_ms: 1_000,
        seed: 1,
        ..Options::default()
    };
    let (tell, later) = Later::new();
    let mut feed = live_by(vec![a, b.clone()], later, &options, Clock::system());
    for _ in 0..2 {
        while !matches!(next(&mut feed).await.item, Item::Link(Link { state: LinkState::Up { .. }, .. })) {}
    }
    tell.news.send(News::All(vec![b, c])).await.unwrap();
    let (cause, reason) = down(&mut feed, "a").await;
    assert_eq!(cause, Cause::Name);
    assert!(reason.contains("no longer named"), "{reason}");
    assert!(matches!(link(&mut feed, "c").await, LinkState::Up { .. }), "and b is not dialled again");
    let asked = Control::Interest { node: NodeId::new("node-c"), stream: Stream::Detail, interval_ms: 500 };
    while !matches!(next(&mut feed).await.item, Item::Envelope(address, _) if *address == *"c") {}
    assert!(feed.control(asked));
    let is_it = |kind| matches!(kind, Some(v1::control::Kind::Interest(i)) if i.interval_ms == Some(500));
    while !is_it(soon(heard.recv()).await.kind) {}
    tell.news.send(News::Trouble("no list".into())).await.unwrap();
    while next(&mut feed).await.item != Item::Notice("no list".into()) {}
}

#[tokio::test(start_paused = true)]
async fn whoever_is_no_longer_named_is_forgotten_a_minute_later_and_one_that_comes_back_is_not() {
    let [(a, _a), (b, _b)] =
        [("a", "node-a"), ("b", "node-b")].map(|(address, node)| played(address, Play { node, ..NODE_7 }));
    let options = Options { viewer: "a test".into(), seed: 1, ..Options::default() };
    let (tell, later) = Later::new();
    let mut feed = live_by(vec![a.clone(), b], later, &options, Clock::system());
    tell.news.send(News::All(vec![])).await.unwrap();
    tell.news.send(News::All(vec![a])).await.unwrap();
    let mut left = Vec::new();
    // Two ticks a second: two minutes and more.
    for _ in 0..300 {
        match soon(feed.next()).await.item {
            Item::Link(Link { address, state: LinkState::Left { .. } }) => left.push(address),
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    assert_eq!(left, ["b".into()]);
}

#[tokio::test]
async fn what_is_asked_of_more_agents_than_controls_may_wait_reaches_all() {
    let n = CONTROLS_MAX + 50;
    let mut names: Vec<&'static str> = Vec::new();
    names.extend((0..n).map(|n| -> &'static str { Box::leak(format!("node-{n}").into_boxed_str()) }));
    let (targets, mut heard): (Vec<_>, Vec<_>) = names.iter().map(|node| played(node, Play { node, ..NODE_7 })).unzip();
    let mut feed = watch(targets);
    let mut n_described = 0;
    while n_described < n {
        n_described += usize::from(matches!(next(&mut feed).await.item, Item::Envelope(..)));
    }
    let interest =
        |node: &&str| Control::Interest { node: NodeId::new(node), stream: Stream::Overview, interval_ms: 2_000 };
    assert!(feed.controls(names.iter().map(interest).collect()));
    for heard in &mut heard {
        let is_it = |kind| matches!(kind, Some(v1::control::Kind::Interest(i)) if i.interval_ms == Some(2_000));
        while !is_it(soon(heard.recv()).await.kind) {}
    }
}

#[tokio::test]
async fn what_is_asked_of_a_node_stands_where_it_answers_at_another_address() {
    let [(a, mut before), (b, mut after)] = ["a", "b"].map(|address| played(address, NODE_7));
    let options = Options {
        viewer: "a test".into(),
        stream: Stream::Overview,
        interval_ms: 1_000,
        seed: 1,
        ..Options::default()
    };
    let (tell, later) = Later::new();
    let mut feed = live_by(vec![a], later, &options, Clock::system());
    while !matches!(next(&mut feed).await.item, Item::Envelope(..)) {}
    let node = NodeId::new("node-7");
    let task = midair_vitals::TaskId { runtime: 0, number: 7, start: 1 };
    let asked = [
        Control::Interest { node: node.clone(), stream: Stream::Detail, interval_ms: 500 },
        Control::Focus { node, id: 2, task },
    ];
    assert!(feed.controls(asked.to_vec()));
    let is_focus =
        |kind: &Option<v1::control::Kind>| matches!(kind, Some(v1::control::Kind::Focus(f)) if f.id == Some(2));
    while !is_focus(&soon(before.recv()).await.kind) {}
    tell.news.send(News::All(vec![b])).await.unwrap();
    assert!(matches!(link(&mut feed, "b").await, LinkState::Up { .. }));
    let mut stream = None;
    loop {
        match soon(after.recv()).await.kind {
            Some(v1::control::Kind::Interest(interest)) => stream = Some((interest.stream(), interest.interval_ms)),
            kind if is_focus(&kind) => break,
            _ => {}
        }
    }
    assert_eq!(stream, Some((v1::Stream::Detail, Some(500))));
}
