//! Filters: words that all must hold, as they were typed.
//!
//! `chat` holds where a text of the row has it, in any case; `role=chat` where the node's label is that; `state=silent`
//! where the state is; `queue>1000`, `delay>=50ms`, `rss>2G` where a value is, as its column shows it. `!` before a word:
//! where it does not hold. What is unknown is neither more nor less than anything.

use midair_vitals::Severity;

use super::super::screen::List;
use crate::model::{Model, Node, Presence, Task};

/// What rows must be.
pub(in crate::app) struct Filter {
    words: Vec<Word>,
}

/// One word of it.
struct Word {
    /// In small letters, without its `!`.
    text: String,
    is_inverted: bool,
    meaning: Meaning,
}

enum Meaning {
    /// A text of the row has it.
    Text,
    /// The node's label of this key is this, or begins with it.
    Label { key: String, value: String, is_whole: bool },
    /// The state of the row begins so.
    State(String),
    /// A value is more or less than a number.
    Value(Value, Compared, f64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    More,
    AtLeast,
    Less,
    AtMost,
}

/// What can be compared, and whether its number is one of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Worst,
    Sched,
    MemSeverity,
    QueueSeverity,
    RateSeverity,
    Cpu,
    Delay,
    Rss,
    Growth,
    Depth,
    Drops,
    In,
    Out,
}

/// How values are called: by their columns.
const VALUES: [(&str, Value); 14] = [
    ("worst", Value::Worst),
    ("sched", Value::Sched),
    ("mem", Value::MemSeverity),
    ("queue%", Value::QueueSeverity),
    ("rate", Value::RateSeverity),
    ("cpu", Value::Cpu),
    ("cpus", Value::Cpu),
    ("delay", Value::Delay),
    ("rss", Value::Rss),
    ("growth", Value::Growth),
    ("queue", Value::Depth),
    ("drops", Value::Drops),
    ("in", Value::In),
    ("out", Value::Out),
];

impl Filter {
    /// As it stands above a list. Labels are those that nodes carry.
    pub(in crate::app) fn of(list: &List, model: &Model) -> Self {
        Self { words: list.filter.split_whitespace().map(|typed| Word::new(typed, model)).collect() }
    }

    /// The one text that an agent can look for among all its tasks, `!` before it: without it; and whether more is asked for
    /// than that. The names of the node and its runtimes are no texts of its rows there.
    pub(in crate::app) fn for_agent(&self, node: Option<&Node>) -> (String, bool) {
        let named = |word: &Word| {
            let runtimes = node.iter().flat_map(|node| &node.runtimes).map(|runtime| &*runtime.name);
            word.is_in(node.map(Node::name).into_iter().chain(runtimes))
        };
        let is_text = |word: &&Word| matches!(word.meaning, Meaning::Text) && word.text != "!" && !named(word);
        match &self.words[..] {
            [word] if is_text(&word) && word.is_inverted => (format!("!{}", word.text), false),
            words => {
                let texts = words.iter().filter(is_text).filter(|word| !word.is_inverted);
                let longest = texts.max_by_key(|word| word.text.len()).map(|word| word.text.clone());
                let n_told = usize::from(longest.is_some());
                (longest.unwrap_or_default(), words.iter().filter(|word| word.text != "!").count() > n_told)
            }
        }
    }

    /// Whether a row with these texts is one, of which no more is compared.
    pub(super) fn takes<'a>(&self, texts: impl Iterator<Item = &'a str> + Clone) -> bool {
        self.words.iter().all(|word| word.is_in(texts.clone()) != word.is_inverted)
    }

    /// Whether a node is one.
    pub(in crate::app) fn takes_node(&self, node: &Node) -> bool {
        let labels = node.described.iter().flat_map(|described| &described.labels).map(|(_, value)| &**value);
        let of_hub = node.described.iter().map(|described| &*described.address);
        let texts = [node.name(), &*node.address].into_iter().chain(labels).chain(of_hub);
        self.holds(node, texts, Some(presence(node)), |value| value.of_node(node))
    }

    /// Whether a task is one.
    pub(super) fn takes_task(&self, node: &Node, task: &Task) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let reading = &task.reading;
        let number = task.number();
        let texts = [&reading.name, &reading.command, &reading.user, &reading.cgroup, &reading.unit];
        let texts = texts.into_iter().filter_map(|text| text.as_deref());
        let texts = texts.chain([number.as_str(), node.name()]).chain(node.runtime_name(reading.id.runtime));
        self.holds(node, texts, reading.state.map(|state| state.word()), |value| value.of_task(task))
    }

    /// Whether all words hold of a row of a node: of its texts, its state, its values.
    fn holds<'a>(
        &self,
        node: &Node,
        texts: impl Iterator<Item = &'a str> + Clone,
        state: Option<&str>,
        value_of: impl Fn(Value) -> Option<f64>,
    ) -> bool {
        let holds = |word: &Word| match &word.meaning {
            Meaning::Text => word.is_in(texts.clone()),
            Meaning::Label { key, value, is_whole } => is_labelled(node, key, value, *is_whole),
            Meaning::State(asked) => state.is_some_and(|state| state.starts_with(&**asked)),
            Meaning::Value(value, compared, than) => is_so(value_of(*value), *compared, *than),
        };
        self.words.iter().all(|word| holds(word) != word.is_inverted)
    }
}

