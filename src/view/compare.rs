//! What is different between two sides: who they are with their four vitals, and below a table of what changed most.

use std::sync::Arc;

use midair_vitals::{Severity, Unit};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    widgets::{Clear, Widget},
};

use super::{
    format, panel,
    text::{self, Align},
    theme::{Level, Theme},
    widget::{meter, pen::Pen},
};
use crate::{
    app::{Comparing, Playhead, Side, State, compared_keys, labels, layout::Areas},
    model::{
        Vital,
        compare::{Change, Measure, Of, Portrait, Row, Spread, Topic},
    },
};

/// Columns of the names of the sides, narrow and wide.
const SIDES: (u16, u16) = (36, 52);

/// Rows of the vitals: names, side A, side B.
const HEAD: u16 = 3;

/// A score that fills the bar.
const FULL: f64 = 5.0;

/// Draws it between the header and the time line.
pub fn draw(buffer: &mut Buffer, areas: &Areas, state: &State, comparing: &Comparing, theme: &Theme) {
    let bottom = if areas.timeline.is_empty() { areas.footer.y } else { areas.timeline.y };
    let top = areas.header.y + areas.header.height;
    let area = Rect { x: 0, y: top, width: state.size.0, height: bottom.saturating_sub(top) };
    let area = area.intersection(*buffer.area());
    Clear.render(area, buffer);
    let topics: &[Topic] = match comparing.topic {
        Topic::Values => &[Topic::Values],
        Topic::Tasks | Topic::Vms => &[Topic::Values, comparing.topic],
    };
    let (a, b) = (state.portraits(&comparing.a, topics), state.portraits(&comparing.b, topics));
    let head = Rect { height: HEAD.min(area.height), ..area };
    draw_head(buffer, head, state, comparing, [&a, &b], theme);
    let rest = Rect { y: head.bottom(), height: area.height - head.height, ..area };
    let rows = state.compared(&a, &b, comparing.topic);
    let title = title(state, comparing, &rows, theme);
    let inside = panel::titled(buffer, rest, areas.frames, &title, theme);
    if comparing.is_explained {
        explain(buffer, inside, theme);
        return;
    }
    if let Some(why) = empty(state, comparing, [&a, &b], &rows) {
        panel::empty(buffer, inside, &why, theme);
        return;
    }
    let selected = comparing.chosen.position(&compared_keys(&rows));
    draw_table(buffer, inside, &rows, selected, a.len() > 1 || b.len() > 1, theme);
}

/// The tabs, and how much changed.
fn title(state: &State, comparing: &Comparing, rows: &[Row], theme: &Theme) -> Vec<(String, Style)> {
    let n_changed = rows.iter().filter(|row| row.is_changed()).count();
    let mut title = Vec::new();
    for topic in Topic::ALL {
        title.push(if topic == comparing.topic {
            (format!("[{}]", topic.word()), theme.title)
        } else {
            (format!(" {} ", topic.word()), theme.dim)
        });
    }
    title.push((format!(" {n_changed} of {} changed, most first ", rows.len()), theme.dim));
    if state.vital != Vital::Worst {
        title.push((format!("· {} only, 0 shows all ", state.vital.word()), theme.vital(state.vital)));
    }
    title
}

/// How rows are ranked, in words.
const RANKED: &[(&str, &str)] = &[
    ("A and B", "A stands where it was held; B is what is shown and moves on with time. C exchanges them."),
    (
        "rank",
        "What changed most comes first. One step is a doubling or a half; as much weigh ten points of a severity, and of groups two spreads between the medians.",
    ),
    (
        "≈",
        "Less than a floor is noise: 0.05 cpu, 3 %, 5 ms/s of delay, 2 ms of latency, 16 MB, 16 KB/s, 20 a second, 8 waiting (16 KB), 4 of a thing. A drop is none.",
    ),
    (
        "only in A, B",
        "The other side lists all there is, and not this. ~ It lists only those with most, and this is not one: it has less than the value after <.",
    ),
    ("-", "Not known on that side: no change, and last."),
    ("tasks", "Those of one name are summed, for pids differ; of their queues the worst is shown."),
    (
        "groups",
        "The middle node of each; low to high: half of the nodes. The spread is the wider of both (median absolute deviation, as a standard deviation), and at least 5 % of the median. What is not known of a node is left out, and what few know weighs as little.",
    ),
];

/// Tells how rows are ranked.
fn explain(buffer: &mut Buffer, area: Rect, theme: &Theme) {
    const WORD: usize = 13;
    let columns = usize::from(area.width).saturating_sub(WORD + 2).max(1);
    let mut row = 0;
    for (word, meaning) in RANKED {
        for (n, line) in panel::wrapped(meaning, columns).iter().enumerate() {
            let mut pen = Pen::new(buffer, area, row);
            pen.skip(1).put(&text::fit(if n == 0 { word } else { "" }, WORD, Align::Left), theme.key);
            pen.put(line, theme.plain);
            row += 1;
        }
    }
}

