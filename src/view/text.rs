//! Text from outside on its way to a cell: what could steer a terminal is made visible, what is too wide is cut.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text with control characters, escape sequences, bidi controls and invisible characters made visible.
///
/// C0 becomes its control picture (`␛`), everything else its number (`<202e>`). Names are data: an escape sequence in
/// one must not reach the terminal, and two names that differ must not look alike because the difference has no width.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\u{0}'..='\u{1f}' => visible.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => visible.push('␡'),
            c if is_hidden(c) => visible.push_str(&format!("<{:x}>", u32::from(c))),
            c => visible.push(c),
        }
    }
    Cow::Owned(visible)
}

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to a width; what was cut is shown by `…`.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// The text cut to a width between two words, so that no number loses its unit or its last digits; `…` shows that it was cut.
pub fn cut_words(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let is_room = |at: usize| text[..at].width() < columns;
    let end = text.match_indices(' ').map(|(at, _)| at).take_while(|at| is_room(*at)).last();
    match end {
        // Little would be left of one long word.
        Some(end) if text[..end].width() * 2 > columns => {
            Cow::Owned(format!("{}…", text[..end].trim_end_matches([',', ';', ':'])))
        }
        Some(_) | None => cut(text, columns),
    }
}

/// The text cut to a width at its start, for what tells most at its end: paths, addresses.
pub fn cut_start(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut start = text.len();
    let mut used = 1;
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        start = at;
    }
    let sign = if columns > 0 { "…" } else { "" };
    Cow::Owned(format!("{sign}{}", &text[start..]))
}

/// On which side of a column a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Names.
    Left,
    /// Numbers.
    Right,
}

/// The text cut or filled to exactly a width.
pub fn fit(text: &str, columns: usize, align: Align) -> String {
    let text = cut(text, columns);
    let fill = " ".repeat(columns.saturating_sub(text.width()));
    match align {
        Align::Left => format!("{text}{fill}"),
        Align::Right => format!("{fill}{text}"),
    }
}

/// Whether a character steers a terminal, turns the direction of writing, or is not seen at all.
fn is_hidden(c: char) -> bool {
    // Accents have no width either, but belong to names; what is left without width only hides things.
    let is_accent = matches!(c, '\u{300}'..='\u{36f}');
    c.is_control()
        || (!is_accent && c.width() == Some(0))
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
