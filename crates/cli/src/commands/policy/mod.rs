//! The command `portcullis policy`.

mod audit;
mod check;
mod diff;
mod explain;
mod gate;
mod hash;
mod history;
mod publish;
mod release;
mod rollback;
mod rollout;
mod sample;
mod show;
mod source;
mod verify_gate;
mod watch;

pub(crate) use gate::{HistoryTapes, read_options};

use crate::{args::store::AddressArg, failure::Failure, print::print};

use source::PolicyArgs;

/// The JSON Schema (2020-12) of policies. It covers all checks of `policy check` that a schema can express.
const SCHEMA: &str = include_str!("schema.json");

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print a sample policy, or publish it in a store
    Sample(sample::Args),
    /// Check a policy and list all violations; the exit status is 1 if the policy is invalid, expired, or missing in the store
    Check(PolicyArgs),
    /// Print the fields of a policy
    Show(PolicyArgs),
    /// Print the hash of a policy, which is the value of its field `policy_hash`
    Hash(hash::Args),
    /// Print the JSON Schema of policies
    Schema,
    /// Publish a policy in a store, after printing the changes and asking for confirmation
    Publish(publish::Args),
    /// List the publications in a store, newest first
    History(history::Args),
    /// Print the origin of each field of a publication: its target, the clamps, and the features from which it was
    /// derived
    Explain(explain::Args),
    /// Repeat the judgement of the publish gate that was stored with a publication; the exit status is 1 if a value
    /// differs
    VerifyGate(verify_gate::Args),
    /// Compare two policies
    Diff(diff::Args),
    /// Publish an earlier policy again, with a new sequence and a new expiry
    Rollback(rollback::Args),
    /// Try a policy beside the live one: as a canary, which decides a share of the symbols, or as a shadow, which is only
    /// compared
    #[command(subcommand)]
    Rollout(rollout::Command),
    /// Remove the policy from the store, so that another program can write a policy there
    Release(release::Args),
    /// Print the policy in a store and then each change to it, until interrupted
    Watch(AddressArg),
    /// Print and check the audit log; the exit status is 1 if an entry is missing or was edited, and 2 if the log has
    /// no entries
    ///
    /// Entries that were trimmed from the beginning of a stream, and records of other programs, are reported, but do
    /// not change the exit status.
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
        Command::Explain(args) => explain::run(&args),
        Command::VerifyGate(args) => verify_gate::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Rollback(args) => rollback::run(&args),
        Command::Rollout(command) => rollout::run(command),
        Command::Release(args) => release::run(&args),
        Command::Watch(address) => watch::run(&address),
        Command::Audit(args) => audit::run(&args),
    }
}
