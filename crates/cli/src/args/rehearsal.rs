//! Arguments of the commands that rehearse a rollout.

use std::path::{Path, PathBuf};

use clap::Args;

/// The policy set under which the records of a tape are decided.
#[derive(Debug, Clone, Args)]
pub(crate) struct RehearsalArgs {
    /// Decide all records under this policy set (JSON), in place of the policies on the tape
    ///
    /// Canaries decide their share of the symbols, and shadows are compared with the answers. Policy records on the tape
    /// have no effect. Give the file of each policy that the set names with `--set-policy`.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "policy",
        requires = "set_policies"
    )]
    policy_set: Option<PathBuf>,
    /// The file (JSON) of a policy that the policy set names, as its live policy or as an arm; can be repeated
    #[arg(long = "set-policy", value_name = "FILE", requires = "policy_set")]
    set_policies: Vec<PathBuf>,
}

impl RehearsalArgs {
    /// Returns the file of the set and the files of its policies, if a set is given.
    pub(crate) fn files(&self) -> Option<(&Path, &[PathBuf])> {
        Some((self.policy_set.as_deref()?, &self.set_policies))
    }

    /// Returns all files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let set = self.policy_set.iter();
        set.chain(&self.set_policies).map(PathBuf::as_path)
    }
}
