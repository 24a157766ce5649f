use super::*;

fn through_a_recording(item: Item) -> Option<Item> {
    let recorded = Recorded { at_us: 7, wall_us: 7, is_standing: false, body: body(&item)? };
    entry(recorded).map(|entry| entry.item)
}

/// A minute before it was noticed, or a loss where it was.
fn gap(node: Option<&str>, n_lost: Option<u64>) -> Gap {
    let from = if n_lost.is_some() { Stamp(7) } else { Stamp(1) };
    Gap { node: node.map(NodeId::new), from, to: Stamp(7), n_lost, why: "the agent was stopped".into() }
}

#[test]
fn losses_come_out_where_they_stand() {
    let item = Item::Gap(gap(None, Some(3)));
    assert_eq!(through_a_recording(item.clone()), Some(item));
}

#[test]
fn a_gap_in_wall_time_is_one_on_the_clock_of_the_recording() {
    let body = Body::Gap(RecordedGap { from_us: Some(900), to_us: Some(950), ..RecordedGap::default() });
    let told = entry(Recorded { at_us: 100, wall_us: 1_000, is_standing: false, body }).map(|entry| entry.item);
    let Some(Item::Gap(gap)) = told else { panic!("{told:?}") };
    assert_eq!((gap.from, gap.to), (Stamp(0), Stamp(50)));
}

#[test]
fn what_goes_in_comes_out() {
    let link = |state| Item::Link(Link { address: "10.0.0.7:7070".into(), state });
    let causes = [
        Cause::Refused,
        Cause::Timeout,
        Cause::Reset,
        Cause::Name,
        Cause::Protocol,
        Cause::Version,
        Cause::Denied,
        Cause::Conflict,
    ];
    let down = |cause| LinkState::Down { cause, reason: "why".into(), retry_at: Stamp(9) };
    let mut items = vec![
        Item::Envelope(
            "a".into(),
            Arc::new(Envelope { seq: Some(3), payload: Some(vec![1, 2].into()), ..Envelope::default() }),
        ),
        link(LinkState::Connecting),
        link(LinkState::Up { note: "unix".into() }),
        link(LinkState::Left { reason: "gone".into() }),
        Item::Clock("a".into(), -5, 3, true),
        Item::Gap(gap(Some("a"), None)),
        Item::Gap(gap(None, None)),
        Item::Tick,
        Item::Reset,
        Item::Input(Input::Resize(80, 24)),
    ];
    items.extend(causes.into_iter().map(|cause| link(down(cause))));
    for item in items {
        assert_eq!(through_a_recording(item.clone()), Some(item));
    }
}

#[test]
fn every_key_and_click_comes_out_as_it_went_in() {
    let chars = ['a', 'Z', 'F', '+', ' ', 'é', '語'];
    let keys = KEYS.iter().map(|(key, _)| *key).chain((1..=12).map(Key::F));
    let keys = keys.chain(chars.map(Key::Char)).chain(['c', 'z', 'u'].map(Key::Ctrl));
    for key in keys {
        let item = Item::Input(Input::Key(key));
        assert_eq!(through_a_recording(item.clone()), Some(item));
    }
    for (kind, _) in MOUSE {
        let item = Item::Input(Input::Mouse(Mouse { kind, column: 3, row: 65_535 }));
        assert_eq!(through_a_recording(item.clone()), Some(item));
    }
}

#[test]
fn what_is_not_for_the_screen_or_not_understood_is_passed_over() {
    let recorded = |body| Recorded { at_us: 7, wall_us: 7, is_standing: false, body };
    let strange = RecordedInput { key: Some("Hyper+x".into()), ..RecordedInput::default() };
    let nobody = RecordedLink { state: Some(WireState::Up.into()), ..RecordedLink::default() };
    for body in [
        Body::Unknown { kind: 99, bytes: vec![1].into() },
        Body::Input(strange),
        Body::Input(RecordedInput::default()),
        Body::Link(nobody),
        Body::Envelope { link: "a".into(), bytes: vec![255, 255].into() },
    ] {
        assert_eq!(entry(recorded(body.clone())), None, "{body:?}");
    }
}
