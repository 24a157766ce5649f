//! The tables of groups, and of VMs by the links that lead to them: which row is drawn from what.

use ratatui::buffer::Buffer;

use super::Page;
use crate::{
    app::{
        State,
        screen::{Panel, RowId},
    },
    view::columns::cluster::{GroupRow, PeerRow},
};

/// Draws the rows of one of these panels.
pub(super) fn draw(buffer: &mut Buffer, page: &Page<'_>, state: &State, panel: Panel) {
    if panel == Panel::Groups {
        let groups = state.summaries();
        page.draw(buffer, GroupRow::ALL, |row| {
            let RowId::Group(value) = row else { return None };
            let group = groups.iter().find(|group| group.value == *value)?;
            Some((GroupRow { group, state }, group.n_heard == 0))
        });
    } else {
        let peers = state.model.link_peers();
        page.draw(buffer, PeerRow::ALL, |row| {
            let RowId::Peer(name) = row else { return None };
            Some((PeerRow { peer: peers.get(name)?, state }, false))
        });
    }
}
