//! What the operator says on the command line, for every command that decides.

use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::{
    decide::Engine,
    exit::{ExitOwnership, STANDARD_OWNER},
    guardrails::Guardrails,
};

use super::{Failure, input::read_file};
use crate::report::Operator;

const OWNER: &str = "QUANTUM_EXIT_OWNER";
const DELEGATES: &str = "QUANTUM_EXIT_DELEGATES";

/// The environment variables that are heard.
pub(super) const VARIABLES: [&str; 2] = [OWNER, DELEGATES];

/// Who may exit.
#[derive(Debug, Clone, Args)]
pub(super) struct OwnershipArgs {
    /// The service that owns exits [default: exitbrain_v3_5]
    #[arg(
        long,
        value_name = "NAME",
        env = OWNER,
        hide_env_values = true
    )]
    exit_owner: Option<String>,
    /// A service that may exit as well; may be given again, or as a list with commas
    #[arg(
        long = "exit-delegate",
        value_name = "NAME",
        env = DELEGATES,
        hide_env_values = true,
        value_delimiter = ','
    )]
    exit_delegates: Vec<String>,
}

/// What the operator says.
#[derive(Debug, Clone, Args)]
pub(super) struct OperatorArgs {
    #[command(flatten)]
    ownership: OwnershipArgs,
    /// Bounds that hold whatever a policy says (JSON)
    #[arg(long, value_name = "FILE")]
    guardrails: Option<PathBuf>,
}

impl OperatorArgs {
    /// The file of the guardrails, if one was given.
    pub(super) fn guardrails(&self) -> Option<&Path> {
        self.guardrails.as_deref()
    }

    /// The engine, and what a summary says of it.
    pub(super) fn resolve(&self, assume_in_force: bool) -> Result<(Engine, Operator), Failure> {
        let (guardrails, named) = match &self.guardrails {
            None => (Guardrails::none(), "none".to_owned()),
            Some(path) => {
                let text = read_file(path)?;
                let guardrails = Guardrails::from_json(&text).map_err(|error| {
                    Failure::unusable(format_args!("`{}`: {error}", path.display()))
                })?;
                (guardrails, path.display().to_string())
            }
        };
        self.with(guardrails, named, assume_in_force)
    }

    /// The same with guardrails at hand.
    pub(super) fn with(
        &self,
        guardrails: Guardrails,
        named: String,
        assume_in_force: bool,
    ) -> Result<(Engine, Operator), Failure> {
        let ownership = self.ownership.resolve()?;
        let operator = Operator {
            guardrails: named,
            exit_owner: ownership.owner().to_owned(),
            exit_delegates: ownership.delegates().map(str::to_owned).collect(),
            assume_in_force,
        };
        Ok((Engine::new(guardrails, ownership), operator))
    }
}

impl OwnershipArgs {
    /// Who may exit, each named once.
    pub(super) fn resolve(&self) -> Result<ExitOwnership, Failure> {
        let owner = self.exit_owner.as_deref().unwrap_or(STANDARD_OWNER);
        let mut delegates: Vec<&str> = self.exit_delegates.iter().map(|name| name.trim()).collect();
        // A variable that is set to nothing lists nobody.
        if delegates == [""] {
            delegates.clear();
        }
        // Whoever owns exits needs no other right, and nobody needs one twice. An owner without a name is
        // an error of its own.
        let mut named_before = vec![owner];
        delegates.retain(|delegate| {
            let is_new = delegate.is_empty() || !named_before.contains(delegate);
            named_before.push(delegate);
            is_new
        });
        ExitOwnership::new(owner, delegates).map_err(|error| {
            Failure::unusable(format_args!(
                "{error}: see --exit-owner ({OWNER}) and --exit-delegate ({DELEGATES})"
            ))
        })
    }
}
