//! The tables of an Erlang VM and of one of its processes: which row is drawn from what.

use ratatui::buffer::Buffer;

use super::Page;
use crate::{
    app::{
        State,
        screen::{Panel, RowId},
    },
    view::columns::{relatives, schedulers, vm_lists, vms},
};

/// Draws the rows of one of these panels.
pub(super) fn draw(buffer: &mut Buffer, page: &Page<'_>, state: &State, panel: Panel) {
    match panel {
        Panel::Vms => of_node(buffer, page, state),
        Panel::Spots | Panel::Relatives => of_process(buffer, page, state, panel),
        Panel::Nodes
        | Panel::Tasks
        | Panel::Groups
        | Panel::Peers
        | Panel::AllQueues
        | Panel::Cgroups
        | Panel::Namespaces
        | Panel::Cpus
        | Panel::Host
        | Panel::Processes
        | Panel::Schedulers
        | Panel::Functions
        | Panel::Links
        | Panel::Ports
        | Panel::Tables
        | Panel::Queues
        | Panel::Children => of_vm(buffer, page, state, panel),
    }
}

fn of_node(buffer: &mut Buffer, page: &Page<'_>, state: &State) {
    let Some(node) = state.node() else { return };
    page.draw(buffer, vms::Row::ALL, |row| {
        let RowId::Vm(_, runtime) = row else { return None };
        let vm = node.vms.get(runtime)?;
        Some((vms::Row { vm, node }, node.presence.is_silent() || vm.reading.ended_us.is_some()))
    });
}

fn of_vm(buffer: &mut Buffer, page: &Page<'_>, state: &State, panel: Panel) {
    let Some((node, vm)) = state.node().zip(state.vm()) else { return };
    let (reading, vitals) = (&vm.reading, &vm.vitals);
    // What it said last stays while it does not answer, and is grey.
    let is_old = node.presence.is_silent() || vm.is_old(node);
    match panel {
        Panel::Schedulers => page.draw(buffer, schedulers::Row::ALL, |row| {
            let is_it = |kind, number| *row == RowId::Scheduler(kind, number);
            let vitals = vitals.schedulers.iter().find(|s| is_it(s.kind, s.number))?;
            let thread = reading.schedulers.iter().find(|s| is_it(s.kind, s.number)).and_then(|s| s.thread);
            let task = thread.and_then(|thread| node.task(thread));
            Some((schedulers::Row { vitals, thread, task }, is_old))
        }),
        Panel::Functions => page.draw(buffer, vm_lists::FunctionRow::ALL, |row| {
            let looked = reading.active_functions.as_ref()?;
            let seen = looked.functions.iter().find(|seen| *row == RowId::Function(seen.what.clone()))?;
            Some((vm_lists::FunctionRow { seen, of: looked.n_looked }, is_old))
        }),
        Panel::Links => page.draw(buffer, vm_lists::LinkRow::ALL, |row| {
            let mut links = reading.links.iter().flat_map(|links| &links.rows).zip(&vitals.links);
            let (link, vitals) = links.find(|(link, _)| matches!(row, RowId::Link(peer) if *peer == link.peer))?;
            Some((vm_lists::LinkRow { link, vitals }, is_old))
        }),
        Panel::Ports => {
            let outlets = vm.outlets();
            page.draw(buffer, vm_lists::PortRow::ALL, |row| {
                let outlet = outlets.iter().find(|outlet| matches!(row, RowId::Port(id) if *id == outlet.id))?;
                Some((vm_lists::PortRow { outlet, node }, is_old))
            });
        }
        _ => page.draw(buffer, vm_lists::TABLES, |row| {
            let mut tables = reading.tables.iter().flat_map(|tables| &tables.rows);
            let table = tables.find(|table| {
                let owner = table.owner.as_ref().map(|owner| &owner.text);
                matches!(row, RowId::Table(name, of) if *name == table.name && of.as_ref() == owner)
            })?;
            Some((table, is_old))
        }),
    }
}

fn of_process(buffer: &mut Buffer, page: &Page<'_>, state: &State, panel: Panel) {
    let Some((node, focus)) = state.node().zip(state.focus()) else { return };
    let is_silent = node.presence.is_silent() || focus.has_ended;
    let is_old = is_silent || focus.erlang.as_ref().is_some_and(|look| look.silent_ms.is_some());
    if panel == Panel::Spots {
        let spots = state.spots();
        page.draw(buffer, relatives::SpotRow::ALL, |row| {
            let RowId::Spot(n) = row else { return None };
            spots.get(usize::from(*n)).map(|spot| (relatives::SpotRow(*spot), is_old))
        });
        return;
    }
    let relatives = state.relatives();
    page.draw(buffer, relatives::RelativeRow::ALL, |row| {
        let RowId::Relative(relation, key) = row else { return None };
        let relative = relatives.iter().find(|r| r.relation == *relation && r.key() == *key)?;
        Some((relatives::RelativeRow { relative, node }, is_silent))
    });
}
