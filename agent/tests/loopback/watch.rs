//! One watch, from hello to goodbye.

use midair_agent::config::{BlackBoxConfig, Place};
use midair_proto::v1::{
    Control, DescribeRequest, Echo, Focus, Hello, HistoryRequest, Interest, MarkRequest, Stream, TableQuery, TaskId,
    Version, control, payload::Kind,
};
use prost::Message;

use crate::host::{Watch, agent, agent_with, embedded, hello, watch};

fn interest(stream: Stream) -> control::Kind {
    control::Kind::Interest(Interest { scope: None, stream: Some(stream.into()), interval_ms: Some(250) })
}

#[tokio::test]
async fn describe_says_who_answers() {
    let agent = agent(3);
    let mut client = embedded(&agent).await;
    let described = client.describe(DescribeRequest::default()).await.unwrap().into_inner();
    assert_eq!(described.node.as_deref(), Some("node-1"));
    assert_eq!(described.labels[0].value.as_deref(), Some("chat"));
    assert_eq!(described.insecure, Some(false));
    assert!(described.n_cpus.unwrap() > 0);
    assert_eq!(described.instance.as_deref(), Some(agent.identity().instance.as_str()));
}

#[tokio::test]
async fn without_a_black_box_there_is_no_history_and_the_agent_says_so() {
    let black_box = BlackBoxConfig { place: Place::Off, ..BlackBoxConfig::default() };
    let agent = agent_with(1, black_box);
    let mut client = embedded(&agent).await;
    let status = client.history(HistoryRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unimplemented);
    assert!(status.message().contains("its black box is off"));
}

#[tokio::test]
async fn another_contract_is_refused_in_words_and_the_watch_ends() {
    let agent = agent(1);
    let mut client = embedded(&agent).await;
    // As long as a control may be: what is told back has room for it all the same.
    let program = Some("x".repeat((1 << 20) - 64));
    let endless = Hello { version: Some(Version { contract: Some(99), program }), viewer: None, node: None };
    let firsts = [
        (hello(99), "upgrade the agent"),
        (control::Kind::Hello(endless), "upgrade the agent"),
        (hello(0), "upgrade the client"),
        (control::Kind::Hello(Default::default()), "no contract"),
        (interest(Stream::Detail), "must be a hello"),
    ];
    for (first, words) in firsts {
        let mut watch = Watch::open(&mut client, first).await;
        let (envelope, kind) = watch.next().await.unwrap();
        let Kind::Refused(refused) = kind else { panic!("{kind:?}") };
        assert_eq!(refused.fatal, Some(true));
        assert!(refused.reason.as_ref().unwrap().contains(words), "{refused:?}");
        assert_eq!(envelope.node.as_deref(), Some("node-1"));
        assert!(watch.next().await.is_none());
    }
}

#[tokio::test]
async fn samples_follow_an_interest_without_gaps() {
    let agent = agent(300);
    let mut client = embedded(&agent).await;
    let mut watch = watch(&mut client).await;
    watch.ask(interest(Stream::Overview)).await;
    let mut seqs = Vec::new();
    let mut is_key = Vec::new();
    while seqs.len() < 5 {
        let (envelope, kind) = watch.next().await.unwrap();
        let Kind::Sample(sample) = kind else { continue };
        assert!(sample.tasks.len() <= 40);
        assert!(envelope.encoded_len() < 8 * 1024, "{} bytes", envelope.encoded_len());
        assert_eq!(envelope.epoch, Some(agent.identity().epoch));
        seqs.push(envelope.seq.unwrap());
        is_key.push(envelope.key.unwrap());
    }
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
    assert_eq!(is_key, [true, false, false, false, false]);
}

#[tokio::test]
async fn rates_are_there_soon_and_right() {
    let agent = agent(50);
    let mut client = embedded(&agent).await;
    let mut watch = watch(&mut client).await;
    let query = TableQuery { id: Some(1), limit: Some(3), order: Some(2), ..TableQuery::default() };
    watch.ask(control::Kind::Table(query)).await;
    loop {
        let rows = watch.find(|kind| if let Kind::Rows(rows) = kind { Some(rows.clone()) } else { None }).await;
        let Some(previous) = rows.tasks[0].previous.clone() else { continue };
        let row = &rows.tasks[0];
        let used_us = row.cpu_us.unwrap() - previous.cpu_us.unwrap();
        let elapsed_us = row.mono_us.or(rows.mono_us).unwrap() - previous.mono_us.unwrap();
        let share = used_us as f64 / elapsed_us as f64;
        assert!((share - 0.5).abs() < 0.01, "task 50 uses half a CPU, not {share}");
        assert_eq!((rows.total, row.id.unwrap().number), (Some(50), Some(50)));
        return;
    }
}

