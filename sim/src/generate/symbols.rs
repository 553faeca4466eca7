//! The symbols of a tape.

use super::json::Decimal;

/// A symbol with invented numbers: a base price, and the leverage in the invented policies. One
/// listed symbol and the symbols that no policy lists have no leverage.
pub(super) struct Listed {
    pub(super) name: &'static str,
    pub(super) price: Decimal,
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
pub(super) static SYMBOLS: [Listed; 44] = [
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
/// The number of listed symbols that have a leverage and are not halted by the example guardrails.
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
