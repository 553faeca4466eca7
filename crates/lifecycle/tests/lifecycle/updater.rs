//! Runs of the updater at chosen times, with candle files.

use std::{cell::Cell, fmt::Write as _, fs, path::PathBuf, time::Duration};

use portcullis::{Guardrails, guardrails::Halt, types::Symbol};
use portcullis_forge::Templates;
use portcullis_lifecycle::{
    GatedPublishError,
    updater::{Cycle, CycleError, FeatureSource, Kind, SettingsError, UpdaterSettings, cycle},
};
use portcullis_sim::simulate::candles::{CandleFile, ReadOptions};
use portcullis_store::{
    FileStore, MemoryStore, Operator, PolicyStore, PublishError, UnmetCondition,
};
use tempfile::TempDir;

use crate::support::*;

const SYMBOLS: [&str; 2] = ["BTCUSDT", "ETHUSDT"];
pub(crate) const QUARTER: i64 = 15 * 60;

/// Returns the text of the templates of the documentation, with short windows and for one symbol.
pub(crate) fn templates() -> String {
    let page = include_str!("../../../../docs/forge.md");
    let block = page
        .split("```")
        .find_map(|it| it.strip_prefix("toml\n"))
        .unwrap();
    let text = block
        .replace("returns = 96", "returns = 8")
        .replace("min_volume = 1000000", "min_volume = 1")
        .replace("max_spread = 0.002", "max_spread = 0.5")
        .replace(r#""BTCUSDT", "ETHUSDT", "SOLUSDT""#, r#""BTCUSDT""#);
    // The leverage of a new symbol is the cap, so that it does not rise.
    ["cap = 10", "cap = 12", "cap = 6"]
        .iter()
        .fold(text, |text, cap| text.replace(cap, "cap = 2"))
}

/// Candle files in a folder, a clock, and the settings of an updater.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) now: Cell<i64>,
    /// The number of days of recorded intents.
    days: i64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            now: Cell::new(NOW),
            days: 8,
        }
    }

    fn path(&self, symbol: &str) -> PathBuf {
        self.folder.path().join(format!("{symbol}.csv"))
    }

    /// Writes candles of 15 minutes that end at `end`, each of which moves the price by `step` in turns up and down.
    pub(crate) fn candles(&self, end: i64, step: f64) {
        for symbol in SYMBOLS {
            let mut text = "timestamp,open,high,low,close,volume\n".to_owned();
            let mut price = 100.0;
            for n in (1..=12).rev() {
                let next = if n % 2 == 0 {
                    100.0 * (1.0 + step)
                } else {
                    100.0
                };
                let (high, low) = (f64::max(price, next), f64::min(price, next));
                let start = end - n * QUARTER;
                writeln!(text, "{start},{price},{high},{low},{next},1000").unwrap();
                price = next;
            }
            fs::write(self.path(symbol), text).unwrap();
        }
    }

    pub(crate) fn settings(&self, token: &str) -> UpdaterSettings {
        let files = SYMBOLS.map(|symbol| CandleFile {
            symbol: Some(Symbol::new(symbol).unwrap()),
            path: self.path(symbol),
        });
        let options = ReadOptions {
            interval: None,
            time_unit: None,
            time_label: None,
        };
        UpdaterSettings {
            templates: Templates::from_toml(&templates()).unwrap(),
            rules: rules(&RULES.replace("max_leverage_rise = 2", "max_leverage_rise = 100")),
            guardrails: Guardrails::none(),
            replayer: replayer(),
            source: FeatureSource::Candles(files.to_vec(), options),
            targets: None,
            every: Duration::from_secs(300),
            jitter: Duration::ZERO,
            operator: Operator::new("updater"),
            signer: None,
            token: token.to_owned(),
        }
    }

    pub(crate) fn cycle(&self, store: &dyn PolicyStore, token: &str) -> Result<Cycle, CycleError> {
        self.cycle_with(store, &self.settings(token))
    }

    pub(crate) fn cycle_with(
        &self,
        store: &dyn PolicyStore,
        settings: &UpdaterSettings,
    ) -> Result<Cycle, CycleError> {
        settings.check().unwrap();
        cycle(
            store,
            settings,
            &|| reader(&history_until(self.days, self.now.get())),
            &|| at(self.now.get()),
        )
    }

    /// Runs at a number of seconds after the last run. Returns the name of the result.
    pub(crate) fn after(&self, seconds: i64, store: &dyn PolicyStore) -> &'static str {
        self.now.set(self.now.get() + seconds);
        self.cycle(store, "one").unwrap().name()
    }
}

