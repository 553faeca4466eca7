//! Intents as columns.

use std::collections::BTreeMap;

use super::{SkipCode, SkipReason};
use crate::{
    guardrails::Guardrails,
    intent::{
        ExitConflict, Intent, IntentErrorKind, Request, Size, Times, UnsupportedFields,
        is_plausible,
    },
    types::{Leverage, Symbol, Timestamp, positive},
};

/// The value for a missing timestamp, in microseconds. It makes the age larger than any real age,
/// and subtracting it does not overflow.
pub(super) const NO_TIMESTAMP: i64 = i64::MIN / 4;

/// The kinds of a row that the intent alone determines. Any other value is the number of the skip reason with which the
/// row fails gate 1.
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
    /// An exit with a field that opens a position: ambiguous unless it comes from an exit owner.
    pub(crate) const EXIT_UNCLEAR: u8 = 251;
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
    /// The largest size that the intent states, with the same basis as `size`.
    pub(super) largest: Vec<f64>,
    /// True if `largest` differs from `size` in any row.
    pub(super) sizes_differ: bool,
    /// The difference between the two prices of the intent as a fraction; 0 unless the intent has both.
    pub(super) price_deviation: Vec<f64>,
    /// The distance of the stop as a fraction: 0 without a stop, infinite with a stop but without a price.
    pub(super) stop_distance: Vec<f64>,
    /// The earliest and the latest time of sending.
    pub(super) earliest: Vec<i64>,
    pub(super) latest: Vec<i64>,
    pub(super) event_time: Vec<i64>,
    /// The rows with a `timestamp`, in ascending order.
    pub(super) stamped: Vec<StampedRow>,
    /// The rows that request an unsupported order or have unsupported fields, in ascending order.
    pub(super) unsupported: Vec<UnsupportedRow>,
}

/// The times of a row with a `timestamp`, whose meaning depends on the guardrails.
#[derive(Debug, Clone)]
pub(super) struct StampedRow {
    pub(super) row: usize,
    pub(super) source: u32,
    pub(super) times: Times,
}

/// A row that requests an unsupported order, or has unsupported fields.
#[derive(Debug, Clone)]
pub(super) struct UnsupportedRow {
    pub(super) row: usize,
    /// The fields; `None` if the order itself is unsupported.
    fields: Option<UnsupportedFields>,
}

impl UnsupportedRow {
    /// Returns true if the row is an entry, or requests an unsupported order. An exit with unsupported fields passes.
    pub(super) fn applies_to(&self, kind: Option<u8>) -> bool {
        let is_entry = matches!(kind, Some(row_kind::NOTIONAL | row_kind::MARGIN));
        is_entry || self.fields.is_none()
    }

    /// Returns true if the guardrails do not ignore all of the fields.
    pub(super) fn is_denied(&self, guardrails: &Guardrails) -> bool {
        self.fields
            .as_ref()
            .is_none_or(|fields| !fields.all_ignored(|name| guardrails.ignores(name)))
    }
}

/// The numbers of a row that depend on the kind of its request.
struct RequestRow {
    symbol: u32,
    kind: u8,
    requested: f64,
    size: f64,
    largest: f64,
    price_deviation: f64,
    stop_distance: f64,
}

impl RequestRow {
    /// Returns the row of an intent without numbers.
    const fn bare(symbol: u32, kind: u8) -> Self {
        Self {
            symbol,
            kind,
            requested: f64::NAN,
            size: f64::NAN,
            largest: f64::NAN,
            price_deviation: 0.0,
            stop_distance: 0.0,
        }
    }
}

/// An entry with a side, as one row for [`IntentColumns::push_entry`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntryRow {
    /// The number of the symbol, from [`IntentColumns::symbol_number`]. Any other number counts as a symbol that
    /// is not in the universe.
    pub symbol: u32,
    /// The number of the source, from [`IntentColumns::source_number`].
    pub source: u32,
    /// The requested leverage, if any.
    pub leverage: Option<f64>,
    /// The size, if the intent states one that is usable.
    pub size: Option<Size>,
    /// The difference between `price` and `entry_price` as a fraction of `entry_price`; 0 unless the intent has both.
    pub price_deviation: f64,
    /// The distance of the stop as a fraction of `entry_price` or, without one, of `price`; 0 without a stop, infinite
    /// if there is a stop but neither price.
    pub stop_distance: f64,
    /// The time at which the intent was sent, at which [`Engine::decide_recorded`](super::Engine::decide_recorded)
    /// decides it.
    pub emitted_at: Option<Timestamp>,
    /// The earliest and the latest of the times that the intent states.
    pub sent: Option<(Timestamp, Timestamp)>,
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
pub(super) const OUTSIDE: u32 = u32::MAX;