/// Why there is nothing to show.
fn empty(state: &State, comparing: &Comparing, [a, b]: [&[Arc<Portrait>]; 2], rows: &[Row]) -> Option<String> {
    let nothing = |side: &str| Some(format!("nothing is known of side {side} at this moment"));
    match (a.is_empty(), b.is_empty(), rows.is_empty()) {
        (true, ..) => nothing("A"),
        (_, true, _) => nothing("B"),
        (.., true) if state.vital != Vital::Worst => Some("nothing of this vital on either side".to_owned()),
        (.., true) => Some(match comparing.topic {
            Topic::Values => "nothing was measured on either side".to_owned(),
            Topic::Tasks => "no tasks are known on either side".to_owned(),
            Topic::Vms => "no Erlang VM on either side".to_owned(),
        }),
        (.., false) => None,
    }
}

/// Both sides, each with its four vitals.
fn draw_head(
    buffer: &mut Buffer,
    area: Rect,
    state: &State,
    comparing: &Comparing,
    sides: [&[Arc<Portrait>]; 2],
    theme: &Theme,
) {
    let width = if area.width >= 100 { SIDES.1 } else { SIDES.0 }.min(area.width);
    let column = (area.width - width) / 4;
    let mut pen = Pen::new(buffer, area, 0);
    pen.skip(width);
    for vital in Vital::FOUR {
        pen.put(&text::fit(vital.word(), usize::from(column), Align::Right), theme.vital(vital).patch(theme.strong));
    }
    let sides = [("A", &comparing.a, sides[0]), ("B", &comparing.b, sides[1])];
    for (row, (name, side, portraits)) in (1..).zip(sides) {
        let place = Rect { width, ..area };
        let mut pen = Pen::new(buffer, place, row);
        pen.put(&format!(" {name} "), theme.mark);
        for (part, style) in who(state, side, portraits.len(), theme) {
            pen.put(&part, style);
        }
        let mut pen = Pen::new(buffer, area, row);
        pen.skip(width);
        for vital in Vital::FOUR {
            let level = Level::of(middle(portraits, vital));
            let cell = text::fit(&vital_cell(portraits, vital, level, column), usize::from(column), Align::Right);
            pen.put(&cell, theme.level_or_plain(level));
        }
    }
}

/// Columns in which the value of a vital has room beside its severity.
const WITH_VALUE: u16 = 15;

/// The severity, and where there is room the value that tells most.
fn vital_cell(portraits: &[Arc<Portrait>], vital: Vital, level: Level, columns: u16) -> String {
    let severity = middle(portraits, vital);
    let percent = if severity.is_some() { " %" } else { "" };
    let severity = format!("{}{}{percent}", level.sign().trim(), format::severity(severity));
    if columns < WITH_VALUE {
        return severity;
    }
    format!("{severity} {:>9}", main_value(portraits, vital))
}

/// Name, moment and version of a side.
fn who(state: &State, side: &Side, n_nodes: usize, theme: &Theme) -> Vec<(String, Style)> {
    let is_live = state.playhead == Playhead::Live;
    let now = format::clock(state.now());
    let at = if is_live { (format!(" {now} live"), theme.live) } else { (format!(" {now}"), theme.dim) };
    match side {
        Side::Held(held) => vec![
            (held.name.clone(), theme.title),
            (format!(" {}", format::clock(held.at)), theme.dim),
            (format!("  {}", held.labels), theme.dim),
        ],
        Side::Node(id) => {
            let node = state.model.node(id);
            let name = node.map_or_else(|| id.0.to_string(), |node| node.name().to_owned());
            vec![(name, theme.title), at, (format!("  {}", node.map(labels).unwrap_or_default()), theme.dim)]
        }
        Side::Group(key, value) => {
            let nodes = format!(" {} node{}", format::exact(n_nodes as u64), if n_nodes == 1 { "" } else { "s" });
            vec![(format!("{key}={value}"), theme.title), (nodes, theme.dim), at]
        }
    }
}

/// The severity in the middle of a side.
fn middle(portraits: &[Arc<Portrait>], vital: Vital) -> Option<Severity> {
    let mut known: Vec<Severity> = portraits.iter().filter_map(|portrait| vital.of(portrait.severities)).collect();
    known.sort_unstable();
    known.get(known.len() / 2).copied()
}

