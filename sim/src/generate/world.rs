//! The state from which a tape is generated: a clock, and symbols with varying prices.

use jiff::{Timestamp, tz::Offset};

use super::{
    calendar::{START_SEC, STEP_MS},
    json::{Decimal, push_two},
    policies::Revision,
    rng::Rng,
    symbols::{SYMBOLS, symbol},
};

/// The range of prices, in ten-thousandths of the base price.
const PRICE_RANGE: std::ops::RangeInclusive<u64> = 7_000..=13_000;

/// The state between records. Its size is constant.
pub(super) struct World {
    pub(super) rng: Rng,
    /// The record number, counted from 0.
    pub(super) record: u64,
    /// The current time in epoch milliseconds.
    pub(super) now_ms: u64,
    /// The leverages of the latest valid policy.
    pub(super) revision: Revision,
    price_levels: [u64; SYMBOLS.len()],
    day: u64,
    date: String,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            record: 0,
            now_ms: START_SEC * 1000,
            revision: Revision::First,
            price_levels: [10_000; SYMBOLS.len()],
            day: 0,
            date: String::new(),
        }
    }

    /// Advances to a record.
    pub(super) fn advance_to(&mut self, record: u64) {
        let jitter = self.rng.below(200);
        self.record = record;
        self.now_ms = START_SEC * 1000 + record.saturating_mul(STEP_MS).saturating_add(jitter);
    }

    /// Returns the current price of a symbol. Each call changes the price slightly.
    pub(super) fn price(&mut self, place: u64) -> Decimal {
        let step = self.rng.below(21);
        let Decimal { units, places } = symbol(place).price;
        let level = usize::try_from(place)
            .ok()
            .and_then(|i| self.price_levels.get_mut(i));
        let Some(level) = level else {
            return Decimal { units, places };
        };
        *level = (*level + step)
            .saturating_sub(10)
            .clamp(*PRICE_RANGE.start(), *PRICE_RANGE.end());
        Decimal::new(units * *level / 10_000, places)
    }

    /// Appends a timestamp as ISO-8601 text without an offset.
    pub(super) fn push_iso(&mut self, line: &mut Vec<u8>, at_ms: u64) {
        let day = at_ms / 86_400_000;
        if self.day != day {
            self.day = day;
            self.date = date_of(day);
        }
        line.extend_from_slice(self.date.as_bytes());
        let ms = at_ms % 86_400_000;
        line.push(b'T');
        push_two(line, ms / 3_600_000);
        line.push(b':');
        push_two(line, ms / 60_000 % 60);
        line.push(b':');
        push_two(line, ms / 1_000 % 60);
        line.push(b'.');
        let ms = ms % 1_000;
        push_two(line, ms / 10);
        line.push(b'0' + u8::try_from(ms % 10).unwrap_or_default());
    }
}

fn date_of(day: u64) -> String {
    let seconds = i64::try_from(day.saturating_mul(86_400)).unwrap_or(i64::MAX);
    // The clock stops at the largest timestamp, in the year 9999.
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    Offset::UTC.to_datetime(at).date().to_string()
}
