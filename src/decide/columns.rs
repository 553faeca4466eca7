//! Intents and answers as columns.

use std::collections::BTreeMap;

use super::{Denial, LeverageFrom, Reason, batch::Tables};
use crate::{
    domain::{Instant, Leverage, Notional, Symbol, positive},
    intent::{Exit, Intent, Request, Size},
};

/// Stands for an instant that a row does not have: so much earlier than any that no age is as great, and not
/// so early that a difference overflows.
pub(super) const NO_INSTANT: i64 = i64::MIN / 4;

/// What a row is, as far as the intent alone says; else the number of the reason why it does not get past
/// the first gate.
pub(super) mod standing {
    /// An entry whose size is a notional.
    pub(crate) const NOTIONAL: u8 = 0;
    /// An entry whose size is a margin.
    pub(crate) const MARGIN: u8 = 255;
    /// An exit.
    pub(crate) const EXIT: u8 = 254;
    /// Ambiguous, and without a time: invalid where nobody else has one.
    pub(crate) const AMBIGUOUS_UNTIMED: u8 = 253;
    /// It asks for nothing, and has no time: invalid where nobody else has one.
    pub(crate) const HOLD_UNTIMED: u8 = 252;
}

/// Intents as columns. Symbols and sources are kept once each, rows refer to them.
#[derive(Debug, Clone, Default)]
pub struct IntentColumns {
    pub(super) symbols: Dictionary<Symbol>,
    pub(super) sources: Dictionary<Option<String>>,
    /// Numbers of symbols; one outside the dictionary where there is none.
    pub(super) symbol: Vec<u32>,
    /// Numbers of sources; one outside the dictionary where it cannot be read.
    pub(super) source: Vec<u32>,
    pub(super) standing: Vec<u8>,
    /// The leverage asked for: infinite where none was, NaN where it is unusable.
    pub(super) asked: Vec<f64>,
    /// The amount in USD: NaN where there is none, or none that is usable.
    pub(super) size: Vec<f64>,
    pub(super) emitted_at: Vec<i64>,
    pub(super) event_time: Vec<i64>,
}

/// One entry of [`IntentColumns::extend_entries`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntryRow {
    /// The place of its symbol among those given.
    pub symbol: usize,
    /// The leverage it asks for.
    pub leverage: Option<f64>,
    /// Its size as notional, in USD.
    pub notional_usd: Option<f64>,
    /// When it was sent.
    pub emitted_at: Option<Instant>,
}

/// Values, each with the number that rows know it by.
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
        // More values than rows can tell apart fall out of the table, and a row outside it is refused.
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

/// The number of what is in no dictionary.
const OUTSIDE: u32 = u32::MAX;

impl IntentColumns {
    /// Adds a row.
    pub fn push(&mut self, intent: &Intent<'_>) {
        self.source.push(match &intent.source {
            Ok(name) => self.sources.number(name.as_deref().map(ToOwned::to_owned)),
            Err(_) => OUTSIDE,
        });
        let row = match intent.request() {
            Err(fault) => {
                let untimed = matches!(&intent.request, Err(refused) if refused.untimed);
                let standing = match (Denial::Unread(fault).reason(), untimed) {
                    (Reason::IntentAmbiguous, true) => standing::AMBIGUOUS_UNTIMED,
                    (Reason::IntentNotActionable, true) => standing::HOLD_UNTIMED,
                    (reason, _) => reason.number(),
                };
                (OUTSIDE, standing, f64::NAN, f64::NAN)
            }
            Ok(Request::Exit(Exit { symbol, .. })) => {
                let symbol = self.symbols.number(*symbol);
                (symbol, standing::EXIT, f64::NAN, f64::NAN)
            }
            Ok(Request::Entry(entry)) => {
                let asked = match entry.leverage() {
                    None => f64::INFINITY,
                    Some(asked) => asked.map_or(f64::NAN, Leverage::get),
                };
                let (standing, size) = match entry.size_asked() {
                    None | Some(Err(_)) => (standing::NOTIONAL, f64::NAN),
                    Some(Ok(Size::Notional(amount))) => (standing::NOTIONAL, amount.get()),
                    Some(Ok(Size::Margin(amount))) => (standing::MARGIN, amount.get()),
                };
                (self.symbols.number(entry.symbol()), standing, asked, size)
            }
        };
        self.add(row, intent.emitted_at(), intent.event_time());
    }

