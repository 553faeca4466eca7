//! A random market with calm, volatile and crashing days, the same in each run.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The symbols.
pub(crate) const SYMBOLS: [&str; 6] = [
    "BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT", "DOTUSDT", "LINKUSDT",
];
/// The number of days.
pub(crate) const DAYS: usize = 7;
/// The number of candles of 15 minutes in a day.
pub(crate) const CANDLES_PER_DAY: usize = 96;
/// The length of a candle: 15 minutes, divided by 1000.
pub(crate) const CANDLE: Duration = Duration::from_millis(900);
/// The number of returns from which features are computed.
pub(crate) const WINDOW: usize = 12;

/// The candle of one symbol.
#[derive(Clone, Copy)]
pub(crate) struct Candle {
    pub(crate) symbol: &'static str,
    pub(crate) open_time: i64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
}

/// The current prices, and all candles so far.
pub(crate) struct Market {
    prices: [f64; SYMBOLS.len()],
    candles: Vec<Candle>,
    random: u64,
    next_time: i64,
}

/// Returns the name of the market on the day of a candle.
pub(crate) const fn name(candle: usize) -> &'static str {
    match candle / CANDLES_PER_DAY {
        3 => "volatile",
        6 => "crash",
        _ => "calm",
    }
}

/// Returns the mean and the standard deviation of the returns.
fn returns(candle: usize) -> (f64, f64) {
    match name(candle) {
        "volatile" => (0.0, 0.014),
        "crash" => (-0.01, 0.04),
        _ => (0.0002, 0.004),
    }
}

/// Returns the time in epoch milliseconds.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

impl Market {
    pub(crate) fn new() -> Self {
        let length = i64::try_from(CANDLE.as_millis()).unwrap();
        let past = i64::try_from(2 * WINDOW).unwrap();
        Self {
            prices: [40_000.0, 2_500.0, 100.0, 0.5, 7.0, 15.0],
            candles: Vec::new(),
            random: 7,
            next_time: now() - length * past,
        }
    }

    /// Returns the next candles, one for each symbol, with the market of candle `n` of the week.
    pub(crate) fn next(&mut self, n: usize) -> [Candle; SYMBOLS.len()] {
        let (mean, deviation) = returns(n);
        let open_time = self.next_time;
        self.next_time += i64::try_from(CANDLE.as_millis()).unwrap();
        let mut number = 0;
        let candles = SYMBOLS.map(|symbol| {
            let open = self.prices[number];
            let [one, two, three] = [self.normal(), self.normal(), self.normal()];
            let close = (open * (1.0 + mean + deviation * one.clamp(-3.0, 3.0))).max(open * 0.6);
            let range = deviation * 0.3;
            let high = open.max(close) * (1.0 + range * two.abs());
            let low = open.min(close) * (1.0 - range * three.abs().min(2.0));
            self.prices[number] = close;
            number += 1;
            Candle {
                symbol,
                open_time,
                open,
                high,
                low,
                close,
            }
        });
        self.candles.extend(candles);
        candles
    }

    /// Writes one candle file for each symbol.
    pub(crate) fn write_csv(&self, folder: &Path) {
        for symbol in SYMBOLS {
            let mut text = "open_time,open,high,low,close,volume\n".to_owned();
            for candle in self.candles.iter().filter(|candle| candle.symbol == symbol) {
                let Candle {
                    open_time,
                    open,
                    high,
                    low,
                    close,
                    ..
                } = candle;
                writeln!(
                    text,
                    "{open_time},{open:.8},{high:.8},{low:.8},{close:.8},90000000"
                )
                .unwrap();
            }
            fs::write(folder.join(format!("{symbol}.csv")), text).unwrap();
        }
    }

    /// Returns a uniform random number from 0 to 1.
    fn uniform(&mut self) -> f64 {
        // SplitMix64.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let top = u32::try_from((z ^ (z >> 31)) >> 32).unwrap();
        f64::from(top) / f64::from(u32::MAX)
    }

    /// Returns an approximately normal random number, as a sum of twelve uniform ones.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}