/// The value that tells most of a vital.
fn main_value(portraits: &[Arc<Portrait>], vital: Vital) -> String {
    let word = match vital {
        Vital::Sched => "delay",
        Vital::Mem => "mem used",
        // The deepest of many nodes says nothing of the one in the middle.
        Vital::Queue if portraits.len() > 1 => return String::new(),
        Vital::Queue => return deepest(portraits),
        Vital::Worst | Vital::Rate => "tcp in",
    };
    let values = portraits.iter().flat_map(|portrait| &portrait.values[Topic::Values as usize]);
    let values: Vec<_> = values.filter(|value| value.key.of == Of::Node && value.key.word == word).collect();
    let middle = Spread::of(values.iter().filter_map(|value| value.amount)).map(|spread| spread.median);
    values.first().map_or_else(|| format::UNKNOWN.to_owned(), |value| amount(value.measure, middle))
}

/// The kind of queue in which most waits, as far as that can be told from its unit.
fn deepest(portraits: &[Arc<Portrait>]) -> String {
    let values = portraits.iter().flat_map(|portrait| &portrait.values[Topic::Values as usize]);
    let depths = values.filter(|value| matches!(value.measure, Measure::Depth(unit) if unit != Unit::Events));
    let floors = depths.filter_map(|value| Some((value.amount? / value.measure.floor(), value)));
    let most = floors.max_by(|(a, _), (b, _)| a.total_cmp(b));
    most.map_or_else(|| format::UNKNOWN.to_owned(), |(_, value)| amount(value.measure, value.amount))
}

/// A value in its measure, with its unit.
fn amount(measure: Measure, value: Option<f64>) -> String {
    let Some(known) = value else { return format::UNKNOWN.to_owned() };
    match measure {
        Measure::Cores => format!("{} cpu", format::number(value)),
        Measure::Severity => format!("{:.0} %", known * 100.0),
        Measure::Share => format::percent_sign(value),
        Measure::Delay => format!("{}/s", format::delay(value)),
        Measure::Latency => format::delay(value),
        Measure::Bytes => format!("{}B", format::bytes(value)),
        Measure::ByteRate => format!("{}B/s", format::bytes(value)),
        Measure::Rate(Some(unit)) => format!("{} {}/s", format::number(value), format::unit(unit)),
        Measure::Rate(None) => format!("{}/s", format::number(value)),
        Measure::Depth(unit) => format::amount_with_unit(value, unit),
        // Medians of groups may lie between two numbers.
        Measure::Drops | Measure::Count if known.fract() != 0.0 => format::number(value),
        Measure::Drops | Measure::Count => format::count(Some(known.max(0.0) as u64)),
    }
}

/// How far B is from A.
fn change(row: &Row) -> String {
    match row.change() {
        Change::Nothing => "≈".to_owned(),
        Change::Times(times) => format!("x{}", format::number(Some(times))),
        Change::By(more) => {
            let sign = if more < 0.0 { "-" } else { "+" };
            format!("{sign}{}", amount(row.measure, Some(more.abs())))
        }
        Change::OnlyA if row.at_most.is_some() => format::estimate("only in A".to_owned()),
        Change::OnlyB if row.at_most.is_some() => format::estimate("only in B".to_owned()),
        Change::OnlyA => "only in A".to_owned(),
        Change::OnlyB => "only in B".to_owned(),
        Change::Unknown => format::UNKNOWN.to_owned(),
    }
}

/// Columns of a value, of a change, of the vital's name.
const VALUE: usize = 12;
const CHANGE: usize = 12;
const VITAL: usize = 7;
/// Columns of a spread.
const SPREAD: usize = 19;
/// Columns that a bar has at most.
const BAR: u16 = 30;

fn draw_table(buffer: &mut Buffer, area: Rect, rows: &[Row], selected: usize, is_group: bool, theme: &Theme) {
    let told = if is_group && area.height > 8 { 2 } else { 0 };
    let foot = Rect { y: area.bottom() - told, height: told, ..area };
    let area = Rect { height: area.height - told, ..area };
    if area.height < 2 {
        return;
    }
    let has_spreads = is_group && area.width >= 110;
    let spread = if has_spreads { SPREAD } else { 0 };
    let fixed = 1 + VITAL + 2 * (VALUE + spread) + CHANGE + 2;
    let left = usize::from(area.width).saturating_sub(fixed);
    let bar = (left / 3).min(usize::from(BAR));
    let name = left.saturating_sub(bar + 1).min(60);
    let widths = Widths { name, spread, bar: bar as u16 };
    let mut pen = Pen::new(buffer, area, 0);
    pen.skip(1).put(&text::fit("vital", VITAL, Align::Left), theme.head);
    pen.put(&text::fit("what", name, Align::Left), theme.head);
    for side in ["A", "B"] {
        let median = if is_group { format!("{side} median") } else { side.to_owned() };
        pen.put(&text::fit(&median, VALUE, Align::Right), theme.head);
        pen.put(&text::fit(&format!("{side} low to high"), spread, Align::Right), theme.head);
    }
    pen.put(&text::fit("change▼", CHANGE, Align::Right), theme.head.patch(theme.sorted));
    let height = usize::from(area.height - 1);
    let first = selected.saturating_sub(height.saturating_sub(1)).min(rows.len().saturating_sub(height));
    for (line, (n, row)) in (1..area.height).zip(rows.iter().enumerate().skip(first)) {
        let place = Rect { y: area.y + line, height: 1, ..area };
        draw_row(buffer, place, row, n == selected, &widths, theme);
    }
    if let Some(row) = rows.get(selected) {
        draw_spreads(buffer, foot, row, theme);
    }
}