/// Eight movements of 0.7 % are in the regime `range` of the templates, and of 1.6 % in `volatile`.
pub(crate) const CALM: f64 = 0.007;
pub(crate) const VOLATILE: f64 = 0.016;

#[test]
fn an_unchanged_policy_is_renewed_only_with_recent_features() {
    let (world, store) = (World::new(), MemoryStore::new());
    world.candles(NOW, CALM);
    assert_eq!(world.after(0, &store), "first");
    let first = store.load().unwrap();
    assert_eq!(world.after(300, &store), "unchanged");
    assert_eq!(store.load().unwrap().hash(), first.hash());
    // The validity is an hour, and three pauses are fifteen minutes.
    world.candles(NOW + 45 * 60, CALM);
    assert_eq!(world.after(44 * 60, &store), "renewal");
    let renewed = store.load().unwrap();
    assert_eq!(
        (renewed.seq(), store.history(9).unwrap().len()),
        (Some(2), 2)
    );
    assert_eq!(
        store.history(1).unwrap()[0]
            .gate()
            .map(|it| it.contains("tightening")),
        Some(true)
    );
    assert!(store.history(1).unwrap()[0].derivation().is_some());
    // Without new candles, the features are too old, and the policy is not renewed.
    world.now.set(world.now.get() + 50 * 60);
    let error = world.cycle(&store, "one").unwrap_err();
    assert!(error.to_string().starts_with("no draft: "), "{error}");
    assert_eq!(store.load().unwrap().hash(), renewed.hash());
    world.now.set(world.now.get() + 3600);
    assert!(store.load().unwrap().in_force(at(world.now.get())).is_err());
}

#[test]
fn the_policy_follows_the_regime() {
    let (world, store) = (World::new(), MemoryStore::new());
    world.candles(NOW, CALM);
    world.after(0, &store);
    let calm = store.load().unwrap();
    world.candles(NOW + QUARTER, VOLATILE);
    assert_eq!(world.after(QUARTER, &store), "tightening");
    let volatile = store.load().unwrap();
    assert_eq!(
        (&*volatile.fields()["limits"], volatile.valid_until()),
        (
            "{\"max_intent_age_sec\":30,\"max_notional_usd\":8000}",
            at(NOW + QUARTER + 1800)
        )
    );
    assert_ne!(calm.fields()["limits"], volatile.fields()["limits"]);
    // The calm regime is entered after three windows, and its limits rise by at most a tenth per run.
    let mut results = Vec::new();
    for n in 2..9 {
        world.candles(NOW + n * QUARTER, CALM);
        results.push(world.after(QUARTER, &store));
    }
    assert_eq!(
        results.iter().filter(|it| **it == "permitted").count(),
        5,
        "{results:?}"
    );
    assert!(store.audit().unwrap().is_whole());
}

#[test]
fn a_halt_holds_back_loosening_but_not_renewals() {
    let (world, store) = (World::new(), MemoryStore::new());
    let operator = Operator::new("tests");
    world.candles(NOW, VOLATILE);
    world.after(0, &store);
    store.halt(&Halt::Everything, &operator, at(NOW)).unwrap();
    let mut results = Vec::new();
    for n in 1..6 {
        world.candles(NOW + n * QUARTER, CALM);
        results.push(world.after(QUARTER, &store));
    }
    assert_eq!(results, ["renewal"; 5]);
    store
        .resume(&Halt::Everything, &operator, at(world.now.get()))
        .unwrap();
    world.candles(NOW + 6 * QUARTER, CALM);
    assert_eq!(world.after(QUARTER, &store), "permitted");
}

#[test]
fn one_of_two_instances_publishes() {
    let (world, store) = (World::new(), MemoryStore::new());
    world.candles(NOW, CALM);
    assert_eq!(world.cycle(&store, "one").unwrap().name(), "first");
    assert_eq!(world.cycle(&store, "two").unwrap().name(), "standby");
    assert_eq!(world.cycle(&store, "one").unwrap().name(), "unchanged");
}

