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
    /// What a person did; `None` for what means nothing here: releases, moves, keys that nobody has.
    pub(super) fn input(&mut self, at: Stamp, event: &Event) -> Option<Input> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => of_key(key).map(Input::Key),
            Event::Mouse(mouse) => self.mouse(at, mouse).map(Input::Mouse),
            Event::Resize(columns, rows) => Some(Input::Resize(*columns, *rows)),
            Event::Key(_) | Event::FocusGained | Event::FocusLost | Event::Paste(_) => None,
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

fn of_key(event: &KeyEvent) -> Option<Key> {
    let has_control = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char(c) if has_control => Key::Ctrl(c.to_ascii_lowercase()),
        // Alt and a letter is another key than the letter, and none of ours.
        KeyCode::Char(_) if event.modifiers.contains(KeyModifiers::ALT) => return None,
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
