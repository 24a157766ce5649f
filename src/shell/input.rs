//! From the terminal's events to what a person does.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::event::{Input, Key, Mouse, MouseKind, Stamp};

/// Two clicks within this time in one place are one double click.
const DOUBLE_US: u64 = 400_000;

/// Remembers the last click.
#[derive(Debug, Default)]
pub(super) struct Hand {
    clicked: Option<(Stamp, u16, u16)>,
}

impl Hand {
    /// What a person did; nothing for releases, moves, and keys that mean nothing here.
    pub(super) fn inputs(&mut self, at: Stamp, event: &Event) -> Vec<Input> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => of_key(key).into_iter().map(Input::Key).collect(),
            Event::Mouse(mouse) => self.mouse(at, mouse).map(Input::Mouse).into_iter().collect(),
            // The shell asks for the size itself.
            Event::Resize(..) | Event::Key(_) | Event::FocusGained | Event::FocusLost | Event::Paste(_) => Vec::new(),
        }
    }

    fn mouse(&mut self, at: Stamp, event: &MouseEvent) -> Option<Mouse> {
        let (column, row) = (event.column, event.row);
        let kind = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(at, column, row),
            MouseEventKind::ScrollUp => MouseKind::WheelUp,
            MouseEventKind::ScrollDown => MouseKind::WheelDown,
            MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
            | MouseEventKind::Up(_)
            | MouseEventKind::Drag(_)
            | MouseEventKind::Moved
            | MouseEventKind::ScrollLeft
            | MouseEventKind::ScrollRight => return None,
        };
        Some(Mouse { kind, column, row })
    }

    fn click(&mut self, at: Stamp, column: u16, row: u16) -> MouseKind {
        let is_second =
            self.clicked.is_some_and(|(first, c, r)| (c, r) == (column, row) && at.since_us(first) <= DOUBLE_US);
        // A third click begins anew.
        self.clicked = (!is_second).then_some((at, column, row));
        if is_second { MouseKind::DoubleClick } else { MouseKind::Click }
    }
}

/// On the wire, Alt and a character is Esc and the character. No key here takes Alt, and over a slow line Esc and the
/// next key come in one packet: so it is read as the two.
fn of_key(event: &KeyEvent) -> Vec<Key> {
    let is_one_byte = matches!(event.code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace);
    let before = (is_one_byte && event.modifiers.contains(KeyModifiers::ALT)).then_some(Key::Esc);
    before.into_iter().chain(plain(event)).collect()
}

fn plain(event: &KeyEvent) -> Option<Key> {
    let has_control = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char(c) if has_control => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::F(n) => Key::F(n),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
