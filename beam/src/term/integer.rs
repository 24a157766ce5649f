//! Integers beyond `i64`: rarely met, kept as they came.

use super::Term;

/// An integer that does not fit an `i64`.
///
/// INVARIANT: the magnitude has no zero byte at its end, and the value does not fit an `i64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigInt {
    is_negative: bool,
    /// Lowest byte first.
    magnitude: Vec<u8>,
}

impl BigInt {
    /// The integer of a sign and a magnitude, lowest byte first: small where it fits.
    pub fn from_bytes(is_negative: bool, magnitude: &[u8]) -> Term {
        let n = magnitude.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let magnitude = &magnitude[..n];
        if n <= 8 {
            let mut bytes = [0; 8];
            bytes[..n].copy_from_slice(magnitude);
            let value = i128::from(u64::from_le_bytes(bytes));
            if let Ok(small) = i64::try_from(if is_negative { -value } else { value }) {
                return Term::Int(small);
            }
        }
        Term::Big(Box::new(Self { is_negative, magnitude: magnitude.to_vec() }))
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.is_negative
    }

    /// Its magnitude, lowest byte first.
    pub fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }

    /// The value, where it fits.
    pub fn to_u64(&self) -> Option<u64> {
        if self.is_negative || self.magnitude.len() > 8 {
            return None;
        }
        let mut bytes = [0; 8];
        bytes[..self.magnitude.len()].copy_from_slice(&self.magnitude);
        Some(u64::from_le_bytes(bytes))
    }

    /// The nearest float; infinite beyond what floats reach.
    pub fn to_f64(&self) -> f64 {
        let value = self.magnitude.iter().rev().fold(0.0, |value, byte| value * 256.0 + f64::from(*byte));
        if self.is_negative { -value } else { value }
    }
}

impl From<u64> for Term {
    fn from(n: u64) -> Self {
        BigInt::from_bytes(false, &n.to_le_bytes())
    }
}
