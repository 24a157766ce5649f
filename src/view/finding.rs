//! What is wrong: one line on every screen, and all of it in an overlay.

use midair_vitals::{Severity, Unit};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    format, panel, text,
    theme::{Level, Theme},
    widget::pen::Pen,
};
use crate::{
    app::{
        Chosen, FindingPlaces, State,
        screen::{Scope, Screen},
        subjects,
    },
    event::Health,
    model::{
        Finding,
        finding::{Lead, Subject},
        why,
        words::Part,
    },
};

/// A finding as a sentence.
pub fn sentence(finding: &Finding) -> String {
    words(&finding.parts)
}

/// Pieces of a sentence as one.
pub fn words(parts: &[Part]) -> String {
    parts.iter().map(part).collect()
}

fn part(part: &Part) -> String {
    match part {
        Part::Words(words) => (*words).to_owned(),
        Part::Name(name) => text::clean(name).into_owned(),
        Part::Amount(n, unit) => format::amount_with_unit(Some(*n), *unit),
        Part::Growth(n, unit) => format!("{}{}/s", format::amount_growth(Some(*n), *unit), byte_sign(*unit)),
        Part::Count(n) => format::count(Some(*n)),
        Part::Number(n) => format::number(Some(*n)),
        Part::Cores(n) => format!("{} cores", format::number(Some(*n))),
        Part::Latency(seconds) => format::delay(Some(*seconds)),
        Part::Share(share) => format::percent_sign(Some(*share)),
        Part::Delay(seconds) => format!("{}/s", format::delay(Some(*seconds))),
        Part::Time(us) => format::duration(*us),
    }
}

/// Growth stands behind an amount that has told its unit; bytes tell it again, for they count in another base.
fn byte_sign(unit: Unit) -> &'static str {
    if unit == Unit::Bytes { "B" } else { "" }
}

/// What stands in the line: how bad it is, and the words.
type Told = (Severity, String);

/// What the line tells, in its order. On the screen of a task why it does not get on comes first, and what else is wrong with
/// it before what is wrong beside it.
fn told(state: &State, findings: &[Finding]) -> Vec<Told> {
    let of = |finding: &Finding| (finding.severity, sentence(finding));
    let about = |finding: &&Finding| match state.screen() {
        Screen::Task(_, task) => finding.is_about(*task),
        Screen::Scope(_, Scope::Cgroup(path)) => finding.lead == Lead::Cgroup(path.clone()),
        Screen::Scope(_, Scope::Namespace(inode)) => finding.lead == Lead::Namespace(*inode),
        // Of a VM's findings those that lead elsewhere are about one of its processes.
        Screen::Vm(_, runtime) => match &finding.lead {
            Lead::Vm(of) | Lead::Schedulers(of) | Lead::Links(of) | Lead::Functions(of) => of == runtime,
            Lead::Task(task) => task.runtime == *runtime,
            Lead::Node | Lead::Cgroup(_) | Lead::Namespace(_) | Lead::Host => false,
        },
        Screen::Cluster | Screen::Node(_) => true,
    };
    let why = state.node().zip(state.task()).and_then(|(node, task)| why::why(node, task, state.focus()));
    let (mut mine, beside): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(about);
    if let Some(why) = &why {
        // The same said twice is said less well.
        mine.retain(|finding| finding.vital != why.vital);
    }
    let why = why.map(|why| (why.severity, words(&why.parts)));
    why.into_iter().chain(mine.into_iter().chain(beside).map(of)).collect()
}

/// Whether a source of a node that this screen speaks of does not read all that it could.
fn is_in_part(state: &State) -> bool {
    let nodes = state.node().map_or_else(|| state.model.nodes.values().collect(), |node| vec![node]);
    let mut sources = nodes.iter().filter_map(|node| node.latest.as_ref()).flat_map(|latest| &latest.sources);
    sources.any(|source| source.health != Health::Ok)
}

