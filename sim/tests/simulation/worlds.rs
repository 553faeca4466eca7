//! Generated worlds: random prices of two symbols with jumps and gaps, and a tape of entries and exits.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use portcullis::{
    decide::Engine,
    exit::ExitOwnership,
    guardrails::Guardrails,
    harvest::SizeRules,
    policy::Policy,
    types::{Symbol, Timestamp},
};
use portcullis_sim::{
    replay::{LoadedSet, Replayer, TapeDecisions},
    sample::policy_json,
    simulate::{
        Costs, LedgerEntry, MarketRule, Progress, Settings, SimulationOutcome,
        candles::{self, CandleFile, ReadOptions},
        simulate, simulate_set,
        units::{Money, Rate},
    },
    tape::{TapeReader, TapeSource},
};
use proptest::{collection::vec, prelude::*, sample::select};

const OWNER: &str = "exitbrain_v3_5";

/// The start of a world in epoch seconds: 2026-01-05T07:30:00Z, half an hour before funding is due.
const START: i64 = 1_767_598_200;

/// The candles and the tape records of one minute.
#[derive(Debug, Clone)]
struct Minute {
    candles: [Step; 2],
    records: Vec<Record>,
}

/// The prices of a candle as factors of the previous price. The candle may be missing.
#[derive(Debug, Clone)]
struct Step {
    is_missing: bool,
    /// The time by which the candle begins late. Then it is shorter, and the previous one is longer.
    late_sec: i64,
    open: f64,
    close: f64,
    up: f64,
    down: f64,
}

#[derive(Debug, Clone)]
struct Record {
    symbol: &'static str,
    is_buy: bool,
    is_exit: bool,
    usd: u32,
    leverage: u32,
    stop: Option<f64>,
    target: Option<f64>,
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    minutes: Vec<Minute>,
    fill_after_gap: bool,
    /// The power of ten by which all prices are multiplied and all quantities are divided.
    pub(crate) exponent: i32,
    /// If false, no symbol has a lot size or a minimum.
    pub(crate) has_lots: bool,
}

/// The prices of a candle, and its start and end in epoch milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prices {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
}

impl World {
    pub(crate) const MINUTES: usize = 60;

    /// Returns the start of a minute in epoch milliseconds.
    pub(crate) fn ts(minute: usize) -> i64 {
        (START + i64::try_from(minute).unwrap() * 60) * 1000
    }

    /// Returns this world with the prices and records of `other` from `minute` on. The times of candles are known in
    /// advance, so they are kept.
    pub(crate) fn changed_from(&self, minute: usize, other: &Self) -> Self {
        let mut changed = self.clone();
        let later = changed.minutes.iter_mut().zip(&other.minutes).skip(minute);
        for (minute, other) in later {
            minute.records = other.records.clone();
            for (candle, other) in minute.candles.iter_mut().zip(&other.candles) {
                *candle = Step {
                    is_missing: candle.is_missing,
                    late_sec: candle.late_sec,
                    ..other.clone()
                };
            }
        }
        changed
    }

    pub(crate) fn orders(&self) -> u64 {
        self.minutes.iter().map(|it| it.records.len() as u64).sum()
    }

    fn tape(&self) -> String {
        let mut tape = String::new();
        let mut n = 0;
        for (minute, number) in self.minutes.iter().zip(0..) {
            for (record, second) in minute.records.iter().zip(1..) {
                n += 1;
                let mut json = serde_json::json!({
                    "id": format!("{}-{n}", Self::ts(number) + second * 7_000),
                    "symbol": record.symbol,
                    "side": if record.is_buy { "BUY" } else { "SELL" },
                });
                if record.is_exit {
                    json["source"] = OWNER.into();
                    json["reduce_only"] = true.into();
                    json["action"] = "CLOSE".into();
                    json.as_object_mut().unwrap().remove("side");
                } else {
                    json["position_size_usd"] = record.usd.into();
                    json["leverage"] = record.leverage.into();
                    let away = |share: f64| {
                        if record.is_buy {
                            100.0 * share
                        } else {
                            100.0 / share
                        }
                    };
                    if let Some(stop) = record.stop {
                        json["stop_loss"] = self.scaled(away(stop), 1).into();
                    }
                    if let Some(target) = record.target {
                        json["take_profit"] = self.scaled(away(target), 1).into();
                    }
                }
                writeln!(tape, "{json}").unwrap();
            }
        }
        tape
    }

    /// Multiplies a number by a power of the scale of this world, as a decimal number.
    fn scaled(&self, number: f64, times: i32) -> f64 {
        format!("{number}e{}", self.exponent * times)
            .parse()
            .unwrap()
    }

