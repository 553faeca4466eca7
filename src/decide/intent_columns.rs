//! Intents as columns.

use std::collections::BTreeMap;

use super::{SkipCode, SkipReason};
use crate::{
    intent::{Exit, Intent, Request, Size},
    types::{Leverage, Symbol, Timestamp, positive},
};

/// The value for a missing timestamp, in microseconds. It makes the age larger than any real age,
/// and subtracting it does not overflow.
pub(super) const NO_TIMESTAMP: i64 = i64::MIN / 4;

/// The kinds of a row, as far as the intent alone determines them. Any other value is the number of
/// the skip reason with which the row fails gate 1.
pub(super) mod row_kind {
    /// An entry whose size is a notional.
    pub(crate) const NOTIONAL: u8 = 0;
    /// An entry whose size is a margin.
    pub(crate) const MARGIN: u8 = 255;
    /// An exit.
    pub(crate) const EXIT: u8 = 254;
    /// An ambiguous intent without a timestamp. It is invalid instead of ambiguous if the caller
    /// does not pass a `now` either.
    pub(crate) const AMBIGUOUS_UNTIMED: u8 = 253;
    /// A hold without a timestamp. It is invalid instead of not actionable if the caller does not
    /// pass a `now` either.
    pub(crate) const HOLD_UNTIMED: u8 = 252;
}

/// Intents as columns. Each distinct symbol and source is stored once, and rows refer to it by number.
#[derive(Debug, Clone, Default)]
pub struct IntentColumns {
    pub(super) symbols: Dictionary<Symbol>,
    pub(super) sources: Dictionary<Option<String>>,
    /// The numbers of the symbols in `symbols`. A row without a symbol has a number outside the
    /// dictionary.
    pub(super) symbol: Vec<u32>,
    /// The numbers of the sources in `sources`. A row whose source cannot be read has a number
    /// outside the dictionary.
    pub(super) source: Vec<u32>,
    pub(super) kind: Vec<u8>,
    /// The requested leverages: infinite if none was requested, NaN if it is unusable.
    pub(super) requested: Vec<f64>,
    /// The sizes in USD: NaN if the size is absent or unusable.
    pub(super) size: Vec<f64>,
    pub(super) emitted_at: Vec<i64>,
    pub(super) event_time: Vec<i64>,
}

/// The values of one row for [`IntentColumns::extend_entries`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntryRow {
    /// The index of the row's symbol in the argument `symbols`.
    pub symbol: usize,
    /// The requested leverage, if any.
    pub leverage: Option<f64>,
    /// The notional, in USD.
    pub notional_usd: Option<f64>,
    /// The time at which the intent was sent.
    pub emitted_at: Option<Timestamp>,
}

/// Distinct values, each with the number by which rows refer to it.
#[derive(Debug, Clone)]
pub(super) struct Dictionary<T> {
    pub(super) values: Vec<T>,
    numbers: BTreeMap<T, u32>,
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: BTreeMap::new(),
        }
    }
}

impl<T: Clone + Ord> Dictionary<T> {
    fn number(&mut self, value: T) -> u32 {
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        // A value beyond the first `u32::MAX` gets a number outside the dictionary, and its row is
        // skipped.
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value.clone());
        self.numbers.insert(value, number);
        number
    }

    fn clear(&mut self) {
        self.values.clear();
        self.numbers.clear();
    }
}

/// The number of a value that is not in a dictionary.
const OUTSIDE: u32 = u32::MAX;

impl IntentColumns {
    /// Appends one row.
    pub fn push(&mut self, intent: &Intent<'_>) {
        self.source.push(match &intent.source {
            Ok(name) => self.sources.number(name.as_deref().map(ToOwned::to_owned)),
            Err(_) => OUTSIDE,
        });
        let row = match intent.request() {
            Err(fault) => {
                let untimed = matches!(&intent.request, Err(invalid) if invalid.untimed);
                let kind = match (SkipReason::InvalidIntent(fault).reason(), untimed) {
                    (SkipCode::IntentAmbiguous, true) => row_kind::AMBIGUOUS_UNTIMED,
                    (SkipCode::IntentNotActionable, true) => row_kind::HOLD_UNTIMED,
                    (reason, _) => reason.number(),
                };
                (OUTSIDE, kind, f64::NAN, f64::NAN)
            }
            Ok(Request::Exit(Exit { symbol, .. })) => {
                let symbol = self.symbols.number(*symbol);
                (symbol, row_kind::EXIT, f64::NAN, f64::NAN)
            }
            Ok(Request::Entry(entry)) => {
                let requested = match entry.leverage() {
                    None => f64::INFINITY,
                    Some(requested) => requested.map_or(f64::NAN, Leverage::get),
                };
                let (kind, size) = match entry.requested_size() {
                    None | Some(Err(_)) => (row_kind::NOTIONAL, f64::NAN),
                    Some(Ok(Size::Notional(amount))) => (row_kind::NOTIONAL, amount.get()),
                    Some(Ok(Size::Margin(amount))) => (row_kind::MARGIN, amount.get()),
                };
                (self.symbols.number(entry.symbol()), kind, requested, size)
            }
        };
        self.add(row, intent.emitted_at(), intent.event_time());
    }

