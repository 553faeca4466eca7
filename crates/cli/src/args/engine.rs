//! Arguments of the commands that decide the records of a tape.

use std::path::Path;

use clap::Args;
use portcullis::decide::Engine;
use portcullis_sim::{replay::Replayer, report::RunSettings};

use super::{operator::OperatorArgs, rehearsal::RehearsalArgs};
use crate::{failure::Failure, input::stdin::check_single_stdin};

/// The settings of the engine that decides the records of a tape.
#[derive(Debug, Clone, Args)]
pub(crate) struct EngineArgs {
    /// Treat every policy as in force at every record's time, even if it has expired or is not yet valid
    #[arg(long)]
    pub(crate) assume_in_force: bool,
    #[command(flatten)]
    pub(crate) operator: OperatorArgs,
}

impl EngineArgs {
    pub(crate) fn resolve(&self) -> Result<(Engine, RunSettings), Failure> {
        self.operator.resolve(self.assume_in_force)
    }

    pub(crate) fn replayer(&self, engine: Engine, reports: bool) -> Replayer {
        Replayer {
            assume_in_force: self.assume_in_force,
            reports,
            ..Replayer::new(engine)
        }
    }

    /// Checks that standard input is read only once: as a policy, as the policy set, as guardrails, or as the tape.
    pub(crate) fn check_stdin(
        &self,
        policy: Option<&Path>,
        set: Option<&RehearsalArgs>,
        tape: Option<&Path>,
    ) -> Result<(), Failure> {
        let mut arguments = vec![
            ("`--policy`", policy),
            ("`--guardrails`", self.operator.guardrails()),
            ("the tape", tape),
        ];
        if let Some((set, policies)) = set.and_then(RehearsalArgs::files) {
            arguments.push(("`--policy-set`", Some(set)));
            let policies = policies.iter().map(|path| Some(path.as_path()));
            arguments.extend(policies.map(|path| ("`--set-policy`", path)));
        }
        check_single_stdin(&arguments)
    }
}