impl IntentColumns {
    /// Appends one row.
    pub fn push(&mut self, intent: &Intent<'_>) {
        self.source.push(match &intent.source {
            Ok(name) => self.sources.number(name.as_deref().map(ToOwned::to_owned)),
            Err(_) => OUTSIDE,
        });
        let index = self.len();
        let mut unsupported = None;
        let row = match intent.request() {
            Err(fault) => {
                let untimed = matches!(&intent.request, Err(invalid) if invalid.untimed);
                let is_unsupported = fault.kind() == IntentErrorKind::Unsupported;
                if is_unsupported {
                    unsupported = Some(None);
                }
                let reason = match is_unsupported {
                    // This reason is replaced when `DecisionColumns::deny_unsupported` applies the unsupported rows.
                    true => SkipCode::IntentAmbiguous,
                    false => SkipReason::InvalidIntent(fault).reason(),
                };
                let kind = match (reason, untimed) {
                    (SkipCode::IntentAmbiguous, true) => row_kind::AMBIGUOUS_UNTIMED,
                    (SkipCode::IntentNotActionable, true) => row_kind::HOLD_UNTIMED,
                    (reason, _) => reason.number(),
                };
                RequestRow::bare(OUTSIDE, kind)
            }
            Ok(Request::Exit(exit)) => {
                let kind = match exit.conflict {
                    Some(ExitConflict { opens: true, .. }) => row_kind::EXIT_UNCLEAR,
                    Some(_) | None => row_kind::EXIT,
                };
                RequestRow::bare(self.symbols.number(exit.symbol), kind)
            }
            Ok(Request::Entry(entry)) => {
                unsupported = intent.unsupported().map(|fields| Some(fields.clone()));
                let requested = match entry.leverage() {
                    None => f64::INFINITY,
                    Some(requested) => requested.map_or(f64::NAN, Leverage::get),
                };
                let (kind, size) = match entry.requested_size() {
                    None | Some(Err(_)) => (row_kind::NOTIONAL, f64::NAN),
                    Some(Ok(Size::Notional(amount))) => (row_kind::NOTIONAL, amount.get()),
                    Some(Ok(Size::Margin(amount))) => (row_kind::MARGIN, amount.get()),
                };
                RequestRow {
                    requested,
                    size,
                    largest: entry.largest_size().map_or(f64::NAN, Size::usd),
                    price_deviation: entry.price_deviation().unwrap_or_default(),
                    stop_distance: entry.stop_distance().unwrap_or_default(),
                    ..RequestRow::bare(self.symbols.number(entry.symbol()), kind)
                }
            }
        };
        if let Some(fields) = unsupported {
            self.unsupported.push(UnsupportedRow { row: index, fields });
        }
        if intent.times.stamped.is_some() {
            self.stamped.push(StampedRow {
                row: index,
                source: self.source.last().copied().unwrap_or(OUTSIDE),
                times: intent.times,
            });
        }
        self.add(&row, intent.sent_between(None), intent.event_time());
    }

    /// Returns the number by which rows refer to a symbol.
    pub fn symbol_number(&mut self, symbol: Symbol) -> u32 {
        self.symbols.number(symbol)
    }

    /// Returns the number by which rows refer to a source.
    pub fn source_number(&mut self, source: Option<&str>) -> u32 {
        self.sources.number(source.map(ToOwned::to_owned))
    }