    /// Returns the sizes that the market allows. Entries of 50 USD in the second symbol are below its minimum.
    fn sizes(&self) -> BTreeMap<Symbol, SizeRules> {
        if !self.has_lots {
            return BTreeMap::new();
        }
        let rules = |lot, min_notional_usd| SizeRules {
            lot_size: Some(self.scaled(lot, -1)),
            min_quantity: Some(self.scaled(0.02, -1)),
            min_notional_usd,
        };
        let symbol = |name| Symbol::new(name).unwrap();
        BTreeMap::from([
            (symbol("BTCUSDT"), rules(0.01, None)),
            (symbol("ETHUSDT"), rules(0.3, Some(60.0))),
        ])
    }

    /// Returns the candles of a symbol as CSV.
    fn csv(&self, symbol: usize) -> String {
        let exponent = self.exponent;
        let rows = self.candles(symbol).into_iter().map(|it| {
            let prices = [it.open, it.high, it.low, it.close];
            let prices = prices
                .map(|price| format!("{price:.4}e{exponent}"))
                .join(",");
            format!("{},{prices}\n", it.start)
        });
        format!(
            "open_time,open,high,low,close\n{}",
            rows.collect::<String>()
        )
    }

    /// Returns the candles of a symbol, the first or the second, without the scale.
    pub(crate) fn candles(&self, symbol: usize) -> Vec<Prices> {
        let mut candles = Vec::new();
        let rounded = |price: f64| (price * 1e4).round() / 1e4;
        let mut price = 100.0_f64;
        for (minute, number) in self.minutes.iter().zip(0..) {
            let step = &minute.candles[symbol];
            let open = (price * step.open).clamp(1.0, 10_000.0);
            let close = (open * step.close).clamp(1.0, 10_000.0);
            let high = open.max(close) * step.up;
            let low = open.min(close) * step.down;
            price = close;
            // The first three candles are always present, so that the length of a candle can be
            // determined.
            if !step.is_missing || number < 3 {
                let late = if number < 3 { 0 } else { step.late_sec * 1000 };
                candles.push(Prices {
                    start: Self::ts(number) + late,
                    end: Self::ts(number) + late + 60_000,
                    open: rounded(open),
                    high: rounded(high),
                    low: rounded(low),
                    close: rounded(close),
                });
            }
        }
        // A candle ends where the next one begins, if there is no gap.
        let starts: Vec<i64> = candles.iter().map(|it| it.start).collect();
        for (candle, next) in candles.iter_mut().zip(starts.into_iter().skip(1)) {
            if next - candle.start < 90_000 {
                candle.end = next;
            }
        }
        candles
    }
}

fn step() -> impl Strategy<Value = Step> {
    let jump = prop_oneof![12 => Just(1.0), 1 => 0.85..1.18];
    let close = prop_oneof![6 => 0.98..1.022, 1 => 0.9..1.1];
    (
        prop::bool::weighted(0.05),
        prop_oneof![9 => Just(0), 1 => 1..25_i64],
        jump,
        close,
        1.0..1.01,
        0.99..1.0,
    )
        .prop_map(|(is_missing, late_sec, open, close, up, down)| Step {
            is_missing,
            late_sec,
            open,
            close,
            up,
            down,
        })
}

fn record() -> impl Strategy<Value = Record> {
    (
        select(vec!["BTCUSDT", "BTCUSDT", "ETHUSDT", "ETHUSDT", "SOLUSDT"]),
        any::<bool>(),
        prop::bool::weighted(0.15),
        select(vec![50_u32, 333, 1000, 5000, 40_000]),
        1..=8_u32,
        prop::option::weighted(0.7, 0.6..0.99),
        prop::option::weighted(0.3, 1.01..1.3),
    )
        .prop_map(
            |(symbol, is_buy, is_exit, usd, leverage, stop, target)| Record {
                symbol,
                is_buy,
                is_exit,
                usd,
                leverage,
                stop,
                target,
            },
        )
}

pub(crate) fn any_world() -> impl Strategy<Value = World> {
    let minute = (
        [step(), step()],
        prop_oneof![5 => vec(record(), 0..1), 2 => vec(record(), 1..4)],
    )
        .prop_map(|(candles, records)| Minute { candles, records });
    let minutes = vec(minute, World::MINUTES);
    (minutes, prop::bool::weighted(0.3)).prop_map(|(minutes, fill_after_gap)| World {
        minutes,
        fill_after_gap,
        exponent: 0,
        has_lots: true,
    })
}