/// The lock of a file ends with the process that holds it, so a second store of the same file stands by.
#[test]
fn the_lease_of_a_file_store_is_held_until_it_is_dropped() {
    let world = World::new();
    world.candles(NOW, CALM);
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (
        FileStore::open(folder.path()),
        FileStore::open(folder.path()),
    );
    assert_eq!(world.cycle(&one, "one").unwrap().name(), "first");
    assert_eq!(world.cycle(&two, "two").unwrap().name(), "standby");
    assert!(!two.save_updater_state("two", "{}").unwrap());
    drop(one);
    assert_eq!(world.cycle(&two, "two").unwrap().name(), "unchanged");
    assert!(two.audit().unwrap().is_whole());
}

/// A process that was paused between the forge and the publication cannot publish.
#[test]
fn features_that_are_old_at_the_publication_are_refused() {
    let (world, store) = (World::new(), MemoryStore::new());
    world.candles(NOW, CALM);
    let settings = world.settings("one");
    let calls = Cell::new(0);
    let clock = || {
        calls.set(calls.get() + 1);
        at(if calls.get() == 1 { NOW } else { NOW + 901 })
    };
    let found = cycle(&store, &settings, &|| reader(""), &clock);
    let Err(CycleError::Publish(GatedPublishError::Publish(PublishError::Unmet(condition)))) =
        found
    else {
        panic!("{found:?}")
    };
    assert_eq!(condition, UnmetCondition::FeatureAge);
    assert!(store.load().is_err());
}

#[test]
fn a_policy_of_another_program_is_not_replaced() {
    let (world, store) = (World::new(), MemoryStore::new());
    world.candles(NOW, CALM);
    world.after(0, &store);
    let operator = Operator::new("tests");
    store.release(1, &operator, at(NOW)).unwrap();
    let found = world.cycle(&store, "one");
    assert!(matches!(found, Err(CycleError::NotOwned)), "{found:?}");
}

#[test]
fn a_frozen_feed_empties_the_universe() {
    let (world, store) = (World::new(), MemoryStore::new());
    world.candles(NOW, CALM);
    world.after(0, &store);
    world.candles(NOW + QUARTER, 0.0);
    assert_eq!(world.after(QUARTER, &store), "tightening");
    assert_eq!(store.load().unwrap().fields()["leverage_by_symbol"], "{}");
}

#[test]
fn a_refused_draft_is_published_in_part_or_not_at_all() {
    let (mut world, store) = (World::new(), MemoryStore::new());
    world.candles(NOW, VOLATILE);
    world.after(0, &store);
    world.days = 1;
    let mut results = Vec::new();
    for n in 1..5 {
        world.candles(NOW + n * QUARTER, CALM);
        results.push(world.after(QUARTER, &store));
    }
    assert!(
        results.contains(&"refused") || results.contains(&"tightening_part"),
        "{results:?}"
    );
    let audit = store.audit().unwrap();
    let codes: Vec<_> = audit.entries().iter().filter_map(|it| it.code()).collect();
    assert!(
        codes.contains(&"PUBLISH_GATE_TOO_LITTLE_HISTORY"),
        "{codes:?}"
    );
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let world = World::new();
    let long = UpdaterSettings {
        every: Duration::from_secs(500),
        ..world.settings("one")
    };
    let found = long.check().unwrap_err();
    assert!(
        matches!(
            found,
            SettingsError::Validity {
                validity_sec: 900,
                min_sec: 1500
            }
        ),
        "{found}"
    );
    let simulated = UpdaterSettings {
        rules: rules(&format!("{RULES}{SIMULATION}")),
        source: FeatureSource::File("features.json".into()),
        ..world.settings("one")
    };
    assert!(matches!(simulated.check(), Err(SettingsError::NoCandles)));
}

/// The gate file and the templates that the documentation names.
#[test]
fn the_examples_are_valid_and_equal_the_documentation() {
    let templates = include_str!("../../../../examples/templates.toml");
    let page = include_str!("../../../../docs/forge.md");
    let block = page
        .split("```")
        .find_map(|it| it.strip_prefix("toml\n"))
        .unwrap();
    assert_eq!(templates, block);
    let gate = include_str!("../../../../examples/gate.toml");
    assert!(rules(gate).needs_candles());
}

#[test]
fn the_kinds_have_names() {
    let kinds = [
        Kind::First,
        Kind::Renewal,
        Kind::Tightening,
        Kind::Permitted,
        Kind::TighteningPart,
    ];
    let names = [
        "first",
        "renewal",
        "tightening",
        "permitted",
        "tightening_part",
    ];
    assert_eq!(kinds.map(Kind::name), names);
}
