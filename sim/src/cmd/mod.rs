//! The commands: one file each, arguments as they were given in, resolved out.

mod bridge;
mod decide;
mod explain;
mod failure;
mod generate;
mod harvest;
mod input;
mod operator;
mod policy;
mod replay;

use clap::{Parser, Subcommand};

pub use failure::Failure;

/// A fail-closed decision engine for AI-driven trading.
///
/// Without a command: replays the built-in sample tape, as `portcullis replay` does without a tape.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, propagate_version = true)]
pub struct Cli {
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
    /// Write, check and show policies
    #[command(subcommand)]
    Policy(policy::Command),
    /// Run the service: intents from a Redis stream in, plans out
    Bridge(Box<bridge::Args>),
    /// Write a synthetic tape to standard output
    Generate(generate::Args),
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// What the exit status and one line on standard error tell.
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            None => Self::parse_from(["portcullis", "replay"]).run(),
            Some(Command::Replay(args)) => replay::run(&args),
            Some(Command::Decide(args)) => decide::run(&args),
            Some(Command::Harvest(args)) => harvest::run(&args),
            Some(Command::Explain(args)) => explain::run(&args),
            Some(Command::Policy(command)) => policy::run(command),
            Some(Command::Bridge(args)) => bridge::run(&args),
            Some(Command::Generate(args)) => generate::run(&args),
        }
    }
}
