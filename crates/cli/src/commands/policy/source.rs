//! The argument that selects one policy: a file or a store.

use std::path::PathBuf;

use portcullis_store::PolicyStore as _;

use crate::{
    args::store::open,
    failure::Failure,
    input::policy::{PolicyInput, read_policy},
    print::Format,
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
    address: Option<String>,
}

impl SourceArg {
    /// Reads the file or the store.
    pub(super) fn read(&self) -> Result<PolicyInput, Failure> {
        if let Some(address) = &self.address {
            let stored = open(address)?.stored().map_err(Failure::error)?;
            return Ok(match stored.policy() {
                Ok(policy) => PolicyInput::Valid(policy),
                Err(unavailable) => PolicyInput::Unavailable(unavailable),
            });
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
            (Some(file), _) => Ok(format!("`{}`", file.display())),
            (None, Some(address)) => Ok(open(address)?.name()),
            (None, None) => Ok(String::new()),
        }
    }
}
