//! A page for a postmortem: what a recording tells of a range, the time line, who hurt, the marks, and screens: `midair report`.

mod html;
mod hurt;
mod line;
mod markdown;
mod screens;
mod words;

use std::{collections::BTreeSet, io::Write as _, path::PathBuf, sync::Arc};

use anyhow::Context as _;

use self::{hurt::Hurts, line::Line, screens::Shot};
use super::{
    Lost,
    place::Place,
    progress::{Progress, warn},
    telling::{Telling, Told},
};
use crate::{
    app::utc,
    clock::Clock,
    event::{Event, Stamp},
    feed::file::{Film, Notebook},
    model::{Model, Node, Timeline, timeline::Flag},
    view::format,
};

/// Most marks and gaps that are listed.
const LISTED_MAX: usize = 500;
/// Most screens.
const SHOTS_MAX: usize = 12;

/// Of what, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The recording.
    pub file: PathBuf,
    /// The page: `*.html`, or `*.md` with a folder of pictures beside it.
    pub out: PathBuf,
    /// Whether what is there is replaced.
    pub is_forced: bool,
    /// From this moment, as `replay --at` takes it.
    pub from: Option<String>,
    /// To this moment.
    pub to: Option<String>,
    /// Where notes are that somebody put on the recording later.
    pub notebook: Notebook,
}

/// A note.
#[derive(Clone, Debug)]
struct Note {
    at: Stamp,
    nodes: BTreeSet<String>,
    text: Arc<str>,
    author: Option<Arc<str>>,
    focus: Option<Arc<str>>,
    is_automatic: bool,
}

/// A time of which nothing was recorded, or in which something was lost.
#[derive(Clone, Debug)]
struct Hole {
    from: Stamp,
    to: Stamp,
    node: Option<String>,
    why: String,
}

impl Hole {
    /// What is said not to have been recorded, or to have been lost.
    fn said(model: &Model, at: Stamp, event: &Event) -> Option<Self> {
        match event {
            Event::Gap(gap) => Some(Self {
                from: gap.from,
                to: gap.to,
                node: gap.node.as_ref().map(|id| name_of(model, &id.0)),
                why: gap.n_lost.map_or_else(String::new, |n| format!("{n} entries lost: ")) + &gap.why,
            }),
            Event::Lost { node, n_samples } => Some(Self {
                from: at,
                to: at,
                node: Some(name_of(model, &node.0)),
                why: match n_samples {
                    Some(1) => "one sample lost on the way".to_owned(),
                    Some(n) => format!("{n} samples lost on the way"),
                    None => "some samples lost on the way".to_owned(),
                },
            }),
            _ => None,
        }
    }

    /// What damage took of a range, where it took time.
    fn of(lost: &Lost, only: Option<&String>, (from, to): (Stamp, Stamp)) -> Option<Self> {
        let is_time = lost.from.is_some() || lost.to.is_some();
        let (from, to) = (lost.from.map_or(from, |at| at.max(from)), lost.to.map_or(to, |at| at.min(to)));
        (is_time && from <= to).then(|| Self { from, to, node: only.cloned(), why: lost.why() })
    }
}

