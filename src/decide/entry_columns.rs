//! Many entries that are appended to [`IntentColumns`] at once.

use super::{
    SkipCode,
    intent_columns::{IntentColumns, NO_TIMESTAMP, OUTSIDE, row_kind},
};
use crate::{
    intent::is_plausible,
    types::{Timestamp, positive},
};

/// The values of a column.
#[derive(Debug, Clone, Copy)]
pub enum Cells<'a, T> {
    /// All rows have the same value.
    Same(T),
    /// The values of the rows, in their order.
    Each(&'a [T]),
}

/// Entries with a side, as columns for [`IntentColumns::push_entries`]. The values mean the same as those of an
/// [`EntryRow`](super::EntryRow). The number of rows is that of `symbol`.
#[derive(Debug, Clone, Copy)]
pub struct EntryColumns<'a> {
    /// The numbers of the symbols.
    pub symbol: &'a [u32],
    /// The numbers of the sources.
    pub source: Cells<'a, u32>,
    /// The requested leverages. Infinity if none is requested.
    pub leverage: Cells<'a, f64>,
    /// The sizes in USD. NaN if the intent states none that is usable.
    pub size_usd: Cells<'a, f64>,
    /// True if the size is a margin, false if it is a notional.
    pub is_margin: Cells<'a, bool>,
    /// The differences between the two prices as fractions.
    pub price_deviation: Cells<'a, f64>,
    /// The distances of the stops as fractions.
    pub stop_distance: Cells<'a, f64>,
    /// The times of sending.
    pub times: Cells<'a, EntryTimes>,
}

/// The times of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EntryTimes {
    /// The time at which the intent was sent.
    pub emitted_at: Option<Timestamp>,
    /// The earliest and the latest of the times that the intent states.
    pub sent: Option<(Timestamp, Timestamp)>,
}

impl EntryTimes {
    fn is_plausible(&self) -> bool {
        self.emitted_at.is_none_or(is_plausible)
    }
}

impl<T: Copy> Cells<'_, T> {
    /// Appends the converted values to a column, up to the row `end`. Rows without a value get `missing`.
    fn append<U: Copy>(self, to: &mut Vec<U>, end: usize, convert: impl Fn(T) -> U, missing: U) {
        match self {
            Self::Same(value) => to.resize(end, convert(value)),
            Self::Each(values) => {
                let count = end.saturating_sub(to.len());
                to.extend(values.iter().take(count).map(|value| convert(*value)));
                to.resize(end, missing);
            }
        }
    }

    /// Returns the number of rows that have a value.
    fn rows(self) -> usize {
        match self {
            Self::Same(_) => usize::MAX,
            Self::Each(values) => values.len(),
        }
    }

    fn all(self, test: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::Same(value) => test(&value),
            Self::Each(values) => values.iter().all(test),
        }
    }
}

impl EntryColumns<'_> {
    /// Returns the number of rows for which every column has a value.
    fn complete_rows(&self) -> usize {
        let columns = [
            self.source.rows(),
            self.leverage.rows(),
            self.size_usd.rows(),
            self.is_margin.rows(),
            self.price_deviation.rows(),
            self.stop_distance.rows(),
            self.times.rows(),
        ];
        columns.into_iter().fold(self.symbol.len(), usize::min)
    }
}

