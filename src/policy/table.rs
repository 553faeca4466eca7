//! A hash table keyed by symbol. Each decision reads it once.
//!
//! The table uses open addressing with linear probing and has at least four cells per symbol. The
//! constructor tries several hash multipliers to find one without collisions, so that a lookup is
//! one comparison. The table is never iterated, so its order does not affect any output.

use std::collections::BTreeSet;

use crate::types::Symbol;

/// The first multiplier, and the step between multipliers: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Maximum number of multipliers tried.
const TRIES: u64 = 64;

/// Maximum number of symbols for which multipliers are tried. For more symbols, nearly every multiplier has collisions.
const TRIED_MAX: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Table<T> {
    /// The cells; their number is a power of two, and most of them are empty.
    cells: Vec<Option<(Symbol, T)>>,
    multiplier: u64,
}

impl<T: Copy> Table<T> {
    /// Builds a table from entries with distinct symbols.
    pub(super) fn new(entries: &[(Symbol, T)]) -> Self {
        let room = entries.len().max(1).saturating_mul(4).next_power_of_two();
        let mut table = Self {
            cells: vec![None; room],
            multiplier: STEP,
        };
        if entries.len() <= TRIED_MAX {
            let mut multipliers = (1..=TRIES).map(|n| STEP.wrapping_mul(n) | 1);
            let is_perfect = |multiplier: &u64| {
                let mut taken = BTreeSet::new();
                let mut places = entries
                    .iter()
                    .map(|(symbol, _)| place(symbol, *multiplier, room));
                places.all(|place| taken.insert(place))
            };
            table.multiplier = multipliers.find(is_perfect).unwrap_or(STEP);
        }
        for entry in entries {
            table.insert(*entry);
        }
        table
    }

    fn insert(&mut self, entry: (Symbol, T)) {
        let start = place(&entry.0, self.multiplier, self.cells.len());
        let (before, from) = self.cells.split_at_mut(start);
        let mut cells = from.iter_mut().chain(before);
        if let Some(empty) = cells.find(|cell| cell.is_none()) {
            *empty = Some(entry);
        }
    }

    /// Returns the value of the symbol, if the table has one.
    #[inline]
    pub(super) fn get(&self, symbol: &Symbol) -> Option<T> {
        let mut place = place(symbol, self.multiplier, self.cells.len());
        loop {
            // The search ends at an empty cell at the latest; at least three of four cells are
            // empty.
            let (found, value) = self.cells.get(place)?.as_ref()?;
            if found == symbol {
                return Some(*value);
            }
            place = (place + 1) & (self.cells.len() - 1);
        }
    }
}

/// Returns the preferred cell of a symbol in a table of `room` cells, which must be a power of two. All bytes of the
/// symbol affect it.
#[inline]
fn place(symbol: &Symbol, multiplier: u64, room: usize) -> usize {
    let [low, high] = symbol.halves();
    let mut mixed = fold(low, multiplier);
    if high != 0 {
        mixed ^= fold(high, multiplier.rotate_left(32));
    }
    let [a, b, c, d, ..] = mixed.to_le_bytes();
    usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or_default() & (room - 1)
}

/// Returns a 64-bit hash of 16 bytes. Each half is combined with the multiplier by XOR, and the halves are multiplied.
/// The two halves of the product are combined by XOR.
#[inline]
fn fold(bytes: u128, multiplier: u64) -> u64 {
    let (low, high) = split(bytes);
    let product = u128::from(low ^ multiplier) * u128::from(high ^ multiplier.rotate_left(17));
    let (low, high) = split(product);
    low ^ high
}

#[inline]
fn split(wide: u128) -> (u64, u64) {
    let [a, b, c, d, e, f, g, h, high @ ..] = wide.to_le_bytes();
    (
        u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        u64::from_le_bytes(high),
    )
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_set, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn exactly_the_inserted_symbols_are_found(
            names in btree_set("[A-Z]{1,3}|[A-Z0-9]{5,12}USDT|[A-Z]{17,32}", 0..200),
            others in btree_set("[A-Z]{1,3}|[A-Z0-9]{5,12}USDT|[A-Z]{17,32}", 0..50),
        ) {
            let symbol = |name: &String| Symbol::new(name).unwrap();
            let entries: Vec<(Symbol, usize)> = names.iter().map(symbol).zip(0..).collect();
            let table = Table::new(&entries);
            for (symbol, value) in &entries {
                prop_assert_eq!(table.get(symbol), Some(*value));
            }
            for name in others.difference(&names) {
                prop_assert_eq!(table.get(&symbol(name)), None);
            }
        }
    }

    #[test]
    fn typical_symbols_have_no_collisions() {
        let entries: Vec<(Symbol, ())> = (0..40)
            .map(|n| (Symbol::new(&format!("COIN{n}USDT")).unwrap(), ()))
            .collect();
        let table = Table::new(&entries);
        let room = table.cells.len();
        assert_eq!(room, 256);
        for (symbol, ()) in &entries {
            let wanted = place(symbol, table.multiplier, room);
            assert_eq!(
                table.cells[wanted].map(|(symbol, ())| symbol),
                Some(*symbol)
            );
        }
    }
}
