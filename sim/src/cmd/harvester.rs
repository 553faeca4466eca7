//! `portcullis harvester`

use std::time::Duration;

use portcullis::exit::STANDARD_OWNER;

use super::{Failure, input::warn, operator::OwnershipArgs};
use crate::{
    harvester::{self, Authority, Settings},
    service::{Server, Stop},
};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The server: redis://[[user]:password@]host[:port][/db]. Where it holds a password, give it as the variable
    #[arg(
        long,
        value_name = "URL",
        env = "QUANTUM_REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379"
    )]
    redis: String,
    /// How often the positions are looked at
    #[arg(long, value_name = "MILLISECONDS", default_value = "1000", value_parser = clap::value_parser!(u64).range(10..=60_000))]
    every: u64,
    /// The service that proposes: the exit owner, or one of its delegates
    #[arg(long = "as", value_name = "NAME", default_value = STANDARD_OWNER)]
    name: String,
    #[command(flatten)]
    ownership: OwnershipArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let ownership = args.ownership.resolve()?;
    let authority = Authority::of(&ownership, &args.name).map_err(|denied| {
        Failure::unusable(format_args!(
            "{denied}: give the owner's name with --as, or list this one with --exit-delegate"
        ))
    })?;
    let settings = Settings {
        redis: Server::at(&args.redis).map_err(Failure::unusable)?,
        every: Duration::from_millis(args.every),
        authority,
    };
    let stop = Stop::on_signals().map_err(Failure::unusable)?;
    warn(format_args!(
        "harvester: {}; Redis at {}, every {} ms",
        settings.authority, settings.redis, args.every,
    ));
    harvester::run(&settings, &stop).map_err(Failure::unusable)
}
