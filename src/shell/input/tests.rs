use super::*;

fn keys(code: KeyCode, modifiers: KeyModifiers) -> Vec<Input> {
    Hand::default().inputs(Stamp(0), &Event::Key(KeyEvent::new(code, modifiers)))
}

fn clicks(clicks: &[(u64, u16, u16)]) -> Vec<MouseKind> {
    let mut hand = Hand::default();
    let one = |(ms, column, row): &(u64, u16, u16)| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let event = Event::Mouse(MouseEvent { kind, column: *column, row: *row, modifiers: KeyModifiers::NONE });
        match &hand.inputs(Stamp(ms * 1_000), &event)[..] {
            [Input::Mouse(mouse)] => mouse.kind,
            other => panic!("{other:?}"),
        }
    };
    clicks.iter().map(one).collect()
}

#[test]
fn keys_keep_their_meaning() {
    let check = |code, modifiers, expected| assert_eq!(keys(code, modifiers), [Input::Key(expected)]);
    check(KeyCode::Char('j'), KeyModifiers::NONE, Key::Char('j'));
    check(KeyCode::Char('G'), KeyModifiers::SHIFT, Key::Char('G'));
    check(KeyCode::Char('C'), KeyModifiers::CONTROL, Key::Ctrl('c'));
    check(KeyCode::BackTab, KeyModifiers::SHIFT, Key::BackTab);
    check(KeyCode::F(1), KeyModifiers::NONE, Key::F(1));
    assert_eq!(keys(KeyCode::CapsLock, KeyModifiers::NONE), []);
}

#[test]
fn esc_and_a_key_in_one_packet_are_two_keys() {
    let both = [Input::Key(Key::Esc), Input::Key(Key::Char('q'))];
    assert_eq!(keys(KeyCode::Char('q'), KeyModifiers::ALT), both);
}

#[test]
fn a_release_is_no_key() {
    let event = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
    assert_eq!(Hand::default().inputs(Stamp(0), &Event::Key(event)), []);
}

#[test]
fn two_clicks_within_400_ms_in_one_place_are_a_double_click() {
    use MouseKind::{Click, DoubleClick};
    assert_eq!(clicks(&[(0, 1, 1), (400, 1, 1)]), [Click, DoubleClick]);
    assert_eq!(clicks(&[(0, 1, 1), (401, 1, 1)]), [Click, Click]);
    assert_eq!(clicks(&[(0, 1, 1), (100, 1, 2)]), [Click, Click]);
    assert_eq!(clicks(&[(0, 1, 1), (100, 1, 1), (200, 1, 1)]), [Click, DoubleClick, Click]);
}
