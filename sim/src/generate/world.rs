//! The state from which a tape is generated: a clock, and symbols with varying prices.

use jiff::{Timestamp, tz::Offset};

use super::{
    json::{Decimal, push_two},
    policies::Revision,
    rng::Rng,
};

/// The start of a tape in epoch seconds: 2026-01-05T00:00:00Z.
pub(super) const START_SEC: u64 = 1_767_571_200;

/// The time between two records in milliseconds, plus a jitter that is smaller than this.
pub(super) const STEP_MS: u64 = 250;

/// A symbol with invented numbers: a base price, and the leverage in the invented policies. The leverage is absent for
/// one listed symbol and for the symbols that no policy lists.
pub(super) struct Listed {
    pub(super) name: &'static str,
    price: Decimal,
    pub(super) leverage: Option<u64>,
}

const fn listed(name: &'static str, units: u64, places: u32, leverage: u64) -> Listed {
    Listed {
        name,
        price: Decimal::new(units, places),
        leverage: Some(leverage),
    }
}

const fn without_leverage(name: &'static str, units: u64, places: u32) -> Listed {
    Listed {
        name,
        price: Decimal::new(units, places),
        leverage: None,
    }
}

const BTC: Listed = listed("BTCUSDT", 9_500_000, 2, 8);

/// All symbols. The first 40 are in the universe of every policy; the first 38 of these can be traded.
static SYMBOLS: [Listed; 44] = [
    BTC,
    listed("ETHUSDT", 330_000, 2, 10),
    listed("BNBUSDT", 69_000, 2, 12),
    listed("SOLUSDT", 19_000, 2, 6),
    listed("ADAUSDT", 9_500, 4, 15),
    listed("DOTUSDT", 7_000, 3, 7),
    listed("AVAXUSDT", 38_000, 3, 9),
    listed("MATICUSDT", 5_000, 4, 11),
    listed("LINKUSDT", 22_000, 3, 8),
    listed("ATOMUSDT", 6_500, 3, 10),
    listed("XRPUSDT", 23_000, 4, 9),
    listed("DOGEUSDT", 33_000, 5, 6),
    listed("LTCUSDT", 10_500, 2, 8),
    listed("BCHUSDT", 44_000, 2, 7),
    listed("UNIUSDT", 13_000, 3, 7),
    listed("AAVEUSDT", 31_000, 2, 6),
    listed("NEARUSDT", 5_200, 3, 7),
    listed("APTUSDT", 9_100, 3, 6),
    listed("OPUSDT", 18_000, 4, 5),
    listed("SUIUSDT", 43_000, 4, 5),
    listed("INJUSDT", 21_000, 3, 5),
    listed("FILUSDT", 5_100, 3, 6),
    listed("ICPUSDT", 10_200, 3, 6),
    listed("ETCUSDT", 26_000, 3, 7),
    listed("XLMUSDT", 38_000, 5, 8),
    listed("ALGOUSDT", 35_000, 5, 6),
    listed("VETUSDT", 45_000, 6, 5),
    listed("HBARUSDT", 28_000, 5, 5),
    listed("GRTUSDT", 21_000, 5, 4),
    listed("RUNEUSDT", 4_700, 3, 4),
    listed("SANDUSDT", 57_000, 5, 4),
    listed("MANAUSDT", 48_000, 5, 4),
    listed("AXSUSDT", 6_300, 3, 4),
    listed("CRVUSDT", 95_000, 5, 3),
    listed("SNXUSDT", 19_000, 4, 3),
    listed("MKRUSDT", 150_000, 2, 5),
    listed("COMPUSDT", 8_000, 2, 5),
    listed("DYDXUSDT", 14_000, 4, 3),
    listed("ARBUSDT", 7_500, 4, 6),
    without_leverage("TIAUSDT", 4_900, 3),
    without_leverage("1000PEPEUSDT", 17_000, 6),
    without_leverage("TRXUSDT", 25_000, 5),
    without_leverage("TONUSDT", 5_200, 3),
    without_leverage("WIFUSDT", 18_000, 4),
];

/// The number of symbols that every policy lists.
pub(super) const UNIVERSE: u32 = 40;
/// The number of listed symbols with a leverage that the example guardrails do not halt.
pub(super) const TRADED: u32 = 38;
/// The index of the symbol that the example guardrails halt.
pub(super) const HALTED: u64 = 38;
/// The index of the listed symbol without a leverage.
pub(super) const NO_LEVERAGE: u64 = 39;
/// The number of all symbols.
pub(super) const ALL: u32 = 44;

/// Returns the symbols that every policy lists.
pub(super) fn universe() -> impl Iterator<Item = &'static Listed> {
    SYMBOLS.iter().take(UNIVERSE.try_into().unwrap_or_default())
}

pub(super) fn symbol(place: u64) -> &'static Listed {
    let found = usize::try_from(place).ok().and_then(|i| SYMBOLS.get(i));
    found.unwrap_or(&BTC)
}

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
