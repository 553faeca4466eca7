//! The command line: parsing of the arguments and selection of the command.

use std::{env, ffi::OsString};

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};

use crate::{
    commands::{
        bridge, convert, decide, diff, explain, generate, halt, harvest, harvester, policy, proof,
        record, replay, simulate,
    },
    failure::Failure,
    usage,
};

/// A fail-closed decision engine for AI-driven trading.
///
/// Without a command, replays the built-in sample tape, like `portcullis replay` without a tape.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay recorded tapes, answering each record under the policy that was active at its timestamp
    Replay(replay::Args),
    /// Decide on intents from standard input, one per line
    Decide(decide::Args),
    /// Propose harvest actions for positions from standard input, one per line
    Harvest(harvest::Args),
    /// Explain the decision on one record of a tape
    Explain(explain::Args),
    /// Show which answers change under another policy or another engine version
    Diff(diff::Args),
    /// Simulate the execution of decisions and harvests at recorded prices
    Simulate(Box<simulate::Args>),
    /// Create, check, show and publish policies
    #[command(subcommand)]
    Policy(policy::Command),
    /// Halt entries in all symbols or in some; exits stay allowed
    Halt(halt::Args),
    /// Lift a halt, so that entries are allowed again
    Resume(halt::Args),
    /// Run the bridge service, which reads intents from Redis streams and writes plans
    Bridge(Box<bridge::Args>),
    /// Run the harvester service, which reads open positions from Redis and writes harvest proposals
    Harvester(harvester::Args),
    /// Record the answers of a bridge as a tape whose replay reproduces them
    Record(Box<record::Args>),
    /// Convert tapes to another format
    Convert(convert::Args),
    /// Write a synthetic tape to standard output
    Generate(generate::Args),
    /// Check that a source tree contains no hard-coded trading numbers
    Proof(proof::Args),
}

/// The replay that runs if no command is given.
#[derive(Debug, Parser)]
struct DefaultReplay {
    #[command(flatten)]
    replay: replay::Args,
}

/// Runs the command that the process arguments select. Prints help or version and exits the process if they are
/// requested.
///
/// # Errors
/// Returns the failure that decides the exit status and the line on standard error.
pub(crate) fn run() -> Result<(), Failure> {
    let arguments: Vec<OsString> = env::args_os().collect();
    match parse(&arguments)? {
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

fn parse(arguments: &[OsString]) -> Result<Command, Failure> {
    let command = Cli::try_parse_from(arguments).and_then(|cli| match cli.command {
        Some(command) => Ok(command),
        None => DefaultReplay::try_parse_from(["portcullis"])
            .map(|default| Command::Replay(default.replay)),
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
        usage::failure(&error, arguments, &Cli::command())
    })
}
