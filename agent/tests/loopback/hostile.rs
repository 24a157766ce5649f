//! Clients that mean no good: what they get is words, and nobody else feels them.

use std::time::{Duration, Instant};

use midair_agent::pace::CONTROLS;
use midair_proto::v1::{
    Control, Echo, Envelope, Focus, Interest, MarkRequest, Stop, Stream, TableQuery, TaskId, control, payload::Kind,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{client::Grpc, codegen::http::uri::PathAndQuery};
use tonic_prost::ProstCodec;

use crate::{
    binary::process::Running,
    doors::over_unix,
    host::{Watch, agent, channel, embedded, watch},
};

fn interest(stream: i32, interval_ms: u32) -> control::Kind {
    control::Kind::Interest(Interest { scope: Some(77), stream: Some(stream), interval_ms: Some(interval_ms) })
}

fn query(number: u32, limit: u32) -> control::Kind {
    control::Kind::Table(TableQuery { id: Some(number), limit: Some(limit), ..TableQuery::default() })
}

/// So many samples of a watch, none of which is missing.
async fn without_gaps(watch: &mut Watch, n: usize) {
    let mut last = None;
    for _ in 0..n {
        let seq = loop {
            let (envelope, _) = watch.next().await.unwrap();
            if let Some(seq) = envelope.seq {
                break seq;
            }
        };
        assert!(last.is_none_or(|last| seq == last + 1), "{last:?} {seq}");
        last = Some(seq);
    }
}

#[tokio::test]
async fn nonsense_is_refused_in_words_and_the_watch_goes_on() {
    let agent = agent(5);
    let mut client = embedded(&agent).await;
    let mut watch = watch(&mut client).await;
    let huge = TaskId { runtime: Some(u32::MAX), number: Some(u64::MAX), start: Some(u64::MAX) };
    let nonsense = [
        interest(99, 1_000),
        interest(2, 0),
        interest(2, u32::MAX),
        control::Kind::Table(TableQuery::default()),
        query(1, 0),
        query(1, u32::MAX),
        control::Kind::Table(TableQuery { id: Some(1), kinds: vec![-7], ..TableQuery::default() }),
        control::Kind::Table(TableQuery { id: Some(1), order: Some(i32::MIN), ..TableQuery::default() }),
        control::Kind::Table(TableQuery {
            id: Some(1),
            filter: Some("\u{1b}[2J".repeat(300)),
            ..TableQuery::default()
        }),
        control::Kind::Focus(Focus { id: Some(2), task: None }),
        control::Kind::Focus(Focus { id: None, task: Some(huge) }),
        control::Kind::Mark(MarkRequest { text: Some("x".repeat(501)), ..MarkRequest::default() }),
        control::Kind::Mark(MarkRequest { text: None, ..MarkRequest::default() }),
    ];
    let refusal = |kind: &Kind| if let Kind::Refused(refused) = kind { Some(refused.clone()) } else { None };
    for control in nonsense {
        watch.ask(control.clone()).await;
        let refused = watch.find(refusal).await;
        let reason = refused.reason.unwrap();
        assert!(reason.contains(' ') && refused.fatal == Some(false), "{control:?}: {reason}");
    }
    // Strange, but nothing is wrong with it.
    watch.ask(control::Kind::Stop(Stop { id: Some(u32::MAX) })).await;
    watch.ask(control::Kind::Focus(Focus { id: Some(3), task: Some(huge) })).await;
    watch.ask(control::Kind::Echo(Echo { sent_us: Some(u64::MAX) })).await;
    let sent = watch.find(|kind| if let Kind::Echo(reply) = kind { reply.sent_us } else { None }).await;
    assert_eq!(sent, u64::MAX);
    watch.ask(interest(Stream::Detail.into(), 250)).await;
    without_gaps(&mut watch, 3).await;
}

#[tokio::test]
async fn a_control_beyond_a_mebibyte_ends_its_watch_and_no_other() {
    let agent = agent(5);
    let mut client = embedded(&agent).await;
    let mut other = watch(&mut client).await;
    other.ask(interest(Stream::Detail.into(), 250)).await;
    let mut rude = watch(&mut client).await;
    let filter = Some("x".repeat(2 << 20));
    rude.ask(control::Kind::Table(TableQuery { id: Some(1), filter, ..TableQuery::default() })).await;
    while let Ok(Ok(Some(_))) = tokio::time::timeout(Duration::from_secs(10), rude.events.message()).await {}
    without_gaps(&mut other, 3).await;
}

#[tokio::test]
async fn bytes_that_are_no_control_end_their_watch_and_no_other() {
    let agent = agent(5);
    let mut client = embedded(&agent).await;
    let mut other = watch(&mut client).await;
    other.ask(interest(Stream::Detail.into(), 250)).await;
    let mut raw = Grpc::new(channel(&agent).await);
    raw.ready().await.unwrap();
    // An envelope is no control: its first field is a text where a control has a hello.
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    sender.send(Envelope { node: Some("\u{7f}\u{7f} no hello".into()), ..Envelope::default() }).await.unwrap();
    let codec: ProstCodec<Envelope, Envelope> = ProstCodec::default();
    let path = PathAndQuery::from_static("/midair.v1.Agent/Watch");
    let request = tonic::Request::new(ReceiverStream::new(receiver));
    let mut events = raw.streaming(request, path, codec).await.unwrap().into_inner();
    let refused = events.message().await.unwrap().unwrap();
    let payload = <midair_proto::v1::Payload as prost::Message>::decode(refused.payload.unwrap()).unwrap();
    let Some(Kind::Refused(refused)) = payload.kind else { panic!("{payload:?}") };
    assert!(refused.reason.as_ref().unwrap().contains("the first control could not be read"), "{refused:?}");
    assert!(matches!(events.message().await, Ok(None) | Err(_)));
    without_gaps(&mut other, 3).await;
}

#[tokio::test]
async fn a_flood_of_controls_is_taken_at_a_walk_and_disturbs_nobody() {
    let agent = Running::start(&["--budget", "off"], "warn");
    let mut calm = watch(&mut over_unix(agent.socket()).await).await;
    calm.ask(interest(Stream::Detail.into(), 250)).await;
    let mut flooder = watch(&mut over_unix(agent.socket()).await).await;
    without_gaps(&mut calm, 4).await;
    let before_kib = agent.rss_kib();
    let start = Instant::now();
    let controls = flooder.controls.clone();
    let flood = tokio::spawn(async move {
        for n in 0..10_000_u32 {
            // Twice as many numbers as are served, so that refusals come as well as answers.
            if controls.send(Control { kind: Some(query(n % 16, 1 + n % 4_000)) }).await.is_err() {
                return;
            }
        }
    });
    let count = tokio::spawn(async move {
        let (mut n_answers, mut n_refused) = (0, 0);
        while start.elapsed() < Duration::from_secs(4) {
            match flooder.next().await {
                Some((_, Kind::Rows(_))) => n_answers += 1,
                Some((_, Kind::Refused(_))) => n_refused += 1,
                Some(_) => {}
                None => break,
            }
        }
        (n_answers, n_refused)
    });
    without_gaps(&mut calm, 12).await;
    let (n_answers, n_refused) = count.await.unwrap();
    flood.abort();
    let seconds = start.elapsed().as_secs() + 1;
    // One word for each control that was taken, and what the queries that stand are answered each tick.
    let most = CONTROLS.burst + CONTROLS.per_second * seconds + 8 * 4 * seconds;
    assert!(n_refused > 0 && n_answers > 0, "{n_answers} answers and {n_refused} refusals");
    assert!(n_answers + n_refused <= most, "{n_answers} answers and {n_refused} refusals, not {most}");
    let grown_kib = agent.rss_kib().saturating_sub(before_kib);
    assert!(grown_kib < 8 << 10, "{grown_kib} KiB more");
    without_gaps(&mut calm, 3).await;
}

#[tokio::test]
async fn a_flood_whose_answers_nobody_reads_grows_nothing() {
    let agent = Running::start(&["--budget", "off"], "warn");
    let mut calm = watch(&mut over_unix(agent.socket()).await).await;
    calm.ask(interest(Stream::Detail.into(), 250)).await;
    without_gaps(&mut calm, 4).await;
    let before_kib = agent.rss_kib();
    let mut floods = Vec::new();
    for _ in 0..8 {
        let deaf = watch(&mut over_unix(agent.socket()).await).await;
        floods.push(tokio::spawn(async move {
            for n in 0..10_000_u32 {
                let sent = deaf.controls.send(Control { kind: Some(query(n % 16, 1 + n % 4_000)) }).await;
                if sent.is_err() {
                    break;
                }
            }
            deaf
        }));
    }
    without_gaps(&mut calm, 12).await;
    let grown_kib = agent.rss_kib().saturating_sub(before_kib);
    floods.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(grown_kib < 16 << 10, "{grown_kib} KiB more for eight that do not read");
}
