//! The page as one file of HTML: no script, nothing from elsewhere, light and dark, and on paper.

use super::{
    Page,
    hurt::{ABOVE, Hurt},
    line, words,
};
use crate::{
    app::utc,
    view::{format, svg::escaped},
};

/// Lines of a table of who hurt that are seen at once, and in all.
const SEEN: usize = 12;
const ROWS_MAX: usize = 100;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1d23;background:#fff}\
h1,h2{line-height:1.2;overflow-wrap:anywhere}h2{margin-top:2.2rem;border-bottom:1px solid #8884;break-after:avoid}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}.about{font-size:13px}\
th,td{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-bottom:1px solid #8883}\
td.w,.about td{overflow-wrap:anywhere;min-width:12rem}.about th{white-space:nowrap;width:8rem}td.who{min-width:14rem;overflow-wrap:anywhere}\
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}td.t{white-space:nowrap}\
svg{width:100%;min-width:44rem;height:auto;display:block}\
figure{margin:1.5rem 0;break-inside:avoid}figcaption{font-weight:600}\
@media (max-width:45rem){body{padding:0 .6rem}th,td{padding-right:.5rem}td.w,.about td{min-width:9rem}td.who{min-width:10rem}}\
.dim{color:#767676}summary{cursor:pointer;padding:.4rem 0}\
@media (prefers-color-scheme:dark){body{color:#d8dae0;background:#15171c}.dim{color:#9a9a9a}}\
@media print{:root{color-scheme:light}body{margin:0;max-width:none;color:#000;background:#fff;font-size:11pt}\
table{font-size:9pt}th,td{padding-right:.5rem}td.w,td.who,.about td{min-width:0}tr{break-inside:avoid}svg{min-width:0}.wide{overflow:visible}}";

/// The page.
pub(super) fn page(page: &Page) -> String {
    let title = escaped(&page.title);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n<table class=\"about\">\n"
    );
    for (word, text) in &page.about {
        html += &format!("<tr><th>{word}</th><td>{}</td></tr>\n", escaped(text));
    }
    html += "</table>\n<h2>In short</h2>\n";
    html += &match words::in_short(page).iter().map(|line| format!("<li>{}</li>\n", escaped(line))).collect::<String>()
    {
        none if none.is_empty() => format!("<p>Nothing was at or above {} %.</p>\n", ABOVE[0]),
        lines => format!("<ul>\n{lines}</ul>\n"),
    };
    html += &format!(
        "<h2>Time line</h2>\n<div class=\"wide\">\n{}</div>\n<p class=\"dim\">{}</p>\n",
        line::svg(page),
        words::LEGEND
    );
    html += &notes(page);
    html += &hurts(page, "Nodes that hurt", &page.hurts.nodes());
    html += &hurts(page, "Tasks that hurt", &page.hurts.tasks());
    html += &holes(page);
    if !page.shots.is_empty() {
        html += "<h2>Screens</h2>\n<p class=\"dim\">What the dashboard showed at the marks.</p>\n";
    }
    for shot in &page.shots {
        let (at, title) = (utc(shot.at), escaped(&shot.title));
        let svg = &shot.svg;
        html += &format!("<figure><figcaption>{at} · {title}</figcaption>\n<div class=\"wide\">{svg}</div></figure>\n");
    }
    html += "</body>\n</html>\n";
    html
}

fn hurts(page: &Page, title: &str, hurts: &[&Hurt]) -> String {
    if hurts.is_empty() {
        return format!("<h2>{title}</h2>\n<p>None was at or above {} %.</p>\n", ABOVE[0]);
    }
    let mut html = format!("<h2>{title}</h2>\n<p class=\"dim\">{}</p>\n", words::HURT);
    let (seen, rest) = hurts.split_at(hurts.len().min(SEEN));
    html += &table(page, seen);
    if !rest.is_empty() {
        let listed = &rest[..rest.len().min(ROWS_MAX - SEEN)];
        html += &format!("<details><summary>{} more hurt less</summary>\n{}", rest.len(), table(page, listed));
        html += &more(rest.len() - listed.len(), "that are not listed");
        html += "</details>\n";
    }
    html
}

fn table(page: &Page, hurts: &[&Hurt]) -> String {
    let mut html = "<div class=\"wide\"><table>\n<tr><th>who</th>".to_owned();
    for percent in ABOVE {
        html += &format!("<th class=\"n\">≥ {percent} %</th>");
    }
    html += "<th class=\"n\">worst</th><th>when</th><th>what was found then</th></tr>\n";
    for hurt in hurts {
        html += &format!("<tr><td class=\"who\">{}</td>", escaped(&words::who(hurt)));
        for us in hurt.above_us {
            html += &format!("<td class=\"n\">{}</td>", format::span(us));
        }
        html += &format!(
            "<td class=\"n\">{} {} %</td><td class=\"t\">{}</td><td class=\"w\">{}</td></tr>\n",
            hurt.vital.word(),
            hurt.worst.percent(),
            words::when(page, hurt.at),
            escaped(hurt.words.as_deref().unwrap_or("-"))
        );
    }
    html + "</table></div>\n"
}

fn notes(page: &Page) -> String {
    if page.notes.is_empty() {
        return "<h2>Marks</h2>\n<p>None.</p>\n".to_owned();
    }
    let mut html = "<h2>Marks</h2>\n<div class=\"wide\"><table>\n<tr><th class=\"n\">no.</th><th>when</th><th>who</th>\
                    <th>where</th><th>note</th></tr>\n"
        .to_owned();
    for (n, note) in page.notes.iter().enumerate() {
        html += &format!(
            "<tr><td class=\"n\">{}</td><td class=\"t\">{}</td><td>{}</td><td>{}</td><td class=\"w\">{}</td></tr>\n",
            n + 1,
            words::when(page, note.at),
            escaped(words::author(note)),
            escaped(&super::listed(&note.nodes, 6)),
            escaped(&note.text)
        );
    }
    html += "</table></div>\n";
    html + &more(page.n_notes.saturating_sub(page.notes.len()), "marks that are not listed")
}

fn holes(page: &Page) -> String {
    if page.holes.is_empty() {
        return String::new();
    }
    let mut html = "<h2>Not recorded</h2>\n<div class=\"wide\"><table>\n<tr><th>from</th><th>for</th><th>of</th>\
                    <th>why</th></tr>\n"
        .to_owned();
    for hole in &page.holes {
        html += &format!(
            "<tr><td class=\"t\">{}</td><td class=\"t\">{}</td><td>{}</td><td class=\"w\">{}</td></tr>\n",
            words::when(page, hole.from),
            format::span(hole.to.since_us(hole.from)),
            escaped(hole.node.as_deref().unwrap_or("all")),
            escaped(&hole.why)
        );
    }
    html + "</table></div>\n"
}

fn more(n: usize, of: &str) -> String {
    if n > 0 { format!("<p class=\"dim\">{n} more {of}.</p>\n") } else { String::new() }
}
