//! The portable source over the wire: this host's node and processes come, and what it cannot know stays unknown.

use std::time::Duration;

use midair_agent::{Agent, Config, config::SourceChoice};
use midair_proto::v1::{Interest, Stream, TableQuery, control, payload::Kind};

use crate::host::{embedded, watch};

#[tokio::test]
async fn node_and_processes_come_and_unknown_stays_unknown() {
    let interval = Duration::from_millis(250);
    let config = Config { source: SourceChoice::Sysinfo, interval, ..Config::default() };
    let agent = Agent::start(config).unwrap();
    let mut client = embedded(&agent).await;
    let mut watch = watch(&mut client).await;
    let query = TableQuery { id: Some(1), limit: Some(4_096), ..TableQuery::default() };
    watch.ask(control::Kind::Table(query)).await;
    let (own, row) = loop {
        let rows = watch.find(|kind| if let Kind::Rows(rows) = kind { Some(rows.clone()) } else { None }).await;
        let own = u64::from(std::process::id());
        let row = rows.tasks.iter().find(|row| row.id.unwrap().number == Some(own)).cloned().unwrap();
        // From the second reading on there are rates.
        if row.previous.is_some() {
            break (own, row);
        }
    };
    assert!(row.rss_bytes > Some(1 << 20) && row.user.is_some() && row.cpu_us.is_some(), "{own}: {row:?}");
    assert_eq!((row.run_delay_us, row.n_runs, row.n_threads), (None, None, None));
    assert_eq!((row.queues, row.flows, row.worst_thread), (None, None, None));

    let interest = Interest { scope: None, stream: Some(Stream::Detail.into()), interval_ms: Some(250) };
    watch.ask(control::Kind::Interest(interest)).await;
    let sample = watch.find(|kind| if let Kind::Sample(sample) = kind { Some(sample.clone()) } else { None }).await;
    let node = sample.node.unwrap();
    assert!(node.mem_total_bytes > node.mem_available_bytes && node.mem_available_bytes > Some(0));
    assert!(node.n_processes > Some(1) && node.up_us > Some(0));
    assert_eq!((node.run_delay_us, node.user_us, node.tcp_in), (None, None, None));
    let severities = node.severities.unwrap();
    assert_eq!((severities.sched, severities.queue, severities.rate), (None, None, None), "unknown, and not well");
    assert!(severities.mem.is_some());
    let source = &node.sources.unwrap().source[0];
    assert_eq!(source.name.as_deref(), Some("sysinfo"));
    assert!(source.reason.as_ref().unwrap().contains("run delay"), "{source:?}");
}