#[tokio::test]
async fn an_echo_comes_back_with_the_agents_time() {
    let agent = agent(1);
    let mut client = embedded(&agent).await;
    let mut watch = watch(&mut client).await;
    watch.ask(control::Kind::Echo(Echo { sent_us: Some(42) })).await;
    let reply = watch.find(|kind| if let Kind::Echo(reply) = kind { Some(*reply) } else { None }).await;
    assert_eq!(reply.sent_us, Some(42));
    assert!(reply.wall_us.unwrap() > 1_600_000_000_000_000);
}

#[tokio::test]
async fn a_focus_a_mark_and_a_strange_control_are_answered() {
    let agent = agent(5);
    let mut client = embedded(&agent).await;
    let mut watch = watch(&mut client).await;
    let task = TaskId { runtime: Some(0), number: Some(4), start: Some(4) };
    watch.ask(control::Kind::Focus(Focus { id: Some(2), task: Some(task) })).await;
    let close = |kind: &Kind| match kind {
        Kind::Details(details) if details.n_queues == Some(3) => Some(details.clone()),
        _ => None,
    };
    assert_eq!(watch.find(close).await.id, Some(2));
    let mark = MarkRequest { text: Some("seen".into()), ..MarkRequest::default() };
    watch.ask(control::Kind::Mark(mark)).await;
    let author = |kind: &Kind| if let Kind::Mark(mark) = kind { mark.author.clone() } else { None };
    assert_eq!(watch.find(author).await, "ann@test");
    watch.controls.send(Control { kind: None }).await.unwrap();
    let reason = |kind: &Kind| if let Kind::Refused(refused) = kind { refused.reason.clone() } else { None };
    assert!(watch.find(reason).await.contains("upgrade the agent"));
}

#[tokio::test]
async fn who_says_no_more_goes_on_watching_and_stopping_ends_the_watch() {
    let agent = agent(5);
    let mut client = embedded(&agent).await;
    let Watch { controls, events } = {
        let watch = watch(&mut client).await;
        watch.ask(interest(Stream::Detail)).await;
        watch
    };
    drop(controls);
    let mut watch = Watch { controls: tokio::sync::mpsc::channel(1).0, events };
    for _ in 0..3 {
        watch.find(|kind| matches!(kind, Kind::Sample(_)).then_some(())).await;
    }
    agent.stop();
    while let Some((_, kind)) = watch.next().await {
        assert!(matches!(kind, Kind::Sample(_) | Kind::Rollup(_)), "{kind:?}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_slow_the_others() {
    let agent = agent(2_000);
    let mut lazy_client = embedded(&agent).await;
    let lazy = watch(&mut lazy_client).await;
    for n in 0..8 {
        let query = TableQuery { id: Some(n), limit: Some(4_096 - n), ..TableQuery::default() };
        lazy.ask(control::Kind::Table(query)).await;
    }
    lazy.ask(interest(Stream::Detail)).await;
    let mut client = embedded(&agent).await;
    let mut quick = watch(&mut client).await;
    quick.ask(interest(Stream::Detail)).await;
    let mut last = None;
    for _ in 0..12 {
        let seq = loop {
            let (envelope, _) = quick.next().await.unwrap();
            if let Some(seq) = envelope.seq {
                break seq;
            }
        };
        assert!(last.is_none_or(|last| seq == last + 1), "{last:?} {seq}");
        last = Some(seq);
    }
    // What the lazy one has been sent is bounded; when it reads again it is told what it missed.
    let mut lazy = lazy;
    let lost = lazy.find(|kind| if let Kind::Lost(lost) = kind { lost.n_samples } else { None }).await;
    assert!(lost > 0);
    let (key, _) = loop {
        let next = lazy.next().await.unwrap();
        if next.0.seq.is_some() {
            break next;
        }
    };
    assert_eq!(key.key, Some(true));
}