    /// Returns the symbols, each at the index of its number.
    #[must_use]
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols.values
    }

    /// Returns the number of distinct sources.
    #[must_use]
    pub const fn source_count(&self) -> usize {
        self.sources.values.len()
    }

    /// Appends an entry. The row is equal to the row that [`Self::push`] appends for an intent with the same values.
    #[inline]
    pub fn push_entry(&mut self, entry: &EntryRow) {
        let usable = |number| positive(number).unwrap_or(f64::NAN);
        let emitted_at = entry.emitted_at.filter(|at| is_plausible(*at));
        let has_symbol =
            usize::try_from(entry.symbol).is_ok_and(|it| it < self.symbols.values.len());
        let row = if has_symbol && emitted_at == entry.emitted_at {
            let (kind, size) = match entry.size {
                None => (row_kind::NOTIONAL, f64::NAN),
                Some(Size::Notional(amount)) => (row_kind::NOTIONAL, amount.get()),
                Some(Size::Margin(amount)) => (row_kind::MARGIN, amount.get()),
            };
            RequestRow {
                requested: entry.leverage.map_or(f64::INFINITY, usable),
                size,
                largest: size,
                price_deviation: entry.price_deviation,
                stop_distance: entry.stop_distance,
                ..RequestRow::bare(entry.symbol, kind)
            }
        } else {
            RequestRow::bare(OUTSIDE, SkipCode::IntentInvalid.number())
        };
        self.source.push(entry.source);
        let sent = entry.sent.filter(|_| emitted_at.is_some());
        self.add(&row, sent, emitted_at);
    }

    /// Appends a row with the times between which it was sent and its event time.
    #[inline]
    fn add(
        &mut self,
        row: &RequestRow,
        sent: Option<(Timestamp, Timestamp)>,
        event_time: Option<Timestamp>,
    ) {
        let micros = |at: Option<Timestamp>| at.map_or(NO_TIMESTAMP, Timestamp::as_micros);
        self.symbol.push(row.symbol);
        self.kind.push(row.kind);
        self.requested.push(row.requested);
        self.size.push(row.size);
        self.largest.push(row.largest);
        self.sizes_differ |= row.largest.to_bits() != row.size.to_bits();
        self.price_deviation.push(row.price_deviation);
        self.stop_distance.push(row.stop_distance);
        self.earliest
            .push(micros(sent.map(|(earliest, _)| earliest)));
        self.latest.push(micros(sent.map(|(_, latest)| latest)));
        self.event_time.push(micros(event_time));
    }

    /// Replaces a row by that of an invalid intent, which keeps its source and its times.
    pub(super) fn clear_row(&mut self, index: usize) {
        let row = RequestRow::bare(OUTSIDE, SkipCode::IntentInvalid.number());
        set(&mut self.symbol, index, row.symbol);
        set(&mut self.kind, index, row.kind);
        set(&mut self.requested, index, row.requested);
        set(&mut self.size, index, row.size);
        set(&mut self.largest, index, row.largest);
        set(&mut self.price_deviation, index, row.price_deviation);
        set(&mut self.stop_distance, index, row.stop_distance);
    }

    /// Removes the times of a row.
    pub(super) fn clear_times(&mut self, index: usize) {
        set(&mut self.earliest, index, NO_TIMESTAMP);
        set(&mut self.latest, index, NO_TIMESTAMP);
        set(&mut self.event_time, index, NO_TIMESTAMP);
    }

    /// Removes all rows, symbols and sources, and keeps the allocated memory.
    pub fn clear(&mut self) {
        self.symbols.clear();
        self.sources.clear();
        self.clear_rows();
    }

    /// Removes all rows, and keeps the symbols, the sources and their numbers.
    pub fn clear_rows(&mut self) {
        self.symbol.clear();
        self.source.clear();
        self.kind.clear();
        self.requested.clear();
        self.size.clear();
        self.largest.clear();
        self.sizes_differ = false;
        self.price_deviation.clear();
        self.stop_distance.clear();
        self.earliest.clear();
        self.latest.clear();
        self.event_time.clear();
        self.stamped.clear();
        self.unsupported.clear();
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

fn set<T>(column: &mut [T], index: usize, value: T) {
    if let Some(place) = column.get_mut(index) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use proptest::{num::f64::ANY, option::of, prelude::*};

    use super::*;
    use crate::{
        intent::IntentBuilder,
        types::{Notional, Side},
    };

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![ANY, 0.5..200.0, Just(0.0), Just(f64::INFINITY)]
    }

    /// Returns the debug output as text, in which two NaN are equal.
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
            let (mut columns, mut expected) = (IntentColumns::default(), IntentColumns::default());
            let symbols = names.map(|name| {
                let symbol = Symbol::new(name).unwrap();
                expected.symbols.number(symbol);
                columns.symbol_number(symbol)
            });
            expected.sources.number(None);
            let source = columns.source_number(None);
            for (symbol, leverage, usd, at, buys) in rows {
                let emitted_at = at.and_then(|ms| Timestamp::from_millis(ms).ok());
                columns.push_entry(&EntryRow {
                    symbol: symbols.get(symbol).copied().unwrap_or(OUTSIDE),
                    source,
                    leverage,
                    size: usd.and_then(|usd| Notional::new(usd).ok()).map(Size::Notional),
                    price_deviation: 0.0,
                    stop_distance: 0.0,
                    emitted_at,
                    sent: emitted_at.map(|at| (at, at)),
                });
                let name = names.get(symbol).copied().unwrap_or("");
                let mut builder = IntentBuilder::new(name).with_side(if buys { Side::Buy } else { Side::Sell });
                if let Some(leverage) = leverage {
                    builder = builder.with_leverage(leverage);
                }
                if let Some(usd) = usd {
                    builder = builder.with_notional_usd(usd);
                }
                if let Some(at) = emitted_at {
                    builder = builder.with_emitted_at(at);
                }
                expected.push(&builder.build());
            }
            prop_assert_eq!(shown(&columns), shown(&expected));
            columns.clear_rows();
            prop_assert_eq!((columns.len(), columns.symbols().len(), columns.source_count()), (0, 3, 1));
            columns.clear();
            prop_assert_eq!(shown(&columns), shown(&IntentColumns::default()));
        }
    }
}
