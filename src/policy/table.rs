//! A map from symbols that is looked into once a decision.
//!
//! Open addressing in a table at least four times too large. When it is made, multipliers are tried until no two
//! symbols want the same place, so that a look-up is one comparison; in a universe too large for that, a symbol whose
//! place is taken stands in the next one. Nobody walks it, so no order shows.

use std::collections::BTreeSet;

use crate::domain::Symbol;

/// The first multiplier, and by how much each differs from the one before: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// So many multipliers are tried.
const TRIES: u64 = 64;

/// More symbols than this want the same places under every multiplier.
const TRIED_MAX: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Table<T> {
    /// A power of two of them, most of them empty.
    cells: Vec<Option<(Symbol, T)>>,
    multiplier: u64,
}

impl<T: Copy> Table<T> {
    /// Of entries whose symbols differ.
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

    /// What the symbol was entered with.
    #[inline]
    pub(super) fn get(&self, symbol: &Symbol) -> Option<T> {
        let mut place = place(symbol, self.multiplier, self.cells.len());
        loop {
            // Most cells are empty, so there is an end.
            let (found, value) = self.cells.get(place)?.as_ref()?;
            if found == symbol {
                return Some(*value);
            }
            place = (place + 1) & (self.cells.len() - 1);
        }
    }
}

/// Where a symbol wants to stand in a table of a power of two of cells: the middle of a product, to which all of its
/// bytes have come.
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

/// The two halves of a product, one upon the other.
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
        fn what_was_entered_is_found_and_nothing_else(
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
    fn symbols_of_practice_each_stand_where_they_want() {
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
