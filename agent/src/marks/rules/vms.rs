//! Erlang VMs that run again under the name of one that has ended.

use std::collections::BTreeMap;

use midair_proto::v1::Vm;

use super::Note;
use crate::tick::Tick;

/// Most names that are remembered; beyond it the one that was met longest ago is forgotten.
const MOST: usize = 64;

/// The lives of VMs, by the names of their nodes.
#[derive(Debug, Default)]
pub(super) struct Lives(BTreeMap<String, Life>);

/// The last life that was met under a name.
#[derive(Debug)]
struct Life {
    process: Option<(u64, u64)>,
    creation: Option<u64>,
    /// Tick in which it was met last.
    tick: u64,
}

impl Lives {
    /// The notes of those that run again.
    pub(super) fn take(&mut self, node: &str, tick: &Tick) -> Vec<Note> {
        let mut notes = Vec::new();
        // Two that run under one name at the same time are no lives of one.
        let running = |name: &str| {
            let is_it = |vm: &&Vm| vm.ended_us.is_none() && vm.name.as_deref() == Some(name);
            tick.reading.vms.iter().filter(is_it).count()
        };
        for vm in tick.reading.vms.iter().filter(|vm| vm.ended_us.is_none()) {
            let Some(name) = vm.name.as_deref().filter(|name| running(name) == 1) else { continue };
            let process = vm.process.map(|id| (id.number(), id.start()));
            let before = self.0.get(name);
            // What did not answer yet has no creation.
            let creation = vm.creation.or(before.filter(|before| before.process == process).and_then(|b| b.creation));
            notes.extend(before.and_then(|before| before.text(name, process, creation)).map(|text| {
                let focus = Some(format!("{node}/{name}"));
                Note { text, focus, wall_us: tick.wall_us }
            }));
            self.0.insert(name.to_owned(), Life { process, creation, tick: tick.number });
        }
        if self.0.len() > MOST {
            let oldest = self.0.iter().min_by_key(|(_, life)| life.tick).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.0.remove(&name));
        }
        notes
    }
}

impl Life {
    /// What there is to say where this is another life now.
    fn text(&self, name: &str, process: Option<(u64, u64)>, creation: Option<u64>) -> Option<String> {
        match (self.process, process) {
            (Some((then, _)), Some((now, _))) if self.process != process => {
                Some(format!("restarted VM {name}: it was pid {then}, it is pid {now}"))
            }
            // init:restart/0 keeps the OS process (erts, init(3)), and so does net_kernel:stop/0.
            _ if self.creation.zip(creation).is_some_and(|(then, now)| then != now) => {
                Some(format!("restarted VM {name}: its node began anew in the same OS process"))
            }
            _ => None,
        }
    }
}