impl IntentColumns {
    /// Appends entries. Each row is equal to the row that [`Self::push_entry`] appends for the same values. If a
    /// column has fewer values than rows, the rows without a value are skipped as invalid.
    pub fn push_entries(&mut self, entries: &EntryColumns<'_>) {
        let first = self.len();
        let end = first.saturating_add(entries.symbol.len());
        let usable = |number| positive(number).unwrap_or(f64::NAN);
        let requested = |number: f64| if number > 0.0 { number } else { f64::NAN };
        let micros = |at: Option<Timestamp>| at.map_or(NO_TIMESTAMP, Timestamp::as_micros);
        let kind = |is_margin| match is_margin {
            true => row_kind::MARGIN,
            false => row_kind::NOTIONAL,
        };
        let invalid = SkipCode::IntentInvalid.number();
        self.symbol.extend_from_slice(entries.symbol);
        entries
            .source
            .append(&mut self.source, end, |number| number, OUTSIDE);
        entries.is_margin.append(&mut self.kind, end, kind, invalid);
        entries
            .leverage
            .append(&mut self.requested, end, requested, f64::NAN);
        entries
            .size_usd
            .append(&mut self.size, end, usable, f64::NAN);
        if let Some(sizes) = self.size.get(first..) {
            self.largest.extend_from_slice(sizes);
        }
        let fraction = |number| number;
        entries
            .price_deviation
            .append(&mut self.price_deviation, end, fraction, 0.0);
        entries
            .stop_distance
            .append(&mut self.stop_distance, end, fraction, 0.0);
        let emitted_at = |it: EntryTimes| micros(it.emitted_at);
        let earliest = |it: EntryTimes| micros(it.sent.map(|(earliest, _)| earliest));
        let latest = |it: EntryTimes| micros(it.sent.map(|(_, latest)| latest));
        let times = entries.times;
        times.append(&mut self.event_time, end, emitted_at, NO_TIMESTAMP);
        times.append(
            &mut self.earliest,
            end,
            sent_if_emitted(earliest),
            NO_TIMESTAMP,
        );
        times.append(&mut self.latest, end, sent_if_emitted(latest), NO_TIMESTAMP);
        self.clear_invalid(first, entries);
    }

    /// Replaces the rows from `first` on that are invalid.
    fn clear_invalid(&mut self, first: usize, entries: &EntryColumns<'_>) {
        let known = self.symbols.values.len();
        let is_known = |number: &u32| usize::try_from(*number).is_ok_and(|it| it < known);
        let complete = entries.complete_rows();
        let last = entries.symbol.iter().max();
        if last.is_none_or(is_known)
            && complete == entries.symbol.len()
            && entries.times.all(EntryTimes::is_plausible)
        {
            return;
        }
        for (index, number) in entries.symbol.iter().enumerate() {
            let is_plausible = match entries.times {
                Cells::Same(times) => times.is_plausible(),
                Cells::Each(times) => times.get(index).is_some_and(EntryTimes::is_plausible),
            };
            let row = first.saturating_add(index);
            if !is_plausible {
                self.clear_times(row);
            }
            if !(is_known(number) && is_plausible && index < complete) {
                self.clear_row(row);
            }
        }
    }
}

