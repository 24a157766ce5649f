//! What is damaged is told where it was, and the rest is told.

use midair_agent::Clock;
use midair_proto::v1::{Envelope, HistoryRequest, Lost, Payload, RecordingHeader, Sample, payload::Kind};
use midair_recording::{Bounds, Options, Reader, Ring};
use prost::Message;
use tempfile::TempDir;

use super::{history, kept_in};
use crate::host::{agent_with, embedded};

const SECOND_US: u64 = 1_000_000;

#[tokio::test]
async fn a_past_range_tells_of_damage_within_it() {
    let folder = TempDir::new().unwrap();
    let from_us = Clock::system().wall_us() - 3_600 * SECOND_US;
    let mut ring =
        Ring::open(Some(folder.path()), RecordingHeader::default(), Bounds::default(), Options::default(), 7);
    for n in 1..=180 {
        let (mono_us, wall_us) = (n * SECOND_US, from_us + n * SECOND_US);
        if ring.needs_block(mono_us) {
            ring.begin_block(mono_us, wall_us);
        }
        let payload = Payload { kind: Some(Kind::Sample(Sample::default())) }.encode_to_vec().into();
        let (mono_us, wall_us, seq) = (Some(mono_us), Some(wall_us), Some(n));
        let envelope = Envelope { mono_us, wall_us, seq, payload: Some(payload), ..Envelope::default() };
        ring.envelope(n * SECOND_US, from_us + n * SECOND_US, &envelope.encode_to_vec());
        ring.flush();
    }
    drop(ring);
    let file = folder.path().join("000000000000.midair");
    let mut bytes = std::fs::read(&file).unwrap();
    let blocks = Reader::open(std::io::Cursor::new(&bytes)).unwrap().blocks().to_vec();
    assert_eq!(blocks.len(), 3);
    // Somewhere in the middle of the second of three.
    let middle = usize::try_from((blocks[1].offset + blocks[2].offset) / 2).unwrap();
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    let agent = agent_with(1, kept_in(folder.path()));
    let mut client = embedded(&agent).await;
    let (to_us, from_us) = (Some(from_us + 300 * SECOND_US), Some(from_us));
    let all = history(&mut client, HistoryRequest { from_us, to_us, ..HistoryRequest::default() }).await;
    let n = all.iter().position(|(_, kind)| matches!(kind, Kind::Lost(_))).expect("damage is told");
    assert_eq!(all[n].1, Kind::Lost(Lost { n_samples: None }));
    let (before, lost, after) = (&all[n - 1].0, &all[n].0, &all[n + 1].0);
    assert_eq!((lost.wall_us, lost.mono_us), (before.wall_us, before.mono_us));
    assert!((61..120).contains(&before.seq()) && after.seq() == 121, "{} and {}", before.seq(), after.seq());
    assert_eq!(all.last().unwrap().0.seq(), 180);
}
