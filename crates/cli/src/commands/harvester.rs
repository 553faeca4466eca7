//! The command `portcullis harvester`.

use std::time::Duration;

use portcullis_service::DEFAULT_EXIT_OWNER;
use portcullis_service::{
    harvester::{self, Authority, Settings},
    runtime::{Stop, log_status},
};

use crate::{
    args::{
        operator::OwnershipArgs,
        profile::ProfileArg,
        service::ServiceArgs,
        sizes::SizeArgs,
        values::{BareUnit, parse_duration},
    },
    failure::Failure,
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    service: ServiceArgs,
    /// The interval at which positions are evaluated, from 10 ms to 60 s; in milliseconds, or with a unit, such as `5s`
    #[arg(long, value_name = "DURATION", default_value = "1000", value_parser = parse_every, allow_negative_numbers = true)]
    every: Duration,
    /// The name of the service that is recorded as the source of the proposals; must be the exit owner or a delegate
    #[arg(long = "as", value_name = "NAME", default_value = DEFAULT_EXIT_OWNER)]
    name: String,
    #[command(flatten)]
    profile: ProfileArg,
    #[command(flatten)]
    ownership: OwnershipArgs,
    #[command(flatten)]
    sizes: SizeArgs,
}

fn parse_every(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_millis(10)..=Duration::from_secs(60);
    parse_duration(text, BareUnit::Milliseconds, bounds)
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let profile = args.profile.get();
    let ownership = args.ownership.resolve_for(profile)?;
    let authority = Authority::of(&ownership, &args.name).map_err(|denied| {
        Failure::error(format_args!(
            "{denied}; use the name of the exit owner in --as, or add the name in --as to the delegates with --exit-delegate"
        ))
    })?;
    let (redis, trust) = args.service.resolve()?;
    let settings = Settings {
        redis,
        trust,
        every: args.every,
        authority,
        profile,
        sizes: args.sizes.by_symbol(),
    };
    let stop = Stop::on_signals().map_err(Failure::error)?;
    log_status(format_args!(
        "harvester: {}; Redis at {}, every {} ms{}",
        settings.authority,
        settings.redis,
        args.every.as_millis(),
        profile.map_or_else(String::new, |profile| format!(", profile {}", profile.name)),
    ));
    harvester::run(&settings, &stop).map_err(Failure::error)
}
