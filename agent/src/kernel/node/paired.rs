//! Tables of two lines as `/proc/net/snmp` and `netstat` have them: one of names, and below it one of numbers, both with
//! the same first word.

use crate::kernel::text::{lines, number, words};

/// Finds numbers by their names. Where they stand is remembered, for it changes with the kernel alone.
#[derive(Clone, Debug)]
pub(in crate::kernel) struct Paired<const N: usize> {
    prefix: &'static str,
    names: [&'static str; N],
    header: Vec<u8>,
    /// Column of each name in `header`.
    places: [Option<usize>; N],
}

impl<const N: usize> Paired<N> {
    /// Looks for these names in the table with this first word.
    pub(in crate::kernel) fn new(prefix: &'static str, names: [&'static str; N]) -> Self {
        Self { prefix, names, header: Vec::new(), places: [None; N] }
    }

    /// The numbers, in the order of their names; `None` for a name that is not there.
    pub(in crate::kernel) fn read(&mut self, text: &[u8]) -> [Option<u64>; N] {
        let mut found = [None; N];
        let mut pair = lines(text).filter_map(|line| line.strip_prefix(self.prefix.as_bytes()));
        let (Some(header), Some(values)) = (pair.next(), pair.next()) else { return found };
        if header != self.header {
            self.places = self.names.map(|name| words(header).position(|word| word == name.as_bytes()));
            self.header = header.to_vec();
        }
        for (column, word) in words(values).enumerate() {
            for (slot, _) in found.iter_mut().zip(self.places).filter(|(_, place)| *place == Some(column)) {
                *slot = number(word);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