impl Word {
    fn new(typed: &str, model: &Model) -> Self {
        let (text, is_inverted) = match typed.strip_prefix('!') {
            Some(rest) if !rest.is_empty() => (rest, true),
            Some(_) | None => (typed, false),
        };
        let text = text.to_lowercase();
        let meaning = compared(&text).or_else(|| labelled(&text, model)).unwrap_or(Meaning::Text);
        Self { text, is_inverted, meaning }
    }

    fn is_in<'a>(&self, mut texts: impl Iterator<Item = &'a str>) -> bool {
        // `!` alone is the beginning of a word that is being typed.
        self.text == "!" || texts.any(|text| text.to_lowercase().contains(&self.text))
    }
}

/// `queue>1000`; `None` where it is not of this form: it is a text then.
fn compared(text: &str) -> Option<Meaning> {
    let at = text.find(['>', '<'])?;
    let (name, rest) = text.split_at(at);
    let (_, value) = VALUES.into_iter().find(|(word, _)| *word == name)?;
    let (compared, number) = match (&rest[..1], rest[1..].strip_prefix('=')) {
        (">", Some(number)) => (Compared::AtLeast, number),
        (">", None) => (Compared::More, &rest[1..]),
        (_, Some(number)) => (Compared::AtMost, number),
        (_, None) => (Compared::Less, &rest[1..]),
    };
    Some(Meaning::Value(value, compared, number_of(number, matches!(value, Value::Rss | Value::Growth))?))
}

/// `1000`, `1.5k`, `2G`, `50ms`, `20%`: thousands, of bytes 1,024 each.
fn number_of(text: &str, is_bytes: bool) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(text.len());
    let step = if is_bytes { 1024.0 } else { 1000.0 };
    let factor = match &text[end..] {
        "" | "%" | "s" | "b" => 1.0,
        "ms" => 1e-3,
        "us" => 1e-6,
        "k" => step,
        "m" => step * step,
        "g" => step * step * step,
        "t" => step * step * step * step,
        _ => return None,
    };
    text[..end].parse::<f64>().ok().map(|number| number * factor)
}

/// `role=chat`, where nodes carry such a label; `state=silent`. While no node's label is just that, those that begin so are
/// meant: it is being typed.
fn labelled(text: &str, model: &Model) -> Option<Meaning> {
    let (key, value) = text.split_once('=')?;
    if key == "state" {
        return Some(Meaning::State(value.to_owned()));
    }
    let mut is_known = false;
    let mut is_whole = false;
    for label in model.nodes.values().filter_map(|node| label(node, key)) {
        is_known = true;
        is_whole |= label.eq_ignore_ascii_case(value);
    }
    is_known.then(|| Meaning::Label { key: key.to_owned(), value: value.to_owned(), is_whole })
}

fn label<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    let labels = &node.described.as_ref()?.labels;
    labels.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| &**value)
}

fn is_labelled(node: &Node, key: &str, value: &str, is_whole: bool) -> bool {
    let Some(label) = label(node, key) else { return false };
    if is_whole { label.eq_ignore_ascii_case(value) } else { label.to_lowercase().starts_with(value) }
}

fn presence(node: &Node) -> &'static str {
    match node.presence {
        Presence::Live => "live",
        Presence::Late { .. } => "late",
        Presence::Silent { .. } => "silent",
        Presence::Awaited { .. } => "awaited",
    }
}

fn is_so(value: Option<f64>, compared: Compared, than: f64) -> bool {
    value.is_some_and(|value| match compared {
        Compared::More => value > than,
        Compared::AtLeast => value >= than,
        Compared::Less => value < than,
        Compared::AtMost => value <= than,
    })
}

impl Value {
    fn of_node(self, node: &Node) -> Option<f64> {
        let glance = node.glance()?;
        let severities = glance.severities;
        match self {
            Self::Worst => percent(severities.worst()),
            Self::Sched => percent(severities.sched),
            Self::MemSeverity => percent(severities.mem),
            Self::QueueSeverity => percent(severities.queue),
            Self::RateSeverity => percent(severities.rate),
            Self::Cpu => glance.cpu,
            Self::Delay => glance.delay,
            Self::Rss => glance.mem_used_bytes.map(|bytes| bytes as f64),
            Self::Growth => glance.mem_growth,
            Self::Depth => glance.queue?.depth.map(|depth| depth as f64),
            Self::Drops => glance.n_drops.map(|n| n as f64),
            Self::In => glance.tcp_in,
            Self::Out => glance.tcp_out,
        }
    }

    fn of_task(self, task: &Task) -> Option<f64> {
        let (vitals, severities) = (&task.vitals, task.vitals.severities);
        let moving = || vitals.rates.iter().find(|rate| rate.rate_in.is_some() || rate.rate_out.is_some());
        match self {
            Self::Worst => percent(severities.worst()),
            Self::Sched => percent(severities.sched),
            Self::MemSeverity => percent(severities.mem),
            Self::QueueSeverity => percent(severities.queue),
            Self::RateSeverity => percent(severities.rate),
            // Its column shows per cent of a core.
            Self::Cpu => vitals.cpu.map(|cores| cores * 100.0),
            Self::Delay => vitals.delay,
            Self::Rss => task.reading.rss_bytes.map(|bytes| bytes as f64),
            Self::Growth => vitals.mem_growth,
            Self::Depth => task.worst_queue()?.0.depth.map(|depth| depth as f64),
            Self::Drops => vitals.drops.map(|n| n as f64),
            Self::In => moving()?.rate_in,
            Self::Out => moving()?.rate_out,
        }
    }
}

fn percent(severity: Option<Severity>) -> Option<f64> {
    severity.map(|severity| f64::from(severity.per_mille()) / 10.0)
}
