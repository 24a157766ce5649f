//! The screens at the marks, as the dashboard shows them.

use std::path::Path;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Note, SHOTS_MAX, hurt::Hurts};
use crate::{
    app::{Options, Speed},
    event::{Mark, Stamp},
    feed::file::Film,
    out::progress::Progress,
    session::Session,
    view::{self, Theme, svg},
};

/// Columns and rows.
const SIZE: (u16, u16) = (120, 35);
/// After a mark so much time passes before the picture: what it tells of is on the screen then, microseconds.
const SETTLE_US: u64 = 200_000;

/// A picture of a screen.
#[derive(Clone, Debug)]
pub(super) struct Shot {
    /// When.
    pub(super) at: Stamp,
    /// What happened there.
    pub(super) title: String,
    /// The picture.
    pub(super) svg: String,
}

/// When pictures are taken, of what, and where the screen stands: notes of people first, then those of programs; without
/// notes the worst moments of the nodes that hurt most.
pub(super) fn moments(
    notes: &[Note],
    hurts: &Hurts,
    (from, to): (Stamp, Stamp),
) -> Vec<(Stamp, String, Option<String>)> {
    let mut chosen: Vec<&Note> = notes.iter().filter(|note| !note.is_automatic).take(SHOTS_MAX).collect();
    chosen.extend(notes.iter().filter(|note| note.is_automatic).take(SHOTS_MAX - chosen.len()));
    let of_note = |note: &Note| {
        let node = note.nodes.first().filter(|_| note.nodes.len() == 1).cloned();
        // What a program noted of a task is most often that it is gone: its node still shows what it was like.
        let depth = if note.is_automatic { 1 } else { usize::MAX };
        let focus = note.focus.as_ref().map(|focus| focus.split('/').take(depth).collect::<Vec<_>>().join("/"));
        let go = focus.filter(|focus| !focus.is_empty()).or(node);
        (Stamp((note.at.0 + SETTLE_US).clamp(from.0, to.0)), note.text.to_string(), go)
    };
    let mut moments: Vec<_> = chosen.into_iter().map(of_note).collect();
    if moments.is_empty() {
        let worst = hurts.nodes();
        moments.extend(worst.iter().take(SHOTS_MAX / 4).map(|hurt| {
            let title = format!("{}: {} at {} %", hurt.node, hurt.vital.word(), hurt.worst.percent());
            (hurt.at, title, Some(hurt.node.clone()))
        }));
    }
    moments.sort_by_key(|(at, ..)| *at);
    moments
}

/// The pictures.
pub(super) fn at(
    file: &Path,
    moments: &[(Stamp, String, Option<String>)],
    marks: &[(Stamp, Mark)],
    n_nodes: usize,
    progress: &mut Progress,
) -> anyhow::Result<Vec<Shot>> {
    let mut n = 0;
    let shot = |(at, title, go): &(Stamp, String, Option<String>)| {
        n += 1;
        progress.then(format_args!("paints screen {n} of {}", moments.len()))?;
        let options = Options { n_targets: n_nodes, go: go.clone(), size: SIZE, ..Options::default() };
        let film = Film::open(file)?;
        let mut session = Session::replay(options, film, marks.to_vec(), Some(*at), Speed::default());
        session.settle();
        let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        view::draw_into(session.state(), &Theme::colour(), &mut buffer);
        Ok(Shot { at: *at, title: title.clone(), svg: svg::of(&buffer) })
    };
    let shots = moments.iter().map(shot).collect();
    progress.end();
    shots
}
