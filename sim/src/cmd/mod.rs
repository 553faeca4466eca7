//! The commands: one file each, arguments as they were given in, resolved out.

mod bridge;
mod clock;
mod convert;
mod decide;
mod diff;
mod explain;
mod failure;
mod generate;
mod halt;
mod harvest;
mod harvester;
mod input;
#[cfg(unix)]
mod interrupt;
mod operator;
mod out;
mod policy;
mod proof;
mod rank;
mod record;
mod replay;
mod service;
mod simulate;
mod store;
mod streams;
mod usage;

use std::{env, ffi::OsString};

use clap::{Parser, Subcommand, error::ErrorKind};

pub use failure::Failure;

/// A fail-closed decision engine for AI-driven trading.
///
/// Without a command: replays the built-in sample tape, as `portcullis replay` does without a tape.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay recorded tapes: every record is answered at its own time, by the policy of that time
    Replay(replay::Args),
    /// Answer intents from standard input, a line each
    Decide(decide::Args),
    /// Judge positions from standard input, a line each
    Harvest(harvest::Args),
    /// Say why one record of a tape was answered as it was
    Explain(explain::Args),
    /// Say what another policy, or another engine, would have answered
    Diff(diff::Args),
    /// Carry decisions and harvests out at recorded prices
    Simulate(Box<simulate::Args>),
    /// Write, check, show and publish policies
    #[command(subcommand)]
    Policy(policy::Command),
    /// Stop entries, in every symbol or in some; exits go on
    Halt(halt::Args),
    /// Let entries through again
    Resume(halt::Args),
    /// Run the service: intents from a Redis stream in, plans out
    Bridge(Box<bridge::Args>),
    /// Run the service: open positions on Redis in, harvest proposals out
    Harvester(harvester::Args),
    /// Record what a bridge answered, as a tape whose replay gives the same answers
    Record(Box<record::Args>),
    /// Write tapes in another format
    Convert(convert::Args),
    /// Write a synthetic tape to standard output
    Generate(generate::Args),
    /// Prove that no trading number is hidden in a source tree
    Proof(proof::Args),
}

/// What a bare call does.
#[derive(Debug, Parser)]
struct Bare {
    #[command(flatten)]
    replay: replay::Args,
}

/// Does what the arguments of this process ask. Help and version are printed, and end it.
///
/// # Errors
/// What the exit status and one line on standard error tell.
pub fn run() -> Result<(), Failure> {
    let arguments: Vec<OsString> = env::args_os().collect();
    match read(&arguments)? {
        Command::Replay(args) => replay::run(&args),
        Command::Decide(args) => decide::run(&args),
        Command::Harvest(args) => harvest::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Policy(command) => policy::run(command),
        Command::Halt(args) => halt::halt(&args),
        Command::Resume(args) => halt::resume(&args),
        Command::Bridge(args) => bridge::run(&args),
        Command::Harvester(args) => harvester::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Proof(args) => proof::run(&args),
    }
}

fn read(arguments: &[OsString]) -> Result<Command, Failure> {
    let command = Cli::try_parse_from(arguments).and_then(|cli| match cli.command {
        Some(command) => Ok(command),
        None => Bare::try_parse_from(["portcullis"]).map(|bare| Command::Replay(bare.replay)),
    });
    command.map_err(|error| {
        let is_help = matches!(
            error.kind(),
            ErrorKind::DisplayHelp
                | ErrorKind::DisplayVersion
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        );
        if is_help {
            error.exit()
        }
        usage::failure(&error, arguments)
    })
}
