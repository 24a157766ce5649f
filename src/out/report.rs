//! A page for a postmortem: what a recording tells of a range, the time line, who hurt, the marks, and screens: `midair report`.

mod html;
mod hurt;
mod line;
mod markdown;
mod screens;

use std::{collections::BTreeSet, io::Write as _, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use midair_proto::v1::RecordedMark;

use self::{hurt::Hurts, line::Line, screens::Shot};
use super::{
    place::Place,
    progress::{Progress, warn},
    telling::{Telling, Told},
};
use crate::{
    app::utc,
    clock::Clock,
    event::{Event, Stamp},
    model::Model,
    view::format,
};

/// Most marks and gaps that are listed.
const LISTED_MAX: usize = 500;
/// Most screens.
const SHOTS_MAX: usize = 12;
/// Marks of one text so close to each other are one mark on several nodes, microseconds.
const SAME_MARK_US: u64 = 2_000_000;

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

/// What the page says.
#[derive(Debug)]
struct Page {
    name: String,
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
    let mut place = Place::new(&options.out, options.is_forced)?;
    let pictures =
        is_markdown.then(|| Place::folder(&options.out.with_extension(""), options.is_forced)).transpose()?;
    let mut telling = Telling::open(&options.file, options.from.as_deref(), options.to.as_deref())?;
    let mut progress = Progress::new("report", clock)?;
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
    let (mut notes, mut holes, mut n_notes) = (Vec::new(), Vec::new(), 0);
    let mut nodes = BTreeSet::new();
    telling.tell(progress, |model, at, told| {
        match told {
            Told::Event(stamped) => match &stamped.event {
                Event::Sample(sample) => {
                    if let Some(node) = model.node(&sample.node) {
                        nodes.insert(node.name().to_owned());
                        line.take(node, at);
                        hurts.take(model, node, sample, at);
                    }
                }
                Event::Mark(mark) => {
                    let node = mark.node.as_ref().map(|id| name_of(model, &id.0));
                    let note = Note {
                        at,
                        nodes: node.into_iter().collect(),
                        text: mark.text.clone(),
                        author: mark.author.clone(),
                        focus: mark.focus.clone(),
                        is_automatic: mark.is_automatic,
                    };
                    n_notes += usize::from(put(&mut notes, note));
                }
                Event::Gap(gap) => holes.push(Hole {
                    from: gap.from,
                    to: gap.to,
                    node: gap.node.as_ref().map(|id| name_of(model, &id.0)),
                    why: gap.n_lost.map_or_else(String::new, |n| format!("{n} entries lost: ")) + &gap.why,
                }),
                Event::Lost { node, n_samples } => holes.push(Hole {
                    from: at,
                    to: at,
                    node: Some(name_of(model, &node.0)),
                    why: format!("{n_samples} samples lost on the way"),
                }),
                Event::Tick => line.note_silence(model, at),
                _ => {}
            },
            Told::Mark(recorded) => n_notes += usize::from(put_recorded(&mut notes, model, at, recorded)),
        }
        holes.truncate(LISTED_MAX);
        Ok(())
    })?;
    let damage = telling.source().damage().iter();
    let mut about = about(telling, &nodes);
    about.extend(damage.map(|damage| ("damage", damage.clone())));
    let shots = screens::at(&options.file, &screens::moments(&notes, &hurts, (from, to)), nodes.len())?;
    let name = options.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Page { name, about, line, hurts, notes, n_notes, holes, shots })
}

/// Lists a note; false where it is one that stands there already, on another node.
fn put(notes: &mut Vec<Note>, note: Note) -> bool {
    let is_same = |old: &&mut Note| {
        old.text == note.text && old.author == note.author && note.at.since_us(old.at) <= SAME_MARK_US
    };
    if let Some(old) = notes.iter_mut().rev().take(64).find(is_same) {
        old.nodes.extend(note.nodes);
        return false;
    }
    if notes.len() < LISTED_MAX {
        notes.push(note);
    }
    true
}

/// The same of a note of who recorded.
fn put_recorded(notes: &mut Vec<Note>, model: &Model, at: Stamp, recorded: &RecordedMark) -> bool {
    let Some(mark) = &recorded.mark else { return false };
    let note = Note {
        at,
        nodes: recorded.node.iter().map(|id| name_of(model, id)).collect(),
        text: mark.text.as_deref().unwrap_or_default().into(),
        author: mark.author.as_deref().map(Into::into),
        focus: mark.focus.as_deref().map(Into::into),
        is_automatic: mark.automatic.unwrap_or(false),
    };
    put(notes, note)
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
        ("to", format!("{}, {} later", utc(to), format::duration(to.since_us(from)))),
        ("recorded by", format!("{} with {}", or_dash(header.author), or_dash(header.program))),
        ("why", or_dash(header.why)),
        ("nodes", format!("{}: {}", nodes.len(), listed(nodes, 40))),
    ];
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
