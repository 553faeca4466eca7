//! The command `portcullis harvester`.

use std::time::Duration;

use portcullis_service::DEFAULT_EXIT_OWNER;
use portcullis_service::{
    harvester::{self, Authority, Settings},
    runtime::{Stop, say},
};

use crate::{
    args::{
        operator::OwnershipArgs, profile::ProfileArg, service::ServiceArgs, values::parse_whole,
    },
    failure::Failure,
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    service: ServiceArgs,
    /// The interval at which positions are evaluated, from 10 to 60000 ms
    #[arg(long, value_name = "MILLISECONDS", default_value = "1000", value_parser = |text: &str| parse_whole(text, 10..=60_000))]
    every: u64,
    /// The name of the service that is recorded as the source of the proposals; must be the exit owner or a delegate
    #[arg(long = "as", value_name = "NAME", default_value = DEFAULT_EXIT_OWNER)]
    name: String,
    #[command(flatten)]
    profile: ProfileArg,
    #[command(flatten)]
    ownership: OwnershipArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let profile = args.profile.get();
    let ownership = args.ownership.resolve_for(profile)?;
    let authority = Authority::of(&ownership, &args.name).map_err(|denied| {
        Failure::error(format_args!(
            "{denied}; give the owner's name with --as, or list this service with --exit-delegate"
        ))
    })?;
    let (redis, trust) = args.service.resolve()?;
    let settings = Settings {
        redis,
        trust,
        every: Duration::from_millis(args.every),
        authority,
        profile,
    };
    let stop = Stop::on_signals().map_err(Failure::error)?;
    say(format_args!(
        "harvester: {}; Redis at {}, every {} ms{}",
        settings.authority,
        settings.redis,
        args.every,
        profile.map_or_else(String::new, |profile| format!(", profile {}", profile.name)),
    ));
    harvester::run(&settings, &stop).map_err(Failure::error)
}
