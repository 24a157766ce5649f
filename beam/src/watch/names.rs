//! Who is that? Pids, ports and names that a node tells, as neighbours with names.

use super::look::{Neighbour, Neighbours, Party};
use crate::term::{Atom, Term};

/// What helps to name neighbours.
pub(super) struct Around<'a> {
    /// `#{Pid => Name}` of the node.
    pub(super) names: &'a Term,
    /// `[{Name, Pid}]` of the node.
    pub(super) local: &'a Term,
    /// Its name.
    pub(super) home: &'a str,
}

impl Around<'_> {
    /// `{Length, Some}`.
    pub(super) fn neighbours(&self, told: Option<&Term>) -> Neighbours {
        let Some([n, some]) = told.and_then(Term::as_tuple) else { return Neighbours::default() };
        let some = some.as_list().unwrap_or_default().iter().filter_map(|one| self.neighbour(one)).collect();
        Neighbours { n: n.as_count(), some }
    }

    /// A pid, a port, a name, or what `process_info` says of a monitor.
    pub(super) fn neighbour(&self, term: &Term) -> Option<Neighbour> {
        match term {
            Term::Pid(pid) => Some(self.placed(Party::Process(pid.clone()), term, &pid.node)),
            Term::Port(port) => Some(self.placed(Party::Port((**port).clone()), term, &port.node)),
            Term::Atom(name) if name.as_str() == "undefined" => None,
            // An ancestor that has a name is known by it.
            Term::Atom(name) => Some(self.of_name(name, None)),
            // `{process, Pid}`, `{process, {Name, Node}}`, `{port, Port}`, `{time_offset, clock_service}`.
            Term::Tuple(parts) => match &parts[..] {
                [Term::Atom(_), of @ (Term::Pid(_) | Term::Port(_))] => self.neighbour(of),
                [Term::Atom(_), Term::Tuple(at)] => match &at[..] {
                    [Term::Atom(name), Term::Atom(node)] => Some(self.of_name(name, Some(node))),
                    _ => Some(other(term)),
                },
                _ => Some(other(term)),
            },
            _ => Some(other(term)),
        }
    }

    fn placed(&self, party: Party, term: &Term, node: &Atom) -> Neighbour {
        let Term::Map(names) = self.names else { return Neighbour { party, name: None, node: self.foreign(node) } };
        let name = names.iter().find(|(of, _)| of == term).and_then(|(_, name)| name.as_atom()).map(str::to_owned);
        Neighbour { party, name, node: self.foreign(node) }
    }

    fn of_name(&self, name: &Atom, node: Option<&Atom>) -> Neighbour {
        let node = node.and_then(|node| self.foreign(node));
        let pid = if node.is_none() { self.local.get(name.as_str()).and_then(Term::as_pid) } else { None };
        let party = pid.map_or_else(|| Party::Name(name.as_str().to_owned()), |pid| Party::Process(pid.clone()));
        Neighbour { name: pid.map(|_| name.as_str().to_owned()), party, node }
    }

    fn foreign(&self, node: &Atom) -> Option<String> {
        (node.as_str() != self.home).then(|| node.as_str().to_owned())
    }
}

fn other(term: &Term) -> Neighbour {
    Neighbour { party: Party::Other(term.to_string()), name: None, node: None }
}
