//! The command `portcullis policy rollout`.

mod arm;
mod attempt;
mod change;
mod promote;
mod start;
mod status;

use crate::failure::Failure;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Start an arm: a canary, which decides a share of the symbols, or a shadow, which is only compared
    ///
    /// Prints the symbols that the salt assigns to the arm, and asks for confirmation. An arm without symbols is refused.
    Start(start::Args),
    /// Raise the share of an arm that has had its current share for long enough, with enough closed trades
    Raise(change::RaiseArgs),
    /// Publish the policy of an arm with 10000 bps as the live policy, after printing the changes and asking for
    /// confirmation
    Promote(promote::Args),
    /// Remove an arm, so that the live policy decides its entries
    Abort(change::AbortArgs),
    /// Let the live policy decide all entries, until `unkill`; the arms remain, and open positions keep their ladder
    Kill(change::SwitchArgs),
    /// Let the arms decide entries again
    Unkill(change::SwitchArgs),
    /// Print the live policy, the arms with their results, and the next action of each schedule
    Status(status::Args),
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Start(args) => start::run(&args),
        Command::Raise(args) => change::raise(&args),
        Command::Promote(args) => promote::run(&args),
        Command::Abort(args) => change::abort(&args),
        Command::Kill(args) => change::kill(&args),
        Command::Unkill(args) => change::unkill(&args),
        Command::Status(args) => status::run(&args),
    }
}
