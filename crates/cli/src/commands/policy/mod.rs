//! The command `portcullis policy`.

mod audit;
mod check;
mod diff;
mod hash;
mod history;
mod publish;
mod rollback;
mod sample;
mod show;
mod source;
mod watch;

use crate::{args::store::AddressArg, failure::Failure, print::print};

use source::PolicyArgs;

/// The JSON Schema (2020-12) of policies. It covers all checks of `policy check` that a schema can express.
const SCHEMA: &str = include_str!("schema.json");

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print a sample policy, or publish it in a store
    Sample(sample::Args),
    /// Check a policy and print every violation; exit status 1 if there are any
    Check(PolicyArgs),
    /// Print the fields of a policy
    Show(PolicyArgs),
    /// Compute the hash of a policy, for `policy_hash`
    Hash(hash::Args),
    /// Print the JSON Schema of policies
    Schema,
    /// Publish a policy in a store, after a confirmation of its changes
    Publish(publish::Args),
    /// List the publications in a store, newest first
    History(history::Args),
    /// Compare two policies
    Diff(diff::Args),
    /// Publish the policy of an earlier publication again
    Rollback(rollback::Args),
    /// Print each change of the policy in a store, until interrupted
    Watch(AddressArg),
    /// Print and verify the audit log of a store; exit status 1 if it has faults
    Audit(audit::Args),
}

pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Sample(args) => sample::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Hash(args) => hash::run(&args),
        Command::Schema => print(SCHEMA),
        Command::Publish(args) => publish::run(&args),
        Command::History(args) => history::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Rollback(args) => rollback::run(&args),
        Command::Watch(address) => watch::run(&address),
        Command::Audit(args) => audit::run(&args),
    }
}
