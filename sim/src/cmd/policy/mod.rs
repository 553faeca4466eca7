//! `portcullis policy`

mod changes;
mod document;
mod store;

use std::path::PathBuf;

use super::{Failure, failure::print, store::AddressArg};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write a sample policy to standard output, or put it in force in a store
    Sample(store::SampleArgs),
    /// Say everything that is wrong with a policy; exit status 1 if anything is
    Check(document::SubjectArgs),
    /// Show what a policy says
    Show(document::SubjectArgs),
    /// Print the hash that a policy ought to state
    Hash {
        /// The policy (JSON); `-` is standard input
        file: PathBuf,
    },
    /// Print a JSON Schema of policies
    Schema,
    /// Put a policy in force in a store; says what it changes before it does
    Publish(store::PublishArgs),
    /// List what was published in a store, newest first
    History(store::HistoryArgs),
    /// Say what differs between two policies
    Diff(changes::DiffArgs),
    /// Publish an earlier publication once more
    Rollback(store::RollbackArgs),
    /// Print every change of the policy in a store, until interrupted
    Watch(AddressArg),
    /// List what was done to a store, and whether the record of it is whole; exit status 1 if it is not
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