/// Draws the line: as much as fits, the worst first, and how many more findings there are.
pub fn draw_line(buffer: &mut Buffer, area: Rect, state: &State, findings: &[Finding], theme: &Theme) {
    let mut pen = Pen::new(buffer, area, 0);
    if let Some(words) = looked(state) {
        pen.put("… ", theme.alarm);
        let room = usize::from(pen.left());
        pen.put(&text::cut_words(&words, room), theme.plain);
        return;
    }
    let told = told(state, findings);
    if told.is_empty() {
        let is_measured = state.model.nodes.values().any(|n| n.latest.is_some() || n.brief.is_some());
        let words = match (is_measured, is_in_part(state)) {
            (false, _) => "nothing measured yet",
            (true, false) => "nothing found: no task waits long, memory, queues and rates are well",
            (true, true) => "nothing found in what is read; not all is: the sources say what is missing",
        };
        pen.skip(1).put(words, theme.dim);
        return;
    }
    let mut n_shown = 0;
    for (severity, sentence) in &told {
        let level = Level::of(Some(*severity));
        let more = n_more(told.len() - n_shown).len();
        let left = usize::from(pen.left()).saturating_sub(more);
        if n_shown > 0 && text::width(sentence) + 3 > left {
            break;
        }
        if n_shown == 0 {
            pen.put(if level.sign() == " " { "·" } else { level.sign() }, theme.level(level)).put(" ", theme.plain);
        } else {
            pen.put(" · ", theme.border);
        }
        let more = if told.len() > n_shown + 1 { more } else { 0 };
        let room = usize::from(pen.left()).saturating_sub(more);
        pen.put(&text::cut_words(sentence, room), if n_shown == 0 { theme.level_or_plain(level) } else { theme.plain });
        n_shown += 1;
    }
    let n_left = told.len() - n_shown;
    if n_left > 0 {
        let more = n_more(n_left);
        let (words, key) = more.split_at(more.len() - 2);
        pen.put_right(&[(words.to_owned(), theme.dim), (key.to_owned(), theme.key)]);
    }
}

/// What is asked of black boxes, and what they cannot tell.
fn looked(state: &State) -> Option<String> {
    let words = state.looked.as_ref()?.words(&format::clock(state.now()), format::clock)?;
    Some(text::clean(&words).into_owned())
}

/// That there are more findings than the line has room for, and the key that shows them.
fn n_more(n: usize) -> String {
    format!(" +{n} more: f ")
}

/// Draws all of them over the screen.
pub fn draw_overlay(
    buffer: &mut Buffer,
    area: Rect,
    state: &State,
    (findings, chosen): (&[Finding], &Chosen<Subject>),
    theme: &Theme,
) {
    let selected = chosen.position(&subjects(findings));
    let title = [
        (format!(" {} found · worst first ", findings.len()), theme.title),
        ("· Enter goes there, Esc closes ".to_owned(), theme.dim),
    ];
    let inside = panel::frame(buffer, area, &title, theme);
    if findings.is_empty() {
        let words = match is_in_part(state) {
            false => "nothing found: no node is silent, no task waits long, memory, queues and rates are well",
            true => "nothing found in what is read; not all is: the sources of the nodes say what is missing",
        };
        panel::empty(buffer, inside, words, theme);
    }
    let places = FindingPlaces::new(state.size, selected);
    let columns = usize::from(inside.width.saturating_sub(INDENT + 1)).max(1);
    let mut place = inside;
    for (n, finding) in findings.iter().enumerate().skip(places.first) {
        if place.is_empty() {
            break;
        }
        let mut lines = panel::wrapped(&sentence(finding), columns);
        if lines.len() > usize::from(places.n_lines) {
            lines.truncate(usize::from(places.n_lines));
            lines
                .last_mut()
                .into_iter()
                .for_each(|line| *line = text::cut_words(&format!("{line} …"), columns).into_owned());
        }
        let used = places.n_lines.min(place.height);
        draw_one(buffer, Rect { height: used, ..place }, finding, &lines, n == selected, theme);
        place = Rect { y: place.y + used, height: place.height - used, ..place };
    }
}

/// Columns before a sentence: selection, severity, vital.
const INDENT: u16 = 15;

fn draw_one(buffer: &mut Buffer, area: Rect, finding: &Finding, lines: &[String], is_selected: bool, theme: &Theme) {
    let level = Level::of(Some(finding.severity));
    let mut pen = Pen::new(buffer, area, 0);
    pen.put(if is_selected { "▶" } else { " " }, theme.key);
    pen.put(&format!("{}{:>4} % ", level.sign(), format::severity(Some(finding.severity))), theme.level(level));
    let vital = finding.vital.map_or(("node", theme.alarm), |v| (v.word(), theme.vital(v)));
    pen.put(&text::fit(vital.0, 6, text::Align::Left), vital.1);
    for (row, line) in (0..area.height).zip(lines) {
        Pen::new(buffer, area, row).skip(INDENT).put(line, theme.plain);
        if is_selected {
            buffer.set_style(Rect { y: area.y + row, height: 1, ..area }, theme.selected);
        }
    }
}
