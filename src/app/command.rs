//! The `:` commands.

use midair_vitals::Order;

use super::{Effect, Overlay, State, go::Go};

/// A command that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Command {
    Quit,
    Sort(Order),
    Interval(u32),
    Threads,
    Mouse,
    Go(Go),
    Help,
}

/// Every command: its name and what may follow.
pub const COMMANDS: &[(&str, &str)] = &[
    ("quit", ""),
    ("sort", "severity, cpu, delay, mem, memgrowth, queue, growth, rate, drops, name, number, age"),
    ("interval", "250ms to 60s"),
    ("threads", ""),
    ("mouse", ""),
    ("go", "NODE/RUNTIME/TASK"),
    ("help", ""),
];

/// Shortest and longest interval that agents serve, milliseconds.
const INTERVALS_MS: std::ops::RangeInclusive<u32> = 250..=60_000;

/// The orders by the names that `:sort` takes.
const ORDERS: [(&str, Order); 12] = [
    ("severity", Order::Severity),
    ("cpu", Order::Cpu),
    ("delay", Order::Delay),
    ("mem", Order::Mem),
    ("memgrowth", Order::MemGrowth),
    ("queue", Order::Queue),
    ("growth", Order::QueueGrowth),
    ("rate", Order::Rate),
    ("drops", Order::Drops),
    ("name", Order::Name),
    ("number", Order::Number),
    ("age", Order::Age),
];

/// What the heads of columns call an order, where that is another word.
const HEADS: [(&str, Order); 5] = [
    ("worst", Order::Severity),
    ("rss", Order::Mem),
    ("pid", Order::Number),
    ("tid", Order::Number),
    ("up", Order::Age),
];

/// The word for an order, as `:sort` takes it.
pub fn order_word(order: Order) -> &'static str {
    ORDERS.iter().find(|(_, o)| *o == order).map_or("severity", |(word, _)| word)
}

/// Carries a command out; what it cannot do it says in the footer.
pub(super) fn run(state: &mut State, line: &str) -> Vec<Effect> {
    match parse(line) {
        Ok(None) => {}
        Ok(Some(Command::Quit)) => return vec![Effect::Quit],
        Ok(Some(Command::Sort(order))) => {
            let list = state.level_mut().current_mut();
            (list.order, list.is_inverted) = (order, false);
        }
        Ok(Some(Command::Interval(ms))) => {
            state.interval_ms = ms;
            state.model.asked_interval_us = u64::from(ms) * 1000;
        }
        Ok(Some(Command::Threads)) => state.toggle_threads(),
        Ok(Some(Command::Mouse)) => state.toggle_mouse(),
        Ok(Some(Command::Go(go))) => {
            state.go = Some(go);
            super::go::pursue(state);
            if state.go.is_some() && state.message.is_none() {
                state.notice("looking for it");
            }
        }
        Ok(Some(Command::Help)) => state.overlay = Some(Overlay::Help { scroll: 0 }),
        Err(why) => state.refuse(why),
    }
    Vec::new()
}

fn parse(line: &str) -> Result<Option<Command>, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let command = match word {
        "" => return Ok(None),
        "q" | "q!" | "quit" => Command::Quit,
        "sort" => Command::Sort(order(rest)?),
        "interval" => Command::Interval(interval(rest)?),
        "threads" => Command::Threads,
        "mouse" => Command::Mouse,
        "go" => Command::Go(Go::parse(rest).ok_or("go where? go NODE, NODE/RUNTIME or NODE/RUNTIME/TASK")?),
        "help" => Command::Help,
        unknown => return Err(suggestion("command", unknown, COMMANDS.iter().map(|(name, _)| *name))),
    };
    Ok(Some(command))
}

fn order(name: &str) -> Result<Order, String> {
    let words = || ORDERS.iter().map(|(word, _)| *word);
    if name.is_empty() {
        return Err(format!("sort by what? {}", words().collect::<Vec<_>>().join(", ")));
    }
    let name = name.to_lowercase();
    let found = ORDERS.iter().chain(&HEADS).find(|(word, _)| *word == name).map(|(_, order)| *order);
    found.ok_or_else(|| suggestion("order", &name, words()))
}

/// An interval as a person writes it, in milliseconds: 500ms, 2s, 1m. A number alone is read as seconds or milliseconds,
/// whichever agents serve: none is both.
pub fn interval(text: &str) -> Result<u32, String> {
    let n_digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(n_digits);
    let n = digits.parse::<u64>().ok().filter(|_| ["", "ms", "s", "m", "h"].contains(&unit.trim()));
    let n = n.ok_or_else(|| format!("{text:?} is no time; write it as 500ms, 2s or 1m"))?;
    let factor: u64 = match unit.trim() {
        "ms" => 1,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if n >= u64::from(*INTERVALS_MS.start()) => 1,
        _ => 1_000,
    };
    let ms = n.checked_mul(factor).and_then(|ms| u32::try_from(ms).ok()).filter(|ms| INTERVALS_MS.contains(ms));
    ms.ok_or_else(|| format!("{text} is outside 250ms to 60s"))
}

/// Says that a word is unknown, and which known one is nearest to it.
fn suggestion(what: &str, unknown: &str, known: impl Iterator<Item = &'static str>) -> String {
    let words: Vec<&str> = known.collect();
    let nearest = words.iter().map(|word| (distance(unknown, word), *word)).min();
    match nearest {
        Some((distance, word)) if distance <= 2 && !unknown.is_empty() => {
            format!("no {what} {unknown}; did you mean {word}?")
        }
        Some(_) | None => format!("no {what} {unknown:?}; there are {}", words.join(", ")),
    }
}

/// How many letters must be changed, added or removed to make one word of another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut line: Vec<usize> = (0..=b.len()).collect();
    for (row, a) in a.chars().enumerate() {
        let mut corner = line[0];
        line[0] = row + 1;
        for (column, b) in b.iter().enumerate() {
            let kept = corner + usize::from(a != *b);
            corner = line[column + 1];
            line[column + 1] = kept.min(corner + 1).min(line[column] + 1);
        }
    }
    line[b.len()]
}

#[cfg(test)]
mod tests;
