//! What the allocators of a VM hold, against what is in use of it: fragmentation, or a leak.

use std::time::Duration;

use super::{
    asked::WatchError,
    form::{self, Form},
};
use crate::{connection::Connection, term::Term};

const ALLOCATION: Form = Form(include_bytes!("../../forms/allocation.etf"));

/// What the allocators hold. Where carriers are much more than blocks, memory is fragmented; where blocks grow, it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// When, by the VM's monotonic clock: us.
    pub at_us: i64,
    /// Time that the look took on the VM: us by its clock.
    pub took_us: Option<u64>,
    /// What is allocated, as `erlang:memory(total)` has it.
    pub total_bytes: Option<u64>,
    /// Each allocator that told.
    pub allocators: Vec<Allocator>,
}

/// One allocator, all of its instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocator {
    /// Its name: `eheap_alloc`.
    pub name: String,
    /// Bytes that it has of the system.
    pub carrier_bytes: u64,
    /// Of these, bytes that it has given out.
    pub block_bytes: u64,
}

impl Allocation {
    /// Bytes that all allocators have of the system; `None` where none told.
    pub fn carrier_bytes(&self) -> Option<u64> {
        self.sum(|allocator| allocator.carrier_bytes)
    }

    /// Of these, bytes that they have given out.
    pub fn block_bytes(&self) -> Option<u64> {
        self.sum(|allocator| allocator.block_bytes)
    }

    fn sum(&self, of: impl Fn(&Allocator) -> u64) -> Option<u64> {
        let sum = self.allocators.iter().map(of).fold(0, u64::saturating_add);
        (!self.allocators.is_empty()).then_some(sum)
    }
}

/// Asks once: about a millisecond on a VM with two schedulers. It is for once a minute.
pub async fn allocation(connection: &Connection, within: Duration) -> Result<Allocation, WatchError> {
    let returned = connection.call(form::INTERPRETER, ALLOCATION.applied_to(vec![]), within).await?;
    let said = form::value(returned);
    said.as_ref().and_then(reading).ok_or(WatchError::Garbage { what: "its allocators" })
}

/// Of `{At, Took, Total, Sizes}`; `None` without a moment.
fn reading(said: &Term) -> Option<Allocation> {
    let [at, took, total, sizes] = said.as_tuple()? else { return None };
    Some(Allocation {
        at_us: at.as_int()?,
        took_us: took.as_count(),
        total_bytes: total.as_count(),
        allocators: sizes.as_list().unwrap_or_default().iter().filter_map(allocator).collect(),
    })
}

/// Of `{Name, Instances}`; one that is switched off has none. A size that cannot be read makes the sum unknown.
fn allocator(sizes: &Term) -> Option<Allocator> {
    let [name, instances] = sizes.as_tuple()? else { return None };
    let mut allocator = Allocator { name: name.as_atom()?.to_owned(), ..Allocator::default() };
    let instances = instances.as_list().filter(|instances| !instances.is_empty())?;
    for instance in instances {
        // `mbcs`, `mbcs_pool`, `sbcs`.
        for pool in instance.as_tuple()?.get(2)?.as_list()? {
            for sizes in pool.as_tuple()?.get(1)?.as_list()? {
                let (carriers, blocks) = held(sizes.as_tuple()?)?;
                allocator.carrier_bytes = allocator.carrier_bytes.checked_add(carriers)?;
                allocator.block_bytes = allocator.block_bytes.checked_add(blocks)?;
            }
        }
    }
    Some(allocator)
}

/// Bytes of carriers and of blocks in `{carriers_size, Now, ...}` or `{blocks, [{Type, [{size, Now, ...}, ...]}]}`; none in
/// others, which are counts.
fn held(sizes: &[Term]) -> Option<(u64, u64)> {
    match (sizes.first()?.as_atom()?, sizes.get(1)) {
        ("carriers_size", Some(now)) => Some((now.as_count()?, 0)),
        ("blocks", Some(types)) => {
            let mut bytes = 0_u64;
            for of_type in types.as_list()? {
                for size in of_type.as_tuple()?.get(1)?.as_list()? {
                    let [key, now, ..] = size.as_tuple()? else { continue };
                    if key.as_atom() == Some("size") {
                        bytes = bytes.checked_add(now.as_count()?)?;
                    }
                }
            }
            Some((0, bytes))
        }
        _ => Some((0, 0)),
    }
}

#[cfg(test)]
mod tests;
