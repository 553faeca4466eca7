//! The argument that selects one policy: a file or a store.

use std::path::PathBuf;

use portcullis::policy::Policy;
use portcullis_store::{LoadError, PolicyStore};

use crate::{
    args::store::{Address, open},
    failure::Failure,
    input::{
        file::shown_path,
        policy::{PolicyInput, read_policy},
    },
    print::{Format, warn},
};

/// The arguments of a command on one policy.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PolicyArgs {
    #[command(flatten)]
    pub(super) source: SourceArg,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct SourceArg {
    /// The policy file (JSON); use `-` for standard input
    file: Option<PathBuf>,
    /// The address of a policy store to read instead of a file: `redis://HOST:PORT`, `rediss://…`, or `file:PATH`
    #[arg(long = "store", value_name = "ADDRESS")]
    address: Option<Address>,
}

impl SourceArg {
    /// Reads the file or the store.
    pub(super) fn read(&self) -> Result<PolicyInput, Failure> {
        if let Some(address) = &self.address {
            return match stored_policy(open(address)?.as_ref()) {
                Ok((policy, note)) => {
                    if let Some(note) = note {
                        warn(format_args!("note: {note}"));
                    }
                    Ok(PolicyInput::Valid(policy))
                }
                Err(LoadError::Absent(unavailable)) => Ok(PolicyInput::Unavailable(unavailable)),
                Err(error) => Err(Failure::error(error)),
            };
        }
        match &self.file {
            Some(file) => read_policy(file),
            None => Err(Failure::error(
                "no policy is given; use a file or `--store ADDRESS`",
            )),
        }
    }

    /// Returns the name of the file or of the store, for messages.
    pub(super) fn name(&self) -> Result<String, Failure> {
        match (&self.file, &self.address) {
            (Some(file), _) => Ok(format!("`{}`", shown_path(file))),
            (None, Some(address)) => Ok(open(address)?.name()),
            (None, None) => Ok(String::new()),
        }
    }
}

/// Reads the policy of a store, and returns a note if services that remember the last publication reject the policy.
pub(super) fn stored_policy(
    store: &dyn PolicyStore,
) -> Result<(Policy, Option<String>), LoadError> {
    let stored = store.stored()?;
    let policy = stored
        .policy()
        .map_err(|refusal| store.explain_refusal(&stored, refusal))?;
    let note = store.foreign_write(&stored)?.filter(|write| {
        !write.is_released && policy.seq().is_none_or(|seq| seq <= write.publication)
    });
    let note = note.map(|write| {
        format!(
            "the fields were written by another program after publication {0}; services that remember sequence {0} \
             reject them (POLICY_ROLLED_BACK); publish again with `portcullis policy publish`, or leave the key to that program with \
             `portcullis policy release`",
            write.publication
        )
    });
    Ok((policy, note))
}
