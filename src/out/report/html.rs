//! The page as one file of HTML: no script, nothing from elsewhere, light and dark, and on paper.

use super::{
    Page,
    hurt::{ABOVE, Hurt},
    line,
};
use crate::{
    app::utc,
    view::{format, svg::escaped},
};

/// Lines of a table of who hurt.
const ROWS_MAX: usize = 40;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1d23;background:#fff}\
h1,h2{line-height:1.2}h2{margin-top:2.2rem;border-bottom:1px solid #8884}\
table{border-collapse:collapse;width:100%;font-size:14px}\
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #8883;overflow-wrap:anywhere}\
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}td.t{white-space:nowrap}\
svg{max-width:100%;height:auto;display:block}figure{margin:1.5rem 0;break-inside:avoid}figcaption{font-weight:600}\
.dim{color:#888}\
@media (prefers-color-scheme:dark){body{color:#d8dae0;background:#15171c}}\
@media print{body{margin:0;max-width:none;color:#000;background:#fff}tr{break-inside:avoid}}";

/// The page.
pub(super) fn page(page: &Page) -> String {
    let name = escaped(&page.name);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{name}</h1>\n<table>\n"
    );
    for (word, text) in &page.about {
        html += &format!("<tr><th>{word}</th><td>{}</td></tr>\n", escaped(text));
    }
    html += "</table>\n<h2>Time line</h2>\n<p class=\"dim\">The worst severity of any node, by vital; numbers are marks, grey was \
             not recorded, violet: a node was silent. Times are UTC.</p>\n";
    html += &line::svg(page);
    html += &hurts("Nodes that hurt", &page.hurts.nodes());
    html += &hurts("Tasks that hurt", &page.hurts.tasks());
    html += &notes(page);
    html += &holes(page);
    if !page.shots.is_empty() {
        html += "<h2>Screens</h2>\n";
    }
    for shot in &page.shots {
        let (at, title) = (utc(shot.at), escaped(&shot.title));
        html += &format!("<figure><figcaption>{at} · {title}</figcaption>\n{}</figure>\n", shot.svg);
    }
    html += "</body>\n</html>\n";
    html
}

fn hurts(title: &str, hurts: &[&Hurt]) -> String {
    if hurts.is_empty() {
        return format!("<h2>{title}</h2>\n<p>None was above {} %.</p>\n", ABOVE[0]);
    }
    let mut html = format!("<h2>{title}</h2>\n<table>\n<tr><th>who</th>");
    for percent in ABOVE {
        html += &format!("<th class=\"n\">≥ {percent} %</th>");
    }
    html += "<th class=\"n\">worst</th><th>when</th><th>what was found then</th></tr>\n";
    for hurt in hurts.iter().take(ROWS_MAX) {
        let who = if hurt.task.is_empty() { hurt.node.clone() } else { format!("{} on {}", hurt.task, hurt.node) };
        html += &format!("<tr><td>{}</td>", escaped(&who));
        for us in hurt.above_us {
            html += &format!("<td class=\"n\">{}</td>", format::duration(us));
        }
        html += &format!(
            "<td class=\"n\">{} {} %</td><td class=\"t\">{}</td><td>{}</td></tr>\n",
            hurt.vital.word(),
            hurt.worst.percent(),
            utc(hurt.at),
            escaped(hurt.words.as_deref().unwrap_or("-"))
        );
    }
    html += "</table>\n";
    html + &more(hurts.len().saturating_sub(ROWS_MAX), "who hurt less")
}

fn notes(page: &Page) -> String {
    if page.notes.is_empty() {
        return "<h2>Marks</h2>\n<p>None.</p>\n".to_owned();
    }
    let mut html = "<h2>Marks</h2>\n<table>\n<tr><th class=\"n\">no.</th><th>when</th><th>who</th><th>where</th>\
                    <th>note</th></tr>\n"
        .to_owned();
    for (n, note) in page.notes.iter().enumerate() {
        html += &format!(
            "<tr><td class=\"n\">{}</td><td class=\"t\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            n + 1,
            utc(note.at),
            escaped(note.author.as_deref().unwrap_or(if note.is_automatic { "by rule" } else { "-" })),
            escaped(&super::listed(&note.nodes, 6)),
            escaped(&note.text)
        );
    }
    html += "</table>\n";
    html + &more(page.n_notes.saturating_sub(page.notes.len()), "marks that are not listed")
}

fn holes(page: &Page) -> String {
    if page.holes.is_empty() {
        return String::new();
    }
    let mut html =
        "<h2>Not recorded</h2>\n<table>\n<tr><th>from</th><th>for</th><th>of</th><th>why</th></tr>\n".to_owned();
    for hole in &page.holes {
        html += &format!(
            "<tr><td class=\"t\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            utc(hole.from),
            format::duration(hole.to.since_us(hole.from)),
            escaped(hole.node.as_deref().unwrap_or("all")),
            escaped(&hole.why)
        );
    }
    html + "</table>\n"
}

fn more(n: usize, of: &str) -> String {
    if n > 0 { format!("<p class=\"dim\">{n} more {of}.</p>\n") } else { String::new() }
}
