//! The page as Markdown, with its pictures as files of SVG.

use super::{
    Page,
    hurt::{ABOVE, Hurt},
    line,
};
use crate::{app::utc, view::format};

/// Lines of a table of who hurt.
const ROWS_MAX: usize = 40;
/// Name of the picture of the time line.
const TIMELINE: &str = "timeline.svg";

/// Whether a name is one that a page gives to a picture.
pub(super) fn is_picture(name: &str) -> bool {
    name == TIMELINE || (1..=super::SHOTS_MAX).any(|n| name == screen(n))
}

/// The page, and its pictures by name; they stand in a folder beside it.
pub(super) fn page(page: &Page, folder: &str) -> (String, Vec<(String, String)>) {
    let mut text = format!("# {}\n\n", plain(&page.name));
    for (word, said) in &page.about {
        text += &format!("- **{word}**: {}\n", plain(said));
    }
    let folder = folder.replace(['(', ')', '<', '>', ' '], "_");
    text += &format!(
        "\n## Time line\n\nThe worst severity of any node, by vital; numbers are marks, grey was not recorded, violet: a node \
         was silent. Times are UTC.\n\n![time line]({folder}/{TIMELINE})\n"
    );
    text += &hurts("Nodes that hurt", &page.hurts.nodes());
    text += &hurts("Tasks that hurt", &page.hurts.tasks());
    text += "\n## Marks\n\n";
    if page.notes.is_empty() {
        text += "None.\n";
    } else {
        text += "| no. | when | who | where | note |\n|---|---|---|---|---|\n";
    }
    for (n, note) in page.notes.iter().enumerate() {
        let author = note.author.as_deref().unwrap_or(if note.is_automatic { "by rule" } else { "-" });
        let nodes = super::listed(&note.nodes, 6);
        let (at, note) = (utc(note.at), plain(&note.text));
        text += &format!("| {} | {at} | {} | {} | {note} |\n", n + 1, plain(author), plain(&nodes));
    }
    if !page.holes.is_empty() {
        text += "\n## Not recorded\n\n| from | for | of | why |\n|---|---|---|---|\n";
    }
    for hole in &page.holes {
        let (of, span) = (plain(hole.node.as_deref().unwrap_or("all")), format::duration(hole.to.since_us(hole.from)));
        text += &format!("| {} | {span} | {of} | {} |\n", utc(hole.from), plain(&hole.why));
    }
    let mut files = vec![(TIMELINE.to_owned(), line::svg(page))];
    if !page.shots.is_empty() {
        text += "\n## Screens\n";
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

fn hurts(title: &str, hurts: &[&Hurt]) -> String {
    let mut text = format!("\n## {title}\n\n");
    if hurts.is_empty() {
        return text + &format!("None was above {} %.\n", ABOVE[0]);
    }
    let [a, b, c] = ABOVE;
    text += &format!(
        "| who | ≥ {a} % | ≥ {b} % | ≥ {c} % | worst | when | what was found then |\n|---|--:|--:|--:|--:|---|---|\n"
    );
    for hurt in hurts.iter().take(ROWS_MAX) {
        let who = if hurt.task.is_empty() { hurt.node.clone() } else { format!("{} on {}", hurt.task, hurt.node) };
        let [a, b, c] = hurt.above_us.map(format::duration);
        text += &format!(
            "| {} | {a} | {b} | {c} | {} {} % | {} | {} |\n",
            plain(&who),
            hurt.vital.word(),
            hurt.worst.percent(),
            utc(hurt.at),
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
