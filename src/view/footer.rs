//! The last row: what is being typed, else what was refused, else the keys that work here.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{theme::Theme, widget::pen::Pen};
use crate::app::{
    Message, Playhead, Prompt, PromptKind, State, kept_word,
    keymap::{self, Action},
};

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, theme: &Theme) {
    let mut pen = Pen::new(buffer, area, 0);
    if let Some(prompt) = &state.prompt {
        draw_prompt(&mut pen, prompt, theme);
        return;
    }
    match &state.message {
        Some(Message::Notice(text)) => {
            pen.put(" · ", theme.live).put(text, theme.plain);
            return;
        }
        Some(Message::Refusal(text)) => {
            pen.put(" ! ", theme.alarm).put(text, theme.plain);
            return;
        }
        None => {}
    }
    pen.skip(1);
    if state.comparing().is_some() {
        draw_comparing(&mut pen, state, theme);
        return;
    }
    if state.held.is_some() {
        pen.put("c", theme.key).put(" compare with A  ", theme.live).put("C", theme.key).put(" forget A  ", theme.dim);
    }
    draw_time(&mut pen, state, theme);
    // The way to all other keys comes last in the table, and must not be the one that has no room.
    let help = "? help ";
    for binding in keymap::bindings(state.screen()) {
        let Some(word) = binding.footer.filter(|word| *word != "help") else { continue };
        let width = (super::text::width(binding.label) + super::text::width(word) + 3 + help.len()) as u16;
        if width <= pen.left() {
            pen.put(binding.label, theme.key).put(" ", theme.dim).put(word, theme.dim).put("  ", theme.dim);
        }
    }
    pen.put_whole("?", theme.key).put_whole(" help", theme.dim);
}

/// What is being typed, and what becomes of it.
fn draw_prompt(pen: &mut Pen<'_>, prompt: &Prompt, theme: &Theme) {
    let (sign, hint) = match prompt.kind {
        PromptKind::Filter => {
            ("/", "  text, role=chat, queue>1000, state=silent; !word: without; Enter keeps it, Esc drops it")
        }
        PromptKind::Command => {
            (":", "  quit, sort NAME, view TABLE, go PATH, interval 1s, budget 5% 10m, help; Esc leaves")
        }
        PromptKind::Jump => {
            ("to ", "  10m, 3h ago, +30s, 14:03, 14:03:27, 2026-11-23 14:03 (UTC); Enter goes there, Esc leaves")
        }
        PromptKind::Mark(_) => ("⚑ ", "  a note on the time line; Enter puts it there, Esc leaves"),
        PromptKind::Confirm(what) => {
            let word = kept_word(what);
            let asks =
                format!("show its {word}? y yes, any other key no · it may hold secrets; the agent logs who asks");
            pen.put(" ? ", theme.alarm).put(&asks, theme.plain);
            return;
        }
        PromptKind::Quit => {
            pen.put(" ? ", theme.alarm).put("end the recording and leave? y yes, any other key no", theme.plain);
            return;
        }
    };
    pen.put(" ", theme.plain).put(sign, theme.key).put(&prompt.text, theme.typed).put("▏", theme.typed);
    pen.put_whole(hint, theme.dim);
}

/// The keys of a comparison.
fn draw_comparing(pen: &mut Pen<'_>, state: &State, theme: &Theme) {
    let live = if state.playhead == Playhead::Live { ("Space", "pause") } else { ("End", "live again") };
    let keys = [
        ("Tab", "values tasks vms"),
        ("Enter", "go to it"),
        ("Esc", "out"),
        ("?", "how it is ranked"),
        ("C", "exchange"),
        ("0-4", "vital"),
        ("[ ]", "time"),
        live,
        ("J", "jump"),
        ("+ -", "zoom"),
        ("y", "copy"),
    ];
    for (label, word) in keys {
        if (super::text::width(label) + super::text::width(word) + 3) as u16 <= pen.left() {
            pen.put(label, theme.key).put(" ", theme.dim).put(word, theme.dim).put("  ", theme.dim);
        }
    }
}

/// In the past the way back, in a recording what plays it.
fn draw_time(pen: &mut Pen<'_>, state: &State, theme: &Theme) {
    if let Some(replay) = &state.replay {
        let play = if replay.is_playing { " stop  " } else { " play  " };
        for (label, word) in [("Space", play), ("( )", " speed  "), ("{ }", " marks  "), ("J", " jump  ")] {
            pen.put_whole(label, theme.key).put_whole(word, theme.live);
        }
    } else if state.playhead != Playhead::Live
        && let Some(live) = keymap::bindings(state.screen()).find(|b| b.keys.iter().any(|(_, a)| *a == Action::Live))
    {
        pen.put_whole(live.label, theme.key).put_whole(" ", theme.dim).put_whole(live.help, theme.live).skip(2);
    }
}