/// How the nodes of both sides are spread, of the row that is selected.
fn draw_spreads(buffer: &mut Buffer, area: Rect, row: &Row, theme: &Theme) {
    for (line, (letter, side)) in (0..area.height).zip([("A", row.a), ("B", row.b)]) {
        let mut pen = Pen::new(buffer, area, line);
        pen.skip(1).put(letter, theme.mark);
        let Some(spread) = side else {
            pen.put("  not known of any node", theme.dim);
            continue;
        };
        let nodes = if spread.n == 1 { "node" } else { "nodes" };
        pen.put(&format!("  {} {nodes}", format::exact(spread.n as u64)), theme.plain);
        let parts = [
            ("lowest", spread.lowest),
            ("¼", spread.low),
            ("½", spread.median),
            ("¾", spread.high),
            ("highest", spread.highest),
        ];
        for (word, value) in parts {
            pen.put(&format!("  {word} "), theme.dim).put(&amount(row.measure, Some(value)), theme.plain);
        }
    }
}

struct Widths {
    name: usize,
    spread: usize,
    bar: u16,
}

fn draw_row(buffer: &mut Buffer, area: Rect, row: &Row, is_selected: bool, widths: &Widths, theme: &Theme) {
    let is_quiet = !row.is_changed();
    let style = if is_quiet { theme.dim } else { theme.plain };
    let mut pen = Pen::new(buffer, area, 0);
    pen.put(if is_selected { "▶" } else { " " }, theme.key);
    let (word, colour) = row.vital.map_or(("", theme.dim), |vital| (vital.word(), theme.vital(vital)));
    pen.put(&text::fit(word, VITAL, Align::Left), if is_quiet { theme.dim } else { colour });
    pen.put(&text::fit(&name(row, widths.name), widths.name, Align::Left), style);
    for (side, severity) in [row.a, row.b].into_iter().zip(row.severities) {
        let level = Level::of(severity);
        let cell = match (side, row.at_most) {
            (None, Some(most)) => format!("<{}", amount(row.measure, Some(most))),
            (side, _) => format!("{}{}", level.sign().trim(), amount(row.measure, side.map(|spread| spread.median))),
        };
        let style = if is_quiet { theme.dim } else { theme.level_or_plain(level) };
        pen.put(&text::fit(&cell, VALUE, Align::Right), style);
        if widths.spread > 0 {
            let range = side.map_or_else(String::new, |spread| {
                let (low, high) = (amount(row.measure, Some(spread.low)), amount(row.measure, Some(spread.high)));
                format!("{low} {high}")
            });
            pen.put(&text::fit(&range, widths.spread, Align::Right), theme.dim);
        }
    }
    let changed = if is_quiet { theme.dim } else { theme.strong };
    pen.put(&text::fit(&change(row), CHANGE, Align::Right), changed).skip(1);
    if !is_quiet {
        let colour = row.vital.map_or(theme.plain, |vital| theme.vital(vital));
        pen.put(&meter::text(Some((row.score / FULL).min(1.0)), usize::from(widths.bar)), colour);
    }
    if is_selected {
        buffer.set_style(area, theme.selected);
    }
}

/// Whose value it is, and which: of a long name its end is kept.
fn name(row: &Row, columns: usize) -> String {
    let word = row.key.word;
    let runtime = match &row.key.of {
        Of::Tasks(runtime, _) if !runtime.is_empty() => format!("{}: ", text::clean(runtime)),
        Of::Node | Of::Disk(_) | Of::Cgroup(_) | Of::Vm(_) | Of::Tasks(..) => String::new(),
    };
    let of = format!("{runtime}{}", text::clean(row.key.of.name()));
    if of.is_empty() {
        // Which vital's severity it is stands before it.
        return word.split_once(' ').filter(|(_, rest)| *rest == "severity").map_or(word, |(_, rest)| rest).to_owned();
    }
    let room = columns.saturating_sub(text::width(word) + 1);
    format!("{} {word}", text::cut_start(&of, room))
}
