//! The command `portcullis policy`.

mod changes;
mod document;
mod store;
mod validity;

use std::path::PathBuf;

use super::{Failure, failure::print, store::AddressArg};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print a sample policy, or publish it in a store
    Sample(store::SampleArgs),
    /// Check a policy and print every violation; exit status 1 if there are any
    Check(document::SubjectArgs),
    /// Print the fields of a policy
    Show(document::SubjectArgs),
    /// Compute the hash of a policy, for `policy_hash`
    Hash {
        /// Policy file (JSON); `-` reads standard input
        file: PathBuf,
    },
    /// Print the JSON Schema of policies
    Schema,
    /// Publish a policy in a store, after a confirmation of its changes
    Publish(store::PublishArgs),
    /// List the publications in a store, newest first
    History(store::HistoryArgs),
    /// Compare two policies
    Diff(changes::DiffArgs),
    /// Publish the policy of an earlier publication again
    Rollback(store::RollbackArgs),
    /// Print each change of the policy in a store, until interrupted
    Watch(AddressArg),
    /// Print and verify the audit log of a store; exit status 1 if it has faults
    Audit(store::AuditArgs),
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Sample(args) => store::sample(&args),
        Command::Check(args) => document::check(&args),
        Command::Show(args) => document::show(&args),
        Command::Hash { file } => document::hash(&file),
        Command::Schema => print(document::SCHEMA),
        Command::Publish(args) => store::publish(&args),
        Command::History(args) => store::history(&args),
        Command::Diff(args) => changes::run(&args),
        Command::Rollback(args) => store::rollback(&args),
        Command::Watch(address) => store::watch(&address),
        Command::Audit(args) => store::audit(&args),
    }
}