    /// Adds entries that stand in columns elsewhere, symbols by dictionary: rows as [`Self::push`] makes them of intents
    /// that an [`IntentBuilder`](crate::intent::IntentBuilder) makes of the same values, a side and no source. A row whose
    /// symbol is not among those given is an intent without a symbol.
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
                    standing::NOTIONAL,
                    entry.leverage.map_or(f64::INFINITY, usable),
                    entry.notional_usd.map_or(f64::NAN, usable),
                ),
                None => (OUTSIDE, Reason::IntentInvalid.number(), f64::NAN, f64::NAN),
            };
            self.add(row, entry.emitted_at, entry.emitted_at);
        }
        self.source.resize(self.len(), source);
    }

    /// Its symbol, standing, leverage and size; the instant it was sent and that of the event.
    #[inline]
    fn add(
        &mut self,
        (symbol, standing, asked, size): (u32, u8, f64, f64),
        emitted_at: Option<Instant>,
        event_time: Option<Instant>,
    ) {
        let micros = |at: Option<Instant>| at.map_or(NO_INSTANT, Instant::as_micros);
        self.symbol.push(symbol);
        self.standing.push(standing);
        self.asked.push(asked);
        self.size.push(size);
        self.emitted_at.push(micros(emitted_at));
        self.event_time.push(micros(event_time));
    }

    /// Empties it, and keeps its room.
    pub fn clear(&mut self) {
        self.symbols.clear();
        self.sources.clear();
        self.symbol.clear();
        self.source.clear();
        self.standing.clear();
        self.asked.clear();
        self.size.clear();
        self.emitted_at.clear();
        self.event_time.clear();
    }

    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.standing.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The answer to one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Trade.
    Trade,
    /// Reduce or close: the source owns exits.
    ExitByOwner,
    /// Reduce or close: the source is a delegate.
    ExitByDelegate,
    /// Do nothing.
    Skip(Reason),
}

/// The answers as columns, to be used again for the next batch.
#[derive(Debug, Clone, Default)]
pub struct DecisionColumns {
    pub(super) outcome: Vec<Outcome>,
    /// NaN where nothing is traded.
    pub(super) leverage: Vec<f64>,
    /// NaN where nothing is traded.
    pub(super) notional: Vec<f64>,
    pub(super) leverage_from: Vec<LeverageFrom>,
    pub(super) tables: Tables,
}

/// One row of [`DecisionColumns`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchRow {
    /// The answer.
    pub outcome: Outcome,
    /// The leverage of a trade, and where it came from.
    pub leverage: Option<(Leverage, LeverageFrom)>,
    /// What the position of a trade is worth, in USD.
    pub notional: Option<Notional>,
}

impl DecisionColumns {
    /// How many rows were answered.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.outcome.len()
    }

    /// Whether none were.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answers, row by row.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcome
    }

    /// One row.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<BatchRow> {
        let leverage = Leverage::new(*self.leverage.get(index)?).ok();
        let from = *self.leverage_from.get(index)?;
        Some(BatchRow {
            outcome: *self.outcome.get(index)?,
            leverage: leverage.map(|leverage| (leverage, from)),
            notional: Notional::new(*self.notional.get(index)?).ok(),
        })
    }

    /// Makes room for so many rows; what stands in them is written over.
    pub(super) fn resize(&mut self, rows: usize) {
        self.outcome
            .resize(rows, Outcome::Skip(Reason::PolicyMissing));
        self.leverage.resize(rows, f64::NAN);
        self.notional.resize(rows, f64::NAN);
        self.leverage_from.resize(rows, LeverageFrom::Policy);
    }
}

#[cfg(test)]
mod tests {
    use proptest::{num::f64::ANY, option::of, prelude::*};

    use super::*;
    use crate::{domain::Side, intent::IntentBuilder};

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![ANY, 0.5..200.0, Just(0.0), Just(f64::INFINITY)]
    }

    /// A NaN equals itself here.
    fn shown(columns: &IntentColumns) -> String {
        format!("{columns:?}")
    }

    proptest! {
        #[test]
        fn entries_in_columns_are_the_intents_that_a_builder_makes(
            rows in proptest::collection::vec(
                (0..4_usize, of(number()), of(number()), of(-9_i64..4_000_000_000_000), any::<bool>()),
                0..9,
            ),
        ) {
            let names = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];
            let mut expected = IntentColumns::default();
            // In this order, whichever of them comes first.
            for name in names {
                expected.symbols.number(Symbol::new(name).unwrap());
            }
            expected.sources.number(None);
            let mut entries = Vec::new();
            for (symbol, leverage, notional_usd, at, buys) in rows {
                let emitted_at = at.and_then(|ms| Instant::from_millis(ms).ok());
                entries.push(EntryRow { symbol, leverage, notional_usd, emitted_at });
                let name = names.get(symbol).copied().unwrap_or("");
                let mut builder = IntentBuilder::new(name).side(if buys { Side::Buy } else { Side::Sell });
                if let Some(leverage) = leverage {
                    builder = builder.leverage(leverage);
                }
                if let Some(usd) = notional_usd {
                    builder = builder.notional_usd(usd);
                }
                if let Some(at) = emitted_at {
                    builder = builder.emitted_at(at);
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