/// Returns a function that reads a time of sending only if the time of the intent is known.
fn sent_if_emitted(read: impl Fn(EntryTimes) -> i64) -> impl Fn(EntryTimes) -> i64 {
    move |times| match times.emitted_at {
        Some(_) => read(times),
        None => NO_TIMESTAMP,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, num::f64::ANY, option::of, prelude::*, sample::select};

    use super::*;
    use crate::{
        decide::EntryRow,
        intent::Size,
        types::{Margin, Notional, Symbol},
    };

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![ANY, 0.5..200.0, select(vec![0.0, f64::NAN])]
    }

    fn times() -> impl Strategy<Value = EntryTimes> {
        let at = || (-9_i64..4_200_000_000_000).prop_map(|ms| Timestamp::from_millis(ms).unwrap());
        (of(at()), of((at(), at()))).prop_map(|(emitted_at, sent)| EntryTimes { emitted_at, sent })
    }

    /// Returns a column of the same value or of one value per row, and its values.
    fn cells<'a, T: Copy>(is_same: bool, values: &'a mut [T]) -> Cells<'a, T> {
        match (is_same, values.first().copied()) {
            (true, Some(first)) => {
                values.fill(first);
                Cells::Same(first)
            }
            (_, _) => Cells::Each(values),
        }
    }

    proptest! {
        #[test]
        fn entries_at_once_equal_entries_one_at_a_time(
            rows in vec(
                (0..4_u32, 0..3_u32, of(number()), (of(number()), any::<bool>()), number(), number(), times()),
                0..9,
            ),
            is_same in any::<[bool; 7]>(),
            first in 0..2_u32,
        ) {
            let mut source: Vec<u32> = rows.iter().map(|it| it.1).collect();
            let mut leverage: Vec<f64> = rows.iter().map(|it| it.2.unwrap_or(f64::INFINITY)).collect();
            let mut size_usd: Vec<f64> = rows.iter().map(|it| it.3.0.unwrap_or(f64::NAN)).collect();
            let mut is_margin: Vec<bool> = rows.iter().map(|it| it.3.1).collect();
            let mut price_deviation: Vec<f64> = rows.iter().map(|it| it.4).collect();
            let mut stop_distance: Vec<f64> = rows.iter().map(|it| it.5).collect();
            let mut times: Vec<EntryTimes> = rows.iter().map(|it| it.6).collect();
            let symbol: Vec<u32> = rows.iter().map(|it| it.0).collect();
            let entries = EntryColumns {
                symbol: &symbol,
                source: cells(is_same[0], &mut source),
                leverage: cells(is_same[1], &mut leverage),
                size_usd: cells(is_same[2], &mut size_usd),
                is_margin: cells(is_same[3], &mut is_margin),
                price_deviation: cells(is_same[4], &mut price_deviation),
                stop_distance: cells(is_same[5], &mut stop_distance),
                times: cells(is_same[6], &mut times),
            };
            let new = || {
                let mut columns = IntentColumns::default();
                for name in ["BTCUSDT", "ETHUSDT", "SOLUSDT"] {
                    columns.symbol_number(Symbol::new(name).unwrap());
                }
                // Rows that are already there are kept.
                for symbol in 0..first {
                    columns.push_entry(&EntryRow {
                        symbol, source: 0, leverage: None, size: None, price_deviation: 0.0, stop_distance: 0.0,
                        emitted_at: None, sent: None,
                    });
                }
                columns
            };
            let (mut at_once, mut one_at_a_time) = (new(), new());
            at_once.push_entries(&entries);
            let value = |cells: Cells<'_, f64>, row: usize| match cells {
                Cells::Same(value) => value,
                Cells::Each(values) => values[row],
            };
            for (row, symbol) in symbol.iter().enumerate() {
                let is_margin = matches!(entries.is_margin, Cells::Same(true))
                    || matches!(entries.is_margin, Cells::Each(values) if values[row]);
                let usd = value(entries.size_usd, row);
                let times = match entries.times {
                    Cells::Same(times) => times,
                    Cells::Each(times) => times[row],
                };
                let leverage = value(entries.leverage, row);
                one_at_a_time.push_entry(&EntryRow {
                    symbol: *symbol,
                    source: match entries.source {
                        Cells::Same(number) => number,
                        Cells::Each(numbers) => numbers[row],
                    },
                    leverage: (leverage != f64::INFINITY).then_some(leverage),
                    size: match is_margin {
                        true => Margin::new(usd).ok().map(Size::Margin),
                        false => Notional::new(usd).ok().map(Size::Notional),
                    },
                    price_deviation: value(entries.price_deviation, row),
                    stop_distance: value(entries.stop_distance, row),
                    emitted_at: times.emitted_at,
                    sent: times.sent,
                });
            }
            // The basis of an absent size is not defined, and has no effect.
            let comparable = |columns: &mut IntentColumns| {
                for (kind, size) in columns.kind.iter_mut().zip(&columns.size) {
                    if *kind == row_kind::MARGIN && size.is_nan() {
                        *kind = row_kind::NOTIONAL;
                    }
                }
                format!("{columns:?}")
            };
            prop_assert_eq!(comparable(&mut at_once), comparable(&mut one_at_a_time));
        }
    }

    /// A column that is too short must not shift or complete any row.
    #[test]
    fn rows_without_a_value_are_invalid() {
        let mut columns = IntentColumns::default();
        let symbol = columns.symbol_number(Symbol::new("BTCUSDT").unwrap());
        let entries = EntryColumns {
            symbol: &[symbol; 3],
            source: Cells::Same(OUTSIDE),
            leverage: Cells::Each(&[2.0, 3.0]),
            size_usd: Cells::Each(&[100.0, 100.0, 100.0, 100.0]),
            is_margin: Cells::Same(false),
            price_deviation: Cells::Same(0.0),
            stop_distance: Cells::Same(0.0),
            times: Cells::Each(&[EntryTimes::default()]),
        };
        columns.push_entries(&entries);
        let invalid = SkipCode::IntentInvalid.number();
        assert_eq!(columns.kind, [row_kind::NOTIONAL, invalid, invalid]);
        assert_eq!(columns.symbol, [symbol, OUTSIDE, OUTSIDE]);
        assert_eq!((columns.requested.len(), columns.size.len()), (3, 3));
    }
}