/// The entries, the outcome and the progress of a simulation.
pub(crate) struct Ran {
    pub(crate) entries: Vec<LedgerEntry>,
    pub(crate) outcome: SimulationOutcome,
    pub(crate) decisions: TapeDecisions,
    /// The numbers of candles that were reported as processed.
    pub(crate) candles: Vec<u64>,
}

/// Replacements in the sample policy. The thresholds are low, so that every harvest action occurs.
const THETA: [(&str, &str); 5] = [
    ("T1_R\": 1.8", "T1_R\": 0.3"),
    ("T2_R\": 3.5", "T2_R\": 0.6"),
    ("T3_R\": 5.8", "T3_R\": 0.9"),
    ("lock_R\": 1.2", "lock_R\": 0.2"),
    ("kill_threshold\": 0.55", "kill_threshold\": 0.76"),
];

/// The policies of a simulation.
pub(crate) enum Under<'s> {
    Policy(&'s Policy),
    Set(&'s LoadedSet),
}

/// Runs a simulation of a world and returns its entries and its outcome.
pub(crate) fn run(world: &World) -> (Vec<LedgerEntry>, SimulationOutcome) {
    let ran = run_world(world, Under::Policy(&policy(&THETA)));
    (ran.entries, ran.outcome)
}

/// Runs a simulation of a world.
pub(crate) fn run_world(world: &World, under: Under<'_>) -> Ran {
    let candles = [("BTCUSDT", world.csv(0)), ("ETHUSDT", world.csv(1))];
    let settings = Settings {
        sizes: world.sizes(),
        fill_after_gap: world.fill_after_gap,
        ..settings()
    };
    run_under(&candles, world.tape(), &settings, under)
}

/// Returns the policy of worlds with more replacements.
pub(crate) fn world_policy(replacements: &[(&str, &str)]) -> Policy {
    policy(&[&THETA, replacements].concat())
}

/// Returns the sample policy with these replacements in its text.
fn policy(replacements: &[(&str, &str)]) -> Policy {
    let text = policy_json(Timestamp::from_millis(4_000_000_000_000).unwrap());
    let text = replacements.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    Policy::from_json(&text).unwrap()
}

/// Returns the settings of worlds, without sizes.
pub(crate) fn settings() -> Settings {
    let rate = |text| Some(Rate::parse(text).unwrap());
    Settings {
        cash: Money::parse("3000").unwrap(),
        costs: Costs {
            taker_fee: rate("0.000333"),
            funding_rate: rate("0.000123"),
            maintenance_margin: rate("0.004"),
        },
        market: Some(MarketRule {
            window_sec: 600,
            trend_certain: 0.7,
        }),
        fill_after_gap: false,
        sizes: BTreeMap::new(),
    }
}

/// Runs a simulation of these candles, as CSV by symbol, under the sample policy with these replacements in its text.
pub(crate) fn run_files(
    candles: &[(&str, String)],
    tape: String,
    settings: &Settings,
    replacements: &[(&str, &str)],
) -> Ran {
    let policy = policy(replacements);
    run_under(candles, tape, settings, Under::Policy(&policy))
}

/// Runs a simulation of these candles, as CSV by symbol.
pub(crate) fn run_under(
    candles: &[(&str, String)],
    tape: String,
    settings: &Settings,
    under: Under<'_>,
) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let files = candles.iter().map(|(symbol, csv)| {
        let path = folder.path().join(format!("{symbol}.csv"));
        fs::write(&path, csv).unwrap();
        CandleFile { symbol: None, path }
    });
    let series = candles::read(&files.collect::<Vec<_>>(), &ReadOptions::default()).unwrap();
    let replayer = Replayer::new(Engine::new(
        Guardrails::none(),
        ExitOwnership::new(OWNER).unwrap(),
    ));
    let tape = TapeSource::Memory {
        name: "a world",
        bytes: tape.into_bytes().into(),
    };
    let (mut entries, mut reported) = (Vec::new(), Vec::new());
    let on_entry = &mut |entry: &LedgerEntry| entries.push(entry.clone());
    let progress = &mut |so_far| match so_far {
        Progress::Candles(candles) => reported.push(candles),
        Progress::Records(_) => {}
    };
    let (run, tapes) = ((&replayer, settings), TapeReader::new(vec![tape]));
    let simulated = match under {
        Under::Policy(policy) => {
            let policy = Ok(policy.clone());
            simulate(run, policy, tapes, &series, on_entry, progress)
        }
        Under::Set(set) => simulate_set(run, set, tapes, &series, on_entry, progress),
    };
    let (decisions, outcome) = simulated.unwrap();
    Ran {
        entries,
        outcome,
        decisions,
        candles: reported,
    }
}
