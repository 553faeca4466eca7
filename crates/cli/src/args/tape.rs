//! Arguments of the commands that decide the records of a tape.

use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::decide::Engine;
use portcullis_sim::{
    replay::{Replayer, Scope},
    report::RunSettings,
};

use super::operator::OperatorArgs;
use crate::{
    failure::Failure,
    input::{policy::InitialPolicy, stdin::check_single_stdin},
};

/// The policy at the beginning of a tape, and the operator settings.
#[derive(Debug, Clone, Args)]
pub(crate) struct TapeArgs {
    /// The policy file (JSON) that is active until the first policy record on the tape [default: none]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Treat every policy as in force at every record's time, even if it has expired or is not yet valid
    #[arg(long)]
    pub(crate) assume_in_force: bool,
    #[command(flatten)]
    pub(crate) operator: OperatorArgs,
}

impl TapeArgs {
    /// Checks that standard input is read only once. `tape` is a tape that is standard input.
    pub(crate) fn check_stdin(&self, tape: Option<&Path>) -> Result<(), Failure> {
        check_single_stdin(&[
            ("`--policy`", self.policy.as_deref()),
            ("`--guardrails`", self.operator.guardrails()),
            ("the tape", tape),
        ])
    }

    pub(crate) fn engine(&self) -> Result<(Engine, RunSettings), Failure> {
        self.operator.resolve(self.assume_in_force)
    }

    pub(crate) const fn replayer(&self, engine: Engine, reports: bool) -> Replayer {
        Replayer {
            engine,
            assume_in_force: self.assume_in_force,
            reports,
            now: None,
            scope: Scope::Tape,
        }
    }

    pub(crate) fn initial_policy(&self) -> Result<InitialPolicy, Failure> {
        InitialPolicy::read(self.policy.as_deref())
    }

    /// Returns the files that are read in addition to the tapes.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Path> {
        let policy = self.policy.as_deref();
        policy.into_iter().chain(self.operator.guardrails())
    }
}
