//! The keys of plain lines.

/// The number of keys.
pub(super) const KEY_COUNT: usize = 24;

/// A key of a plain line, as its index in [`KEYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(pub(super) usize);

impl Key {
    /// Returns the bit that marks the key in a set.
    pub(super) const fn bit(self) -> u32 {
        1 << self.0
    }
}

/// The values that a key may have, next to null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Text,
    Number,
    /// A value that no decision depends on: a text or a number.
    Ignored,
    /// The payload of an envelope: an object, or the text of an object.
    Payload,
}

/// The names of the keys. An envelope may have the first eight; its payload may have only others.
pub(super) const KEYS: [(&str, KeyKind); KEY_COUNT] = [
    ("id", KeyKind::Text),
    ("intent_id", KeyKind::Text),
    ("event_type", KeyKind::Text),
    ("source", KeyKind::Text),
    ("ts", KeyKind::Number),
    ("timestamp", KeyKind::Text),
    ("payload", KeyKind::Payload),
    ("data", KeyKind::Payload),
    ("symbol", KeyKind::Text),
    ("action", KeyKind::Text),
    ("side", KeyKind::Text),
    ("leverage", KeyKind::Number),
    ("quantity", KeyKind::Number),
    ("qty", KeyKind::Number),
    ("price", KeyKind::Number),
    ("entry_price", KeyKind::Number),
    ("position_usd", KeyKind::Number),
    ("size", KeyKind::Number),
    ("position_size_usd", KeyKind::Number),
    ("stop_loss", KeyKind::Number),
    ("take_profit", KeyKind::Number),
    ("confidence", KeyKind::Ignored),
    ("model", KeyKind::Ignored),
    ("regime", KeyKind::Ignored),
];

pub(super) const ID: Key = Key(0);
pub(super) const INTENT_ID: Key = Key(1);
pub(super) const EVENT_TYPE: Key = Key(2);
pub(super) const SOURCE: Key = Key(3);
pub(super) const TS: Key = Key(4);
pub(super) const TIMESTAMP: Key = Key(5);
pub(super) const SYMBOL: Key = Key(8);
pub(super) const ACTION: Key = Key(9);
pub(super) const SIDE: Key = Key(10);
pub(super) const LEVERAGE: Key = Key(11);
pub(super) const QUANTITY: Key = Key(12);
pub(super) const QTY: Key = Key(13);
pub(super) const PRICE: Key = Key(14);
pub(super) const ENTRY_PRICE: Key = Key(15);
pub(super) const POSITION_USD: Key = Key(16);
pub(super) const SIZE: Key = Key(17);
pub(super) const POSITION_SIZE_USD: Key = Key(18);
pub(super) const STOP_LOSS: Key = Key(19);
pub(super) const TAKE_PROFIT: Key = Key(20);

/// The keys of an envelope.
pub(super) const ENVELOPE: u32 = 0xff;

/// The number of slots of the table of keys.
const SLOTS: usize = 64;

/// The keys by a hash of their first and last but one byte and their length.
#[derive(Debug)]
pub(super) struct KeyTable {
    slots: [Option<usize>; SLOTS],
}

impl Default for KeyTable {
    fn default() -> Self {
        let mut slots = [None; SLOTS];
        for (index, (name, _)) in KEYS.iter().enumerate() {
            if let Some(place) = slot(name.as_bytes()).and_then(|slot| slots.get_mut(slot)) {
                *place = Some(index);
            }
        }
        Self { slots }
    }
}

impl KeyTable {
    /// Returns the key with this name.
    pub(super) fn find(&self, name: &[u8]) -> Option<(Key, KeyKind)> {
        let (key, kind) = self.guess(name)?;
        let (found, _) = KEYS.get(key.0)?;
        (found.as_bytes() == name).then_some((key, kind))
    }

    /// Returns the only key that may have this name.
    #[inline(always)]
    pub(super) fn guess(&self, name: &[u8]) -> Option<(Key, KeyKind)> {
        let index = (*self.slots.get(slot(name)?)?)?;
        let (_, kind) = KEYS.get(index)?;
        Some((Key(index), *kind))
    }
}

/// Returns the slot of a name. The names in [`KEYS`] have different slots.
#[inline(always)]
fn slot(name: &[u8]) -> Option<usize> {
    let (first, last_but_one) = (name.first()?, name.iter().rev().nth(1)?);
    let sum = 3 * usize::from(*first) + 45 * usize::from(*last_but_one);
    Some((name.len() + sum) % SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_by_its_name() {
        let table = KeyTable::default();
        for (index, (name, kind)) in KEYS.iter().enumerate() {
            assert_eq!(
                table.find(name.as_bytes()),
                Some((Key(index), *kind)),
                "{name}"
            );
        }
        for name in ["", "i", "ids", "sise", "stop_l0ss"] {
            assert_eq!(table.find(name.as_bytes()), None, "{name}");
        }
        assert_eq!(
            [ID, TIMESTAMP, SYMBOL, LEVERAGE, PRICE, TAKE_PROFIT].map(|key| KEYS[key.0].0),
            [
                "id",
                "timestamp",
                "symbol",
                "leverage",
                "price",
                "take_profit"
            ],
        );
    }
}
