//! What a role may do, whatever the control is called.

use midair_proto::v1::{Budget, InspectRequest, Keeps, MarkRequest, TraceRequest};
use midair_tls::Role;

use super::*;

#[test]
fn a_viewer_looks_and_changes_nothing_and_an_operator_may() {
    let mut bench = Bench::new();
    bench.tick_with(|_| {});
    let (mut viewer, mut operator) =
        (bench.join_as(Access::As(Role::Viewer)), bench.join_as(Access::As(Role::Operator)));
    bench.interest(&viewer, Stream::Detail, 250);
    assert!(viewer.events().iter().any(|event| matches!(event, Kind::Sample(_))), "it looks");
    let controls = || {
        [
            control::Kind::Budget(Budget { milli: Some(1_000), seconds: Some(600) }),
            control::Kind::Mark(MarkRequest { text: Some("here".into()), ..MarkRequest::default() }),
            control::Kind::Trace(TraceRequest::default()),
            control::Kind::Inspect(InspectRequest { what: Some(Keeps::State.into()), ..InspectRequest::default() }),
        ]
    };
    for kind in controls() {
        bench.ask(&viewer, kind.clone());
        let refusals = viewer.refusals();
        assert!(refusals.len() == 1 && refusals[0].contains("operator"), "{kind:?}: {refusals:?}");
    }
    assert_eq!(bench.desk.governor.raised_until_us(), None, "a viewer makes no agent exceed its budget");
    for kind in controls() {
        bench.ask(&operator, kind);
    }
    assert!(bench.desk.governor.raised_until_us().is_some());
    let refusals = operator.refusals();
    assert!(refusals.iter().all(|words| !words.contains("operator")), "{refusals:?}");
}
