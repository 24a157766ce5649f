use super::*;
use crate::event::Stream;

fn line(address: &str) -> Line {
    let interest = Control::Interest { node: NodeId::new(address), stream: Stream::Overview, interval_ms: 1_000 };
    Line::new(address.into(), interest)
}

#[test]
fn a_node_whose_address_was_given_to_another_is_no_twin_where_it_answers_now() {
    let (entries, _heard) = mpsc::channel(1);
    let (asks, _asked) = mpsc::channel(1);
    let options = Options { viewer: "a test".into(), ..Options::default() };
    let branches = Branches::new(options, Clock::system(), entries.clone(), asks);
    let lines = vec![line("a"), line("b"), line("c")];
    let mut router = Router::new(lines, Pace::new(500), (entries, Clock::system()), branches);
    let [x, y] = ["x", "y"].map(NodeId::new);
    assert!(router.described(0, x.clone(), 1).is_none());
    router.answer(Ask::Closed { link: 0 });
    assert!(router.described(0, y, 2).is_none());
    assert!(router.described(1, x.clone(), 3).is_none(), "another node answers at its old address");
    let twin = router.described(2, x, 4).expect("two call themselves so now");
    assert_eq!((&*twin.address, twin.is_same_agent), ("b", false));
}
