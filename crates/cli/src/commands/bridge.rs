//! The command `portcullis bridge`.

use std::{num::NonZeroU64, process, time::Duration};

use portcullis::{
    guardrails::Guardrails,
    types::{Fraction, Timestamp},
};
use portcullis_service::{
    bridge::{self, Settings},
    keys,
    profile::Profile,
    runtime::{Stop, Trust, log_status, system_time},
};
use portcullis_store::RedisServer;

use crate::{
    args::{
        operator::OperatorArgs,
        profile::ProfileArg,
        service::ServiceArgs,
        streams::StreamArgs,
        values::{BareUnit, parse_duration, parse_whole},
    },
    failure::Failure,
};

/// Maximum batch size, in intents. Larger batches would block other clients of the server for too
/// long.
const BATCH_MAX: u64 = 10_000;

/// Help of `--guardrails`. It differs from the help of the other commands, where the option is not
/// required.
const GUARDRAILS_HELP: &str = "The JSON file with operator limits that apply to every policy; required, unless `--no-guardrails` is given";

#[derive(Debug, Clone, clap::Args)]
#[command(mut_arg("guardrails", |arg| arg.help(GUARDRAILS_HELP)))]
pub(crate) struct Args {
    #[command(flatten)]
    service: ServiceArgs,
    /// Run without guardrails, so that only the limits of the policy apply
    #[arg(long, conflicts_with = "guardrails")]
    no_guardrails: bool,
    /// The Redis consumer group; all bridges of one group share the intents
    #[arg(long, value_name = "NAME", default_value = keys::GROUP)]
    group: String,
    /// The name of this bridge, unique within its consumer group [default: a new name for each run]
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// The maximum number of intents that are read and answered at once, from 1 to 10000; fewer are read if they are
    /// expected to exceed 8 MiB
    #[arg(long, value_name = "N", default_value = "64", value_parser = |text: &str| parse_whole(text, 1..=BATCH_MAX))]
    batch: u64,
    /// The time after which this bridge claims an intent that another bridge has read but not answered; must be shorter
    /// than `--remember`; in milliseconds, or with a unit, such as `30s`
    #[arg(long, value_name = "DURATION", default_value = "30000", value_parser = parse_claim_after, allow_negative_numbers = true)]
    claim_after: Duration,
    /// The time for which the bridge keeps a record of an answered intent, so that each intent is answered only once; the
    /// records of the last exit and the last trade of each symbol are kept forever; in seconds, or with a unit, such as
    /// `24h`
    #[arg(long, value_name = "DURATION", default_value = "86400", value_parser = parse_remember, allow_negative_numbers = true)]
    remember: Duration,
    /// The approximate number of plans to keep in the plan stream. An older plan is deleted after every consumer group of
    /// the stream has acknowledged it. If the stream has no group, older trades are deleted and older exits are kept
    /// [default: all]
    #[arg(long, value_name = "N")]
    plan_maxlen: Option<NonZeroU64>,
    /// The approximate number of skip records to keep in the skip stream; older ones are deleted [default: all]
    #[arg(long, value_name = "N")]
    skip_maxlen: Option<NonZeroU64>,
    #[command(flatten)]
    profile: ProfileArg,
    /// With `--profile`: the maximum age of the mark price from which the bridge computes the quantity of an entry that
    /// has neither a quantity nor a price. If the mark price is older, the entry is skipped. In seconds, or with a unit,
    /// such as `30s` [default: 10]
    #[arg(long, value_name = "DURATION", requires = "profile", value_parser = parse_mark_max_age)]
    mark_max_age: Option<Duration>,
    #[command(flatten)]
    streams: StreamArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

fn parse_claim_after(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_millis(1)..=Duration::from_hours(24);
    parse_duration(text, BareUnit::Milliseconds, bounds)
}

fn parse_remember(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_mins(1)..=Duration::from_hours(24 * 365);
    parse_duration(text, BareUnit::Seconds, bounds)
}

fn parse_mark_max_age(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_secs(1)..=Duration::from_hours(24);
    parse_duration(text, BareUnit::Seconds, bounds)
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.operator.guardrails().is_none() && !args.no_guardrails {
        return Err(Failure::error(
            "the bridge requires guardrails; give --guardrails FILE, or --no-guardrails to run without them",
        ));
    }
    let streams = [
        &args.streams.intent_stream,
        &args.streams.exit_stream,
        &args.streams.plan_stream,
        &args.streams.skip_stream,
    ];
    for (n, stream) in streams.iter().enumerate() {
        if stream.is_empty() || streams.iter().skip(n + 1).any(|other| other == stream) {
            return Err(Failure::error(format_args!(
                "the stream name `{stream}` is empty or is used twice; intents, exits, plans and skips each need a stream of their own"
            )));
        }
    }
    if args.claim_after >= args.remember {
        return Err(Failure::error(
            "--remember must be longer than --claim-after; otherwise an intent is forgotten before another bridge can claim it",
        ));
    }
    let profile = args.profile.get();
    let (engine, operator) = args.operator.resolve_for(profile)?;
    if let Some(profile) = profile {
        check_stop_distance(profile, engine.guardrails())?;
    }
    let (server, trust) = args.service.resolve()?;
    let settings = Settings {
        guardrails_sha256: args.operator.guardrails_sha256()?,
        ..args.settings(server, trust)
    };
    let stop = Stop::on_signals().map_err(Failure::error)?;
    log_status(format_args!(
        "bridge: guardrails {}; exit owner {}{}; Redis at {}, group `{}`, consumer `{}`{}",
        operator.guardrails,
        operator.exit_owner,
        match operator.exit_delegates.as_slice() {
            [] => String::new(),
            names => format!(", delegates {}", names.join(", ")),
        },
        settings.redis,
        settings.group,
        settings.consumer,
        profile.map_or_else(String::new, |profile| format!(
            "; profile {}, maximum age of a mark price {} s",
            profile.name,
            settings.mark_age_max.as_secs()
        )),
    ));
    bridge::run(&engine, &settings, &stop).map_err(Failure::error)
}

impl Args {
    fn settings(&self, redis: RedisServer, trust: Trust) -> Settings {
        let profile = self.profile.get();
        let of_profile = profile.map(|profile| profile.plans.mark_age_max);
        let mark_age_max = self.mark_max_age.or(of_profile);
        Settings {
            redis,
            intents: self.streams.intent_stream.clone(),
            exits: self.streams.exit_stream.clone(),
            plans: self.streams.plan_stream.clone(),
            skips: self.streams.skip_stream.clone(),
            trust,
            keys: self.streams.key_prefix.clone(),
            guardrails_sha256: None,
            group: self.group.clone(),
            consumer: self.consumer.clone().unwrap_or_else(unique_name),
            consumer_is_temporary: self.consumer.is_none(),
            batch: usize::try_from(self.batch).unwrap_or(1),
            claim_after: self.claim_after,
            remember: self.remember,
            plans_max: self.plan_maxlen.map(NonZeroU64::get),
            skips_max: self.skip_maxlen.map(NonZeroU64::get),
            profile,
            mark_age_max: mark_age_max.unwrap_or_default(),
        }
    }
}

/// Checks that the guardrails refuse a stop that is a percentage instead of a price. A service of the profile writes
/// such stops.
fn check_stop_distance(profile: &Profile, guardrails: &Guardrails) -> Result<(), Failure> {
    let bound = profile.stop_distance_max;
    let found = match guardrails.max_stop_distance().map(Fraction::get) {
        Some(found) if found <= bound => return Ok(()),
        Some(found) => format!("but it is {found}"),
        None => "but it is missing".to_owned(),
    };
    let name = profile.name;
    Err(Failure::error(format_args!(
        "the profile `{name}` requires a guardrail `max_stop_distance` of at most {bound}, {found}; one of its services \
         writes a percentage into `stop_loss`, and without this guardrail the percentage would be used as the price of a stop"
    )))
}

/// Returns a name that is unique among all runs on all machines.
fn unique_name() -> String {
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    let millis = system_time().map_or(0, Timestamp::as_millis);
    let random = RandomState::new().build_hasher().finish();
    format!("portcullis-{}-{millis}-{random:016x}", process::id())
}