    /// Appends entries that are already stored in columns, with their symbols as a dictionary. Each
    /// row is equal to the row that [`Self::push`] appends for an intent that an
    /// [`IntentBuilder`](crate::intent::IntentBuilder) builds from the same values, with a side and
    /// no source. A row whose symbol index is out of range is an intent without a symbol.
    pub fn extend_entries(
        &mut self,
        symbols: &[Symbol],
        entries: impl IntoIterator<Item = EntryRow>,
    ) {
        let numbers: Vec<u32> = symbols
            .iter()
            .map(|symbol| self.symbols.number(*symbol))
            .collect();
        let source = self.sources.number(None);
        for entry in entries {
            let usable = |number: f64| {
                if positive(number).is_ok() {
                    number
                } else {
                    f64::NAN
                }
            };
            let row = match numbers.get(entry.symbol) {
                Some(symbol) => (
                    *symbol,
                    row_kind::NOTIONAL,
                    entry.leverage.map_or(f64::INFINITY, usable),
                    entry.notional_usd.map_or(f64::NAN, usable),
                ),
                None => (
                    OUTSIDE,
                    SkipCode::IntentInvalid.number(),
                    f64::NAN,
                    f64::NAN,
                ),
            };
            self.add(row, entry.emitted_at, entry.emitted_at);
        }
        self.source.resize(self.len(), source);
    }

    /// Appends a row: the number of its symbol, its kind, its requested leverage and its size in
    /// USD; then its time of sending and its event time.
    #[inline]
    fn add(
        &mut self,
        (symbol, kind, requested, size): (u32, u8, f64, f64),
        emitted_at: Option<Timestamp>,
        event_time: Option<Timestamp>,
    ) {
        let micros = |at: Option<Timestamp>| at.map_or(NO_TIMESTAMP, Timestamp::as_micros);
        self.symbol.push(symbol);
        self.kind.push(kind);
        self.requested.push(requested);
        self.size.push(size);
        self.emitted_at.push(micros(emitted_at));
        self.event_time.push(micros(event_time));
    }

    /// Removes all rows and keeps the allocated memory.
    pub fn clear(&mut self) {
        self.symbols.clear();
        self.sources.clear();
        self.symbol.clear();
        self.source.clear();
        self.kind.clear();
        self.requested.clear();
        self.size.clear();
        self.emitted_at.clear();
        self.event_time.clear();
    }

    /// Returns the number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.kind.len()
    }

    /// Returns true if there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::{num::f64::ANY, option::of, prelude::*};

    use super::*;
    use crate::{intent::IntentBuilder, types::Side};

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![ANY, 0.5..200.0, Just(0.0), Just(f64::INFINITY)]
    }

    /// Returns the debug output as text, so that a NaN is equal to a NaN.
    fn shown(columns: &IntentColumns) -> String {
        format!("{columns:?}")
    }

    proptest! {
        #[test]
        fn entries_in_columns_equal_built_intents(
            rows in proptest::collection::vec(
                (0..4_usize, of(number()), of(number()), of(-9_i64..4_000_000_000_000), any::<bool>()),
                0..9,
            ),
        ) {
            let names = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];
            let mut expected = IntentColumns::default();
            // `extend_entries` registers all symbols in this order, so they are also registered in
            // the expected columns.
            for name in names {
                expected.symbols.number(Symbol::new(name).unwrap());
            }
            expected.sources.number(None);
            let mut entries = Vec::new();
            for (symbol, leverage, notional_usd, at, buys) in rows {
                let emitted_at = at.and_then(|ms| Timestamp::from_millis(ms).ok());
                entries.push(EntryRow { symbol, leverage, notional_usd, emitted_at });
                let name = names.get(symbol).copied().unwrap_or("");
                let mut builder = IntentBuilder::new(name).with_side(if buys { Side::Buy } else { Side::Sell });
                if let Some(leverage) = leverage {
                    builder = builder.with_leverage(leverage);
                }
                if let Some(usd) = notional_usd {
                    builder = builder.with_notional_usd(usd);
                }
                if let Some(at) = emitted_at {
                    builder = builder.with_emitted_at(at);
                }
                expected.push(&builder.build());
            }
            let symbols = names.map(|name| Symbol::new(name).unwrap());
            let mut columns = IntentColumns::default();
            columns.extend_entries(&symbols, entries.iter().copied());
            prop_assert_eq!(shown(&columns), shown(&expected));
            columns.clear();
            prop_assert_eq!(shown(&columns), shown(&IntentColumns::default()));
        }
    }
}
