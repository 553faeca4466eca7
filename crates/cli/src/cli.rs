//! The command line: parsing of the arguments and selection of the command.

use std::{env, ffi::OsString};

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};

use crate::{
    commands::{
        bridge, convert, decide, diff, explain, generate, halt, harvest, harvester, history, log,
        merge, policy, proof, record, replay, simulate, updater,
    },
    failure::Failure,
    paint::Color,
    usage,
};

/// A fail-closed decision engine for AI-driven trading.
///
/// Without a command, `portcullis replay` is run with the built-in sample tape.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, propagate_version = true)]
struct Cli {
    /// When to colour human-readable text; `auto` colours it on a terminal, unless the environment variable NO_COLOR is
    /// set
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    color: Color,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer each record of a tape at its event time, under the policy that was active then
    Replay(replay::Args),
    /// Merge the parts of a divided replay (`replay --plan`), and print the summary of the whole replay
    Merge(merge::Args),
    /// Decide each intent from standard input, one JSON object per line
    Decide(decide::Args),
    /// Evaluate each open position from standard input, one JSON object per line
    Harvest(harvest::Args),
    /// Show every gate for one record of a tape, with the compared values
    Explain(explain::Args),
    /// Show which answers change under another policy or another version of Portcullis
    Diff(diff::Args),
    /// Simulate trades, exits and harvests, with fills at recorded candle prices
    Simulate(Box<simulate::Args>),
    /// Answer the recorded intents of each day under every policy that a store has published
    History(Box<history::Args>),
    /// Create, check, show and publish policies
    #[command(subcommand)]
    Policy(policy::Command),
    /// Halt entries in the given symbols or in all symbols; exits are still allowed
    Halt(halt::Args),
    /// Resume entries in the given symbols or in all symbols after a halt
    Resume(halt::Args),
    /// Run the bridge, which reads intents from Redis streams and writes a plan or a skip record for each
    Bridge(Box<bridge::Args>),
    /// Run the harvester, which reads open positions from Redis and proposes closes and new stops
    Harvester(harvester::Args),
    /// Run the updater, which derives a policy from market features at an interval and publishes it through a gate
    Updater(Box<updater::Args>),
    /// Write a tape of the intents that a bridge answered; a replay of the tape gives the same answers
    Record(Box<record::Args>),
    /// Write the answers of a bridge to decision logs with a hash chain, and verify them
    #[command(subcommand)]
    Log(log::Command),
    /// Convert tapes to another format
    Convert(convert::Args),
    /// Write a synthetic tape to standard output
    Generate(generate::Args),
    /// Check source code for hard-coded trading numbers, unchecked exits and orders without a policy
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
        Command::Merge(args) => merge::run(&args),
        Command::Decide(args) => decide::run(&args),
        Command::Harvest(args) => harvest::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::History(args) => history::run(&args),
        Command::Policy(command) => policy::run(command),
        Command::Halt(args) => halt::halt(&args),
        Command::Resume(args) => halt::resume(&args),
        Command::Bridge(args) => bridge::run(&args),
        Command::Harvester(args) => harvester::run(&args),
        Command::Updater(args) => updater::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Log(command) => log::run(&command),
        Command::Convert(args) => convert::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Proof(args) => proof::run(&args),
    }
}

fn parse(arguments: &[OsString]) -> Result<Command, Failure> {
    let command = Cli::try_parse_from(arguments).and_then(|cli| {
        cli.color.apply();
        match cli.command {
            Some(command) => Ok(command),
            None => DefaultReplay::try_parse_from(["portcullis"])
                .map(|default| Command::Replay(default.replay)),
        }
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
