//! The keys of plain lines.

/// The number of keys.
pub(super) const KEY_COUNT: usize = 40;

/// A key of a plain line, as its index in [`KEYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(pub(super) usize);

impl Key {
    /// Returns the set of this key.
    pub(super) const fn bit(self) -> Keys {
        1 << self.0
    }
}

/// A set of keys, one bit each.
pub(super) type Keys = u64;

/// The kind of values that a key may have. Null is always allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Text,
    Number,
    TextOrNumber,
    /// The payload of an envelope: an object, or the text of an object.
    Payload,
    /// The market state of a position: an object.
    Market,
}

/// The names of the keys. An envelope may have the first nine; its payload may have only others.
pub(super) const KEYS: [(&str, KeyKind); KEY_COUNT] = [
    ("id", KeyKind::Text),
    ("intent_id", KeyKind::Text),
    ("event_type", KeyKind::Text),
    ("source", KeyKind::Text),
    ("ts", KeyKind::Number),
    ("timestamp", KeyKind::TextOrNumber),
    ("decided_at", KeyKind::Number),
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
    ("confidence", KeyKind::TextOrNumber),
    ("model", KeyKind::TextOrNumber),
    ("regime", KeyKind::TextOrNumber),
    ("peak_quantity", KeyKind::Number),
    ("lot_size", KeyKind::Number),
    ("min_quantity", KeyKind::Number),
    ("min_notional_usd", KeyKind::Number),
    ("current_price", KeyKind::Number),
    ("age_sec", KeyKind::Number),
    ("current_sl", KeyKind::Number),
    ("stop_dist_pct", KeyKind::Number),
    ("harvested", KeyKind::Text),
    ("market", KeyKind::Market),
    ("sigma", KeyKind::Number),
    ("p_trend", KeyKind::Number),
    ("p_mr", KeyKind::Number),
    ("p_chop", KeyKind::Number),
    ("as_of", KeyKind::Number),
];

pub(super) const ID: Key = key("id");
pub(super) const INTENT_ID: Key = key("intent_id");
pub(super) const EVENT_TYPE: Key = key("event_type");
pub(super) const SOURCE: Key = key("source");
pub(super) const TS: Key = key("ts");
pub(super) const TIMESTAMP: Key = key("timestamp");
pub(super) const DECIDED_AT: Key = key("decided_at");
pub(super) const SYMBOL: Key = key("symbol");
pub(super) const ACTION: Key = key("action");
pub(super) const SIDE: Key = key("side");
pub(super) const LEVERAGE: Key = key("leverage");
pub(super) const QUANTITY: Key = key("quantity");
pub(super) const QTY: Key = key("qty");
pub(super) const PRICE: Key = key("price");
pub(super) const ENTRY_PRICE: Key = key("entry_price");
pub(super) const POSITION_USD: Key = key("position_usd");
pub(super) const SIZE: Key = key("size");
pub(super) const POSITION_SIZE_USD: Key = key("position_size_usd");
pub(super) const STOP_LOSS: Key = key("stop_loss");
pub(super) const TAKE_PROFIT: Key = key("take_profit");

/// Returns the key with a name that is in [`KEYS`].
pub(super) const fn key(name: &str) -> Key {
    let mut keys = KEYS.as_slice();
    let mut index = 0;
    while let [(found, _), rest @ ..] = keys
        && !is_equal(found.as_bytes(), name.as_bytes())
    {
        (keys, index) = (rest, index + 1);
    }
    Key(index)
}

const fn is_equal(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([first, rest @ ..], [others_first, others_rest @ ..]) = (one, other)
        && *first == *others_first
    {
        (one, other) = (rest, others_rest);
    }
    one.is_empty() && other.is_empty()
}

/// The keys of an envelope.
pub(super) const ENVELOPE: Keys = 0x1ff;

/// The keys of a position that an entry does not have.
pub(super) const POSITION_ONLY: Keys = keys(&[
    "peak_quantity",
    "lot_size",
    "min_quantity",
    "min_notional_usd",
    "current_price",
    "age_sec",
    "current_sl",
    "stop_dist_pct",
    "harvested",
    "market",
    "sigma",
    "p_trend",
    "p_mr",
    "p_chop",
    "as_of",
]);

/// The keys of a position.
pub(super) const POSITION: Keys = POSITION_ONLY
    | keys(&[
        "id",
        "event_type",
        "ts",
        "timestamp",
        "symbol",
        "side",
        "quantity",
        "qty",
        "entry_price",
    ]);

/// The keys of a market state.
pub(super) const MARKET: Keys = keys(&["sigma", "ts", "p_trend", "p_mr", "p_chop", "as_of"]);

/// The keys that only a market state has.
pub(super) const MARKET_ONLY: Keys = MARKET & !TS.bit();

const fn keys(mut names: &[&str]) -> Keys {
    let mut keys = 0;
    while let [name, rest @ ..] = names {
        keys |= key(name).bit();
        names = rest;
    }
    keys
}

/// The number of slots of the table of keys.
const SLOTS: usize = 128;

/// The keys, by a hash of three values: the first byte, the last byte but one, and the length.
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
    let sum = 3 * usize::from(*first) + 81 * usize::from(*last_but_one);
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
        let constants = [
            (ID, "id"),
            (INTENT_ID, "intent_id"),
            (EVENT_TYPE, "event_type"),
            (SOURCE, "source"),
            (TS, "ts"),
            (TIMESTAMP, "timestamp"),
            (SYMBOL, "symbol"),
            (ACTION, "action"),
            (SIDE, "side"),
            (LEVERAGE, "leverage"),
            (QUANTITY, "quantity"),
            (QTY, "qty"),
            (PRICE, "price"),
            (ENTRY_PRICE, "entry_price"),
            (POSITION_USD, "position_usd"),
            (SIZE, "size"),
            (POSITION_SIZE_USD, "position_size_usd"),
            (STOP_LOSS, "stop_loss"),
            (TAKE_PROFIT, "take_profit"),
        ];
        for (key, name) in constants {
            assert_eq!(KEYS[key.0].0, name);
        }
    }
}
