//! The largest ETS tables of a VM.

use std::time::Duration;

use super::{
    asked::WatchError,
    form::{self, Form},
    vm::Vm,
};
use crate::{
    connection::Connection,
    term::{Pid, Term},
};

const TABLES: Form = Form(include_bytes!("../../forms/tables.etf"));

/// Tables of one look. Of more, a run of this length is looked at, another one each time.
pub const MOST_LOOKED: usize = 100_000;

/// What one look at the tables says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableReading {
    /// When, by the VM's monotonic clock: us.
    pub at_us: i64,
    /// Time that the look took on the VM: us by its clock.
    pub took_us: Option<u64>,
    /// Tables there are.
    pub n_tables: Option<u64>,
    /// Tables that were looked at: fewer where there are more than [`MOST_LOOKED`].
    pub n_looked: Option<u64>,
    /// The largest, the largest first.
    pub tables: Vec<TableRow>,
}

/// An ETS table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableRow {
    /// Its name; others may have the same, unless it is a named one.
    pub name: Option<String>,
    /// Its reference, in Erlang's words: tells it from others of its name.
    pub id: Option<String>,
    /// The process that owns it.
    pub owner: Option<Pid>,
    /// The registered name of that.
    pub owner_name: Option<String>,
    /// `set`, `ordered_set`, `bag`, `duplicate_bag`.
    pub kind: Option<String>,
    /// `public`, `protected`, `private`.
    pub protection: Option<String>,
    /// Objects in it.
    pub n_objects: Option<u64>,
    /// Its memory, without binaries outside of heaps that it refers to.
    pub bytes: Option<u64>,
}

/// Looks at all tables once, and gives the `n` largest.
pub async fn tables(connection: &Connection, vm: &Vm, n: u32, within: Duration) -> Result<TableReading, WatchError> {
    let args = TABLES.applied_to(vec![i64::from(n).into(), (MOST_LOOKED as i64).into()]);
    let returned = connection.call(form::INTERPRETER, args, within).await?;
    let said = form::value(returned);
    said.and_then(|said| reading(&said, vm.word_bytes)).ok_or(WatchError::Garbage { what: "its tables" })
}

/// Of `{At, Took, All, Looked, Tables}`; `None` without a moment.
fn reading(said: &Term, word_bytes: Option<u64>) -> Option<TableReading> {
    let [at, took, all, looked, tables] = said.as_tuple()? else { return None };
    let row = |table: &Term| row(table, word_bytes);
    Some(TableReading {
        at_us: at.as_int()?,
        took_us: took.as_count(),
        n_tables: all.as_count(),
        n_looked: looked.as_count(),
        tables: tables.as_list().unwrap_or_default().iter().filter_map(row).collect(),
    })
}

/// Of `{Info, OwnerName}` (ets:info/1).
fn row(table: &Term, word_bytes: Option<u64>) -> Option<TableRow> {
    let [info, owner_name] = table.as_tuple()? else { return None };
    let atom = |name| info.get(name).and_then(Term::as_atom).map(str::to_owned);
    let count = |name| info.get(name)?.as_count();
    Some(TableRow {
        name: atom("name"),
        id: info.get("id").map(ToString::to_string),
        owner: info.get("owner").and_then(Term::as_pid).cloned(),
        owner_name: owner_name.as_atom().map(str::to_owned),
        kind: atom("type"),
        protection: atom("protection"),
        n_objects: count("size"),
        bytes: count("memory").zip(word_bytes).and_then(|(words, bytes)| words.checked_mul(bytes)),
    })
}

#[cfg(test)]
mod tests;
