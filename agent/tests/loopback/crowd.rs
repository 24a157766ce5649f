//! Fifty viewers who each want something else, and twenty who ask for the past again and again: whoever watches well does
//! not feel them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use midair_agent::{desk::N_WATCHERS, pace::REQUESTS};
use midair_proto::v1::{Focus, HistoryRequest, Interest, Stream, TableQuery, TaskId, control, payload::Kind};

use crate::{
    binary::process::Running,
    doors::over_unix,
    host::{Watch, watch},
};

const N_VIEWERS: u32 = 50;
const N_READERS: u32 = 20;

/// The task of this test itself: it is there as long as somebody looks.
fn own_task(n: u32) -> Option<TaskId> {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let start = fields.split_ascii_whitespace().nth(19)?.parse::<u64>().ok()?;
    // Each viewer looks at another one: those that are not there are as good.
    Some(TaskId { runtime: Some(0), number: Some(u64::from(std::process::id())), start: Some(start + u64::from(n)) })
}

async fn viewer(agent: &Running, n: u32) -> Watch {
    let watch = watch(&mut over_unix(agent.socket()).await).await;
    let stream = if n.is_multiple_of(2) { Stream::Detail } else { Stream::Overview };
    let interest = Interest { scope: None, stream: Some(stream.into()), interval_ms: Some(250 * (1 + n % 4)) };
    watch.ask(control::Kind::Interest(interest)).await;
    let order = Some(1 + (n % 12) as i32);
    let query = TableQuery { id: Some(1), order, limit: Some(100 + n), ..TableQuery::default() };
    watch.ask(control::Kind::Table(query)).await;
    watch.ask(control::Kind::Focus(Focus { id: Some(2), task: own_task(n) })).await;
    watch
}

/// Reads what comes until both wishes are answered, with what was wished for or in words.
async fn wishes(watch: &mut Watch) -> (bool, bool, Vec<String>) {
    let (mut table, mut focus, mut refused) = (None, None, Vec::new());
    while table.is_none() || focus.is_none() {
        match watch.next().await.expect("nobody is thrown out").1 {
            Kind::Rows(_) => table = Some(true),
            Kind::Details(_) => focus = Some(true),
            Kind::Refused(refusal) => {
                assert_eq!(refusal.fatal, Some(false));
                if refusal.id == Some(1) {
                    table = Some(false)
                } else {
                    focus = Some(false)
                }
                refused.extend(refusal.reason);
            }
            _ => {}
        }
    }
    (table == Some(true), focus == Some(true), refused)
}

#[tokio::test]
async fn fifty_viewers_and_twenty_readers_of_a_past_do_not_disturb_who_watches_well() {
    let agent = Running::start(&["--budget", "20%"], "warn");
    let mut calm = watch(&mut over_unix(agent.socket()).await).await;
    let interest = Interest { scope: None, stream: Some(Stream::Detail.into()), interval_ms: Some(250) };
    calm.ask(control::Kind::Interest(interest)).await;
    let (start, n_told) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut readers = Vec::new();
    for _ in 0..N_READERS {
        let (mut client, n_told) = (over_unix(agent.socket()).await, Arc::clone(&n_told));
        readers.push(tokio::spawn(async move {
            loop {
                match client.history(HistoryRequest::default()).await {
                    Ok(told) => {
                        let mut told = told.into_inner();
                        while told.message().await.unwrap().is_some() {}
                    }
                    Err(status) => {
                        assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status}");
                        assert!(status.message().contains("at most 2 histories at once"), "{status}");
                    }
                }
                n_told.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    let mut viewers = Vec::new();
    for n in 0..N_VIEWERS {
        viewers.push(viewer(&agent, n).await);
    }
    assert!(viewers.len() < N_WATCHERS);
    let (mut n_tables, mut n_focuses, mut refused) = (0, 0, Vec::new());
    for viewer in &mut viewers {
        let (table, focus, reasons) = wishes(viewer).await;
        n_tables += u32::from(table);
        n_focuses += u32::from(focus);
        refused.extend(reasons);
    }
    // A focus on a task that is not there is answered, ends, and makes room: at least four were.
    assert_eq!(n_tables, 8, "eight distinct queries are served");
    assert!(n_focuses >= 4, "{n_focuses}");
    let is_in_words = |reason: &String| {
        reason.contains("at most 8 distinct table queries") || reason.contains("at most 4 distinct focuses")
    };
    assert!(refused.iter().all(is_in_words), "{refused:?}");
    assert_eq!(refused.len() as u32, 2 * N_VIEWERS - n_tables - n_focuses);
    let mut last = None;
    for _ in 0..16 {
        let (envelope, kind) = calm.next().await.unwrap();
        assert!(!matches!(kind, Kind::Lost(_)), "the one that reads loses nothing");
        if let Some(seq) = envelope.seq {
            assert!(last.is_none_or(|last| seq == last + 1), "{last:?} {seq}");
            last = Some(seq);
        }
    }
    let n_told = n_told.load(Ordering::Relaxed);
    let most = u64::from(N_READERS) * (REQUESTS.burst + REQUESTS.per_second * (start.elapsed().as_secs() + 1));
    assert!(n_told <= most, "whoever asks fast is made to walk: {n_told} answers, not {most}");
    assert!(n_told >= u64::from(N_READERS) * REQUESTS.burst, "{n_told}");
    assert!(readers.iter().all(|reader| !reader.is_finished()), "each was told the past, or in words why not");
    readers.iter().for_each(tokio::task::JoinHandle::abort);
    drop(viewers);
    // Room again for others: the agent is none the worse.
    let mut late = viewer(&agent, 0).await;
    loop {
        let (table, _, reasons) = wishes(&mut late).await;
        if table {
            break;
        }
        assert!(reasons.iter().all(is_in_words), "{reasons:?}");
        late = viewer(&agent, 0).await;
    }
}