/// What the page says.
#[derive(Debug)]
struct Page {
    /// Why it was recorded, else the name of the file.
    title: String,
    range: (Stamp, Stamp),
    /// Words, and what they say, of the recording.
    about: Vec<(&'static str, String)>,
    line: Line,
    hurts: Hurts,
    notes: Vec<Note>,
    n_notes: usize,
    holes: Vec<Hole>,
    shots: Vec<Shot>,
}

/// Writes the page.
///
/// # Errors
/// When the recording cannot be read, or the place cannot be written.
pub fn report(options: &Options, clock: Clock) -> anyhow::Result<()> {
    let is_markdown = match options.out.extension().and_then(|ending| ending.to_str()) {
        Some("html" | "htm") => false,
        Some("md") => true,
        _ => anyhow::bail!("{}: write a page to a name that ends with .html or .md", options.out.display()),
    };
    // Before anything is begun: who is stopped leaves nothing.
    let mut progress = Progress::new("report", clock)?;
    let mut place = Place::new(&options.out, options.is_forced)?;
    let pictures =
        is_markdown.then(|| Place::folder(&options.out.with_extension(""), options.is_forced)).transpose()?;
    let mut telling = Telling::open(&options.file, options.from.as_deref(), options.to.as_deref(), &options.notebook)?;
    let page = read(options, &mut telling, &mut progress)?;
    let cannot = || format!("cannot write {}", options.out.display());
    match &pictures {
        None => place.write_all(html::page(&page).as_bytes()).with_context(cannot)?,
        Some(folder) => {
            let (text, files) = markdown::page(&page, &folder.name());
            for (name, svg) in files {
                std::fs::write(folder.partial().join(name), svg).with_context(cannot)?;
            }
            place.write_all(text.as_bytes()).with_context(cannot)?;
        }
    }
    if let Some(folder) = pictures {
        folder.finish_folder(markdown::is_picture)?;
    }
    place.finish()?;
    for damage in telling.source().damage() {
        warn(&format!("{}: damaged: {damage}; all the rest is there", options.file.display()));
    }
    progress.say(&format!("{}: {} marks, {} screens", options.out.display(), page.n_notes, page.shots.len()));
    Ok(())
}

fn read(options: &Options, telling: &mut Telling, progress: &mut Progress) -> anyhow::Result<Page> {
    let (from, to) = telling.range();
    progress.through(from, to);
    let (mut line, mut hurts) = (Line::new(from, to), Hurts::default());
    let (mut holes, mut noted, mut timeline) = (Vec::new(), Vec::new(), Timeline::default());
    let mut nodes = BTreeSet::new();
    telling.tell(progress, |model, at, told| {
        match told {
            Told::Event(stamped) => {
                timeline.apply(model, stamped);
                match &stamped.event {
                    Event::Sample(sample) => {
                        if let Some(node) = model.node(&sample.node) {
                            nodes.insert(node.name().to_owned());
                            line.take(node, at);
                            hurts.take(model, node, sample, at);
                        }
                    }
                    Event::Tick => line.note_silence(model, at),
                    other => holes.extend(Hole::said(model, at, other)),
                }
            }
            Told::Note(mark) => noted.push(mark.clone()),
            // Those of who recorded stand in the list of all.
            Told::Mark(_) | Told::Rollup(..) => {}
        }
        holes.truncate(LISTED_MAX);
        Ok(())
    })?;
    hurts.join_threads();
    // As a replay does it: by the moment that a mark is about, whenever it was put there.
    let mut film = Film::open(&options.file)?;
    let last = film.range().1;
    let marks: Vec<_> = film.marks()?.into_iter().chain(noted.into_iter().map(|mark| (last, mark))).collect();
    for (at, mark) in &marks {
        timeline.flags.take(telling.model(), mark, *at);
    }
    let (notes, n_notes) = notes(&timeline, telling.model(), (from, to));
    let only = nodes.first().filter(|_| nodes.len() == 1);
    let damage = telling.source().damage();
    holes.extend(damage.iter().filter_map(|lost| Hole::of(lost, only, (from, to))));
    holes.sort_by_key(|hole| hole.from);
    let mut about = about(telling, &nodes);
    about.extend(damage.iter().map(|lost| ("damage", lost.words(only.map(String::as_str)))));
    let moments = screens::moments(&notes, &hurts, (from, to));
    let shots = screens::at(&options.file, &moments, &marks, nodes.len(), progress)?;
    let name = options.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let title = telling.source().header().why.filter(|why| !why.is_empty()).unwrap_or_else(|| name.clone());
    about.insert(0, ("recording", name));
    Ok(Page { title, range: (from, to), about, line, hurts, notes, n_notes, holes, shots })
}

/// The marks of a range in the order of time, as many as are listed; and how many there are.
fn notes(timeline: &Timeline, model: &Model, (from, to): (Stamp, Stamp)) -> (Vec<Note>, usize) {
    let mut flags: Vec<&Flag> = timeline.flags.iter().filter(|flag| (from..=to).contains(&flag.at)).collect();
    flags.sort_by_key(|flag| flag.at);
    let note = |flag: &&Flag| Note {
        at: flag.at,
        nodes: flag.nodes.keys().map(|id| name_of(model, &id.0)).collect(),
        text: flag.text.clone(),
        author: flag.author_by_hand().map(Into::into),
        focus: flag.focus.clone(),
        is_automatic: flag.is_automatic,
    };
    (flags.iter().take(LISTED_MAX).map(note).collect(), flags.len())
}

fn name_of(model: &Model, id: &str) -> String {
    model.node(&crate::event::NodeId::new(id)).map_or(id, |node| node.name()).to_owned()
}

fn about(telling: &Telling, nodes: &BTreeSet<String>) -> Vec<(&'static str, String)> {
    let (from, to) = telling.range();
    let header = telling.source().header();
    let or_dash = |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned());
    let mut about = vec![
        ("from", utc(from)),
        ("to", format!("{}, {} later", utc(to), format::span(to.since_us(from)))),
        ("recorded by", format!("{} with {}", or_dash(header.author), or_dash(header.program))),
        ("nodes", format!("{}: {}", nodes.len(), listed(nodes, 40))),
    ];
    let is_demo = |node: &Node| node.described.as_ref().is_some_and(|described| described.is_demo);
    if telling.model().nodes.values().any(is_demo) {
        about.push(("DEMO", "made-up nodes of `midair demo`: none of this has happened".to_owned()));
    }
    if !header.masked.is_empty() {
        about.push(("masked", header.masked.join(", ")));
    }
    about
}

/// The first of them, and how many more there are.
fn listed(names: &BTreeSet<String>, n_most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(n_most).map(String::as_str).collect();
    let more = names.len().saturating_sub(n_most);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &rest
}

#[cfg(test)]
mod tests;
