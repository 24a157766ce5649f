//! The page as Markdown, with its pictures as files of SVG.

use super::{
    Page,
    hurt::{ABOVE, Hurt},
    line, words,
};
use crate::{app::utc, view::format};

/// Lines of a table of who hurt.
const ROWS_MAX: usize = 20;
/// Name of the picture of the time line.
const TIMELINE: &str = "timeline.svg";

/// Whether a name is one that a page gives to a picture.
pub(super) fn is_picture(name: &str) -> bool {
    name == TIMELINE || (1..=super::SHOTS_MAX).any(|n| name == screen(n))
}

/// The page, and its pictures by name; they stand in a folder beside it.
pub(super) fn page(page: &Page, folder: &str) -> (String, Vec<(String, String)>) {
    let mut text = format!("# {}\n\n", plain(&page.title));
    for (word, said) in &page.about {
        text += &format!("- **{word}**: {}\n", plain(said));
    }
    text += "\n## In short\n\n";
    let lines = words::in_short(page);
    if lines.is_empty() {
        text += &format!("Nothing was at or above {} %.\n", ABOVE[0]);
    }
    for line in &lines {
        text += &format!("- {}\n", plain(line));
    }
    let folder = folder.replace(['(', ')', '<', '>', ' '], "_");
    text += &format!("\n## Time line\n\n![time line]({folder}/{TIMELINE})\n\n{}\n", words::LEGEND);
    text += &marks(page);
    text += &hurts(page, "Nodes that hurt", &page.hurts.nodes());
    text += &hurts(page, "Tasks that hurt", &page.hurts.tasks());
    if !page.holes.is_empty() {
        text += "\n## Not recorded\n\n| from | for | of | why |\n|---|---|---|---|\n";
    }
    for hole in &page.holes {
        let (of, span) = (plain(hole.node.as_deref().unwrap_or("all")), format::span(hole.to.since_us(hole.from)));
        text += &format!("| {} | {span} | {of} | {} |\n", words::when(page, hole.from), plain(&hole.why));
    }
    let mut files = vec![(TIMELINE.to_owned(), line::svg(page))];
    if !page.shots.is_empty() {
        text += "\n## Screens\n\nWhat the dashboard showed at the marks.\n";
    }
    for (n, shot) in page.shots.iter().enumerate() {
        let name = screen(n + 1);
        text += &format!("\n### {} · {}\n\n![screen]({folder}/{name})\n", utc(shot.at), plain(&shot.title));
        files.push((name, shot.svg.clone()));
    }
    (text, files)
}

fn screen(n: usize) -> String {
    format!("screen-{n}.svg")
}

fn marks(page: &Page) -> String {
    if page.notes.is_empty() {
        return "\n## Marks\n\nNone.\n".to_owned();
    }
    let mut text = "\n## Marks\n\n| no. | when | who | where | note |\n|--:|---|---|---|---|\n".to_owned();
    for (n, note) in page.notes.iter().enumerate() {
        let nodes = plain(&super::listed(&note.nodes, 6));
        let (at, who, note) = (words::when(page, note.at), plain(words::author(note)), plain(&note.text));
        text += &format!("| {} | {at} | {who} | {nodes} | {note} |\n", n + 1);
    }
    text
}

fn hurts(page: &Page, title: &str, hurts: &[&Hurt]) -> String {
    let mut text = format!("\n## {title}\n\n");
    let [a, b, c] = ABOVE;
    if hurts.is_empty() {
        return text + &format!("None was at or above {a} %.\n");
    }
    text += &format!(
        "{}\n\n| who | ≥ {a} % | ≥ {b} % | ≥ {c} % | worst | when | what was found then |\n|---|--:|--:|--:|--:|---|---|\n",
        words::HURT
    );
    for hurt in hurts.iter().take(ROWS_MAX) {
        let [a, b, c] = hurt.above_us.map(format::span);
        text += &format!(
            "| {} | {a} | {b} | {c} | {} {} % | {} | {} |\n",
            plain(&words::who(hurt)),
            hurt.vital.word(),
            hurt.worst.percent(),
            words::when(page, hurt.at),
            plain(hurt.words.as_deref().unwrap_or("-"))
        );
    }
    let more = hurts.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        text += &format!("\n{more} more hurt less.\n");
    }
    text
}

/// Text that is nothing but text: one line, and no sign that Markdown or HTML minds.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            c if c.is_control() => plain.push(char::REPLACEMENT_CHARACTER),
            c if "\\`*_{}[]()#+!|~$".contains(c) => plain.extend(['\\', c]),
            c => plain.push(c),
        }
    }
    plain
}
