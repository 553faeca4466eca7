//! The command `portcullis updater`.

use std::{path::PathBuf, process, time::Duration};

use portcullis_forge::Templates;
use portcullis_lifecycle::{
    gate::GateRules,
    updater::{FeatureSource, UpdaterSettings, cycle, release, report, run as run_updater},
};
use portcullis_service::runtime::{Stop, log_status, system_time};
use portcullis_sim::simulate::candles::CandleFile;
use portcullis_store::redis::RedisServer;

use crate::{
    args::{
        service::LogArgs,
        store::{AddressArg, GuardrailsArg, SignOffArgs, SignerArg, warn_of_eviction},
        values::{BareUnit, parse_duration},
    },
    commands::{
        policy::{HistoryTapes, read_options},
        simulate::parse_candles,
    },
    failure::Failure,
    input::file::parse_file,
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    address: AddressArg,
    /// The templates file (TOML): regimes, harvest parameters, leverages, universe and steps
    #[arg(long, value_name = "FILE")]
    templates: PathBuf,
    /// The gate file (TOML): the bounds within which a looser policy is published
    #[arg(long, value_name = "FILE")]
    gate: PathBuf,
    #[command(flatten)]
    history: HistoryTapes,
    #[command(flatten)]
    source: SourceArg,
    /// The JSON file with the targets of a model, read before each run; it may be absent
    ///
    /// Targets for another window than that of the features are ignored.
    #[arg(long, value_name = "FILE")]
    targets: Option<PathBuf>,
    /// The pause between two runs, in seconds or with a unit, such as `5m`
    #[arg(long, value_name = "DURATION", value_parser = parse_every, allow_negative_numbers = true)]
    every: Duration,
    /// The upper limit of the time that is added to each pause; the time differs between instances and runs
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = parse_jitter, allow_negative_numbers = true)]
    jitter: Duration,
    /// Run once, and exit with status 1 if the run fails or the gate refuses the policy
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    guardrails: GuardrailsArg,
    #[command(flatten)]
    signer: SignerArg,
    #[command(flatten)]
    sign_off: SignOffArgs,
    #[command(flatten)]
    log: LogArgs,
}

/// The source of the features.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct SourceArg {
    /// The JSON file with the features, which another program writes
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// The candle file of one symbol, with a column `volume`; can be repeated, with one file per symbol
    #[arg(long, value_name = "[SYMBOL=]FILE", value_parser = parse_candles)]
    candles: Vec<CandleFile>,
    /// Read the features from `quantum:marketstate:<SYMBOL>` in the Redis server of the store
    #[arg(long)]
    market_states: bool,
    /// Read candles from one stream per symbol in the Redis server of the store, named by this prefix and the symbol
    #[arg(long, value_name = "PREFIX")]
    candle_streams: Option<String>,
}

fn parse_every(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);
    parse_duration(text, BareUnit::Seconds, bounds)
}

fn parse_jitter(text: &str) -> Result<Duration, String> {
    parse_duration(
        text,
        BareUnit::Seconds,
        Duration::ZERO..=Duration::from_secs(3600),
    )
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let guardrails = args.guardrails.resolve()?;
    let history = args.history.resolve(&guardrails)?;
    let started = system_time()?;
    let settings = UpdaterSettings {
        templates: parse_file(&args.templates, Templates::from_toml)?,
        rules: parse_file(&args.gate, GateRules::from_toml)?,
        guardrails,
        replayer: history.replayer,
        source: args.source.resolve(&args.address)?,
        targets: args.targets.clone(),
        every: args.every,
        jitter: args.jitter,
        operator: args.sign_off.operator(),
        signer: args.signer.resolve()?,
        token: format!("{}-{}", process::id(), started.as_micros()),
    };
    settings.check().map_err(Failure::error)?;
    args.log.apply()?;
    let store = args.address.open()?;
    warn_of_eviction(store.as_ref());
    let clock = || system_time().unwrap_or(started);
    let tapes = history.tapes;
    let open_history = || tapes.reader();
    if args.once {
        let result = cycle(store.as_ref(), &settings, &open_history, &clock);
        report(store.as_ref(), &settings, &result, clock());
        release(store.as_ref(), &settings);
        return match result {
            Ok(cycle) if cycle.is_refusal() => {
                Err(Failure::Negative("the gate refused the policy".to_owned()))
            }
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::Negative(error.to_string())),
        };
    }
    let stop = Stop::on_signals().map_err(Failure::error)?;
    log_status(format_args!(
        "updater: {}, every {} s, templates {}",
        store.name(),
        args.every.as_secs(),
        settings.templates.sha256()
    ));
    run_updater(store.as_ref(), &settings, &open_history, &clock, &stop);
    Ok(())
}

impl SourceArg {
    fn resolve(&self, address: &AddressArg) -> Result<FeatureSource, Failure> {
        let server = || {
            RedisServer::from_url(address.as_str()).map_err(|error| {
                Failure::error(format_args!(
                    "this source of features needs a store in Redis: {error}"
                ))
            })
        };
        if let Some(path) = &self.features {
            Ok(FeatureSource::File(path.clone()))
        } else if self.market_states {
            Ok(FeatureSource::MarketStates(server()?))
        } else if let Some(prefix) = &self.candle_streams {
            Ok(FeatureSource::CandleStreams(server()?, prefix.clone()))
        } else {
            Ok(FeatureSource::Candles(self.candles.clone(), read_options()))
        }
    }
}
