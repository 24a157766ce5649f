//! Marks outlive their agent, and what is new about its next life is one.

use std::time::Duration;

use midair_proto::v1::{Mark, MarkRequest, control, payload::Kind};
use rustix::process::Signal;

use crate::{
    binary::process::Running,
    doors::over_unix,
    host::{SOON, watch},
};

/// The marks that come until these words are among them.
async fn marks_until(running: &Running, words: &str) -> Vec<Mark> {
    let mut client = over_unix(running.socket()).await;
    let mut watch = watch(&mut client).await;
    let all = async {
        let mut marks: Vec<Mark> = Vec::new();
        while !marks.iter().any(|mark| mark.text().contains(words)) {
            let (_, kind) = watch.next().await.expect("the watch goes on");
            if let Kind::Mark(mark) = kind {
                marks.push(mark);
            }
        }
        marks
    };
    tokio::time::timeout(SOON, all).await.unwrap_or_else(|_| panic!("no mark says {words}"))
}

async fn put(running: &Running, text: &str) {
    let mut client = over_unix(running.socket()).await;
    let mut watch = watch(&mut client).await;
    let focus = Some("node-1/os/1.1".to_owned());
    watch.ask(control::Kind::Mark(MarkRequest { text: Some(text.into()), wall_us: None, focus })).await;
    loop {
        let (_, kind) = watch.next().await.expect("the watch goes on");
        if matches!(kind, Kind::Mark(mark) if mark.text() == text) {
            // Now it is on its way to the black box, which writes each second.
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            return;
        }
    }
}

#[tokio::test]
async fn a_mark_outlives_an_agent_that_was_killed_and_changed_labels_are_marked() {
    let first = Running::start(&["--label", "version=416"], "info");
    put(&first, "release 416").await;
    first.signal(Signal::KILL);
    let second = first.succeeded_by(&["--label", "version=417"], "info");
    let marks = marks_until(&second, "labels: ").await;
    let text = |n: usize| marks[n].text().to_owned();
    assert_eq!((text(0), marks[0].focus(), marks[0].automatic()), ("release 416".to_owned(), "node-1/os/1.1", false));
    assert!(text(1).contains("agent started again after it was killed or crashed"), "{marks:?}");
    assert_eq!((text(2).as_str(), marks[2].automatic()), ("labels: version=416 -> 417", true));

    // Its own marks outlive it as well, and none is there twice.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    second.signal(Signal::TERM);
    let third = second.succeeded_by(&["--label", "version=417"], "info");
    let marks = marks_until(&third, "agent started again; ").await;
    let texts: Vec<&str> = marks.iter().map(|mark| mark.text()).collect();
    assert_eq!(texts[..3].iter().filter(|text| text.contains("release 416")).count(), 1, "{texts:?}");
    assert_eq!((texts.len(), texts[2]), (4, "labels: version=416 -> 417"), "{texts:?}");
}
