//! A simulated week of the whole system: a Redis server, candles replayed as live at 1000 times their speed, a bridge, a
//! harvester, an updater, a decision log, and an executor that fills the plans.
//!
//! The market goes through calm, volatile and crashing days. Two canaries are started; the updater raises and promotes the
//! first, and aborts the second. Nothing else is done by hand. At the end, the example checks its claims, and exits with
//! status 1 if one does not hold.
//!
//! ```sh
//! cargo build --release && cargo run --release -p portcullis-cli --example week -- week
//! ```
//!
//! The argument is a new directory for the files. It needs `redis-server` on the path, and takes eleven minutes.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "an example prints its results, and ends if something that it needs fails"
)]

mod checks;
mod exchange;
mod files;
mod market;
mod services;

use std::{
    env, fs,
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant as Tick},
};

use exchange::Exchange;
use market::{CANDLE, CANDLES_PER_DAY, DAYS, Market};
use services::Services;

/// The canaries. The first has time for three shares in calm days; the second may lose 0.02 % of its cash.
const CANARIES: [Canary; 2] = [
    Canary {
        candle: CANDLES_PER_DAY / 2,
        name: "first",
        steps: &[(1_000, 20, 1), (5_000, 20, 3), (10_000, 20, 5)],
        max_drawdown_bps: 9_000,
    },
    Canary {
        candle: CANDLES_PER_DAY * 9 / 2,
        name: "second",
        steps: &[(10_000, 86_400, 1_000)],
        max_drawdown_bps: 2,
    },
];

/// A canary with the numbers of the live policy at the time of its start.
struct Canary {
    /// The candle after which it is started.
    candle: usize,
    name: &'static str,
    /// The share in basis points, the least time in seconds, and the least number of closed trades of each step.
    steps: &'static [(u64, u64, u64)],
    max_drawdown_bps: u64,
}

fn main() -> ExitCode {
    let Some(folder) = env::args().nth(1).map(PathBuf::from) else {
        println!("usage: week DIRECTORY");
        return ExitCode::FAILURE;
    };
    fs::create_dir(&folder).expect("the directory must not exist yet");
    let folder = fs::canonicalize(folder).unwrap();
    files::write(&folder);
    let mut services = Services::start(&folder);
    let mut exchange = Exchange::connect(services.url());
    let mut market = Market::new();

    // Candles of the past, so that the first run of the updater has a full window.
    for _ in 0..2 * market::WINDOW {
        exchange.add_candles(&market.next(0));
    }
    // Without a policy, nothing is traded.
    services.start_bridge();
    for _ in 0..3 {
        exchange.step(&market.next(0));
        thread::sleep(CANDLE);
    }
    services.start_updater();

    let candles = DAYS * CANDLES_PER_DAY;
    let start = Tick::now();
    for n in 0..candles {
        for canary in CANARIES.iter().filter(|canary| canary.candle == n) {
            services.start_canary(canary);
        }
        if n % CANDLES_PER_DAY == 0 {
            println!(
                "day {} of {DAYS}: {}",
                n / CANDLES_PER_DAY + 1,
                market::name(n)
            );
        }
        exchange.step(&market.next(n));
        let next = CANDLE.saturating_mul(u32::try_from(n + 1).unwrap());
        thread::sleep(next.saturating_sub(start.elapsed()));
    }

    // Without an updater, the policy expires, and nothing is traded.
    services.stop_updater();
    println!("after the week: no updater");
    let until = Tick::now() + Duration::from_secs(75);
    while Tick::now() < until {
        exchange.step(&market.next(candles));
        thread::sleep(CANDLE);
    }
    services.stop_all();
    market.write_csv(&folder);
    match checks::print(&folder, &services, &exchange, candles) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
