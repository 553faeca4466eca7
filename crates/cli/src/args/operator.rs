//! Operator settings on the command line, shared by all commands that decide.

use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::{decide::Engine, exit::ExitOwnership, guardrails::Guardrails};
use portcullis_service::{DEFAULT_EXIT_OWNER, profile::Profile};
use portcullis_sim::report::RunSettings;
use sha2::{Digest as _, Sha256};

use crate::{
    failure::Failure,
    input::{
        file::shown_path,
        policy::{read_guardrails, read_guardrails_text},
    },
};

const OWNER: &str = "QUANTUM_EXIT_OWNER";
const DELEGATES: &str = "QUANTUM_EXIT_DELEGATES";

/// The environment variables that are read.
pub(crate) const VARIABLES: [&str; 2] = [OWNER, DELEGATES];

/// Arguments for the exit owner and its delegates.
#[derive(Debug, Clone, Args)]
pub(crate) struct OwnershipArgs {
    /// The name of the service that may close positions, called the exit owner [default: exitbrain_v3_5]
    #[arg(
        long,
        value_name = "NAME",
        env = OWNER,
        hide_env_values = true
    )]
    exit_owner: Option<String>,
    /// The name of an additional service that may close positions; can be repeated, or given as a comma-separated list
    /// [default: none]
    #[arg(
        long = "exit-delegate",
        value_name = "NAME",
        env = DELEGATES,
        hide_env_values = true,
        value_delimiter = ','
    )]
    exit_delegates: Vec<String>,
}

/// Arguments for exit ownership and operator limits.
#[derive(Debug, Clone, Args)]
pub(crate) struct OperatorArgs {
    #[command(flatten)]
    ownership: OwnershipArgs,
    /// The JSON file with operator limits that apply to every policy [default: no limits]
    #[arg(long, value_name = "FILE")]
    guardrails: Option<PathBuf>,
}

impl OperatorArgs {
    /// Returns the guardrails file, if one is given.
    pub(crate) fn guardrails(&self) -> Option<&Path> {
        self.guardrails.as_deref()
    }

    /// Returns the SHA-256 of the guardrails file, if one is given.
    pub(crate) fn guardrails_sha256(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.guardrails else {
            return Ok(None);
        };
        let (text, _) = read_guardrails_text(path)?;
        Ok(Some(hex::encode(Sha256::digest(text))))
    }

    /// Returns the owner and the delegates that are given by options or environment variables.
    pub(crate) fn given_ownership(&self) -> Result<(Option<String>, Option<Vec<String>>), Failure> {
        let resolved = self.ownership()?;
        let delegates: Vec<String> = resolved.delegates().map(str::to_owned).collect();
        let has_delegates = self
            .ownership
            .exit_delegates
            .iter()
            .any(|name| !name.is_empty());
        let owner = self.ownership.exit_owner.clone();
        Ok((owner, has_delegates.then_some(delegates)))
    }

    /// Returns the owner of exits and its delegates.
    pub(crate) fn ownership(&self) -> Result<ExitOwnership, Failure> {
        self.ownership.resolve_for(None)
    }

    /// Builds the engine, and the settings that a report lists.
    pub(crate) fn resolve(&self, assume_in_force: bool) -> Result<(Engine, RunSettings), Failure> {
        let (guardrails, name) = self.read_guardrails()?;
        self.resolve_with(guardrails, name, assume_in_force)
    }

    /// Builds the engine and the settings of a service with a profile, whose delegates are added.
    pub(crate) fn resolve_for(
        &self,
        profile: Option<&Profile>,
    ) -> Result<(Engine, RunSettings), Failure> {
        let (guardrails, name) = self.read_guardrails()?;
        let ownership = self.ownership.resolve_for(profile)?;
        Ok(engine_of(guardrails, name, ownership, false))
    }

    fn read_guardrails(&self) -> Result<(Guardrails, String), Failure> {
        Ok(match &self.guardrails {
            None => (Guardrails::none(), "none".to_owned()),
            Some(path) => {
                let guardrails = read_guardrails(path)?;
                (guardrails, shown_path(path))
            }
        })
    }

    /// Builds the engine and the settings like [`Self::resolve`], but from guardrails that are
    /// already read.
    pub(crate) fn resolve_with(
        &self,
        guardrails: Guardrails,
        name: String,
        assume_in_force: bool,
    ) -> Result<(Engine, RunSettings), Failure> {
        Ok(engine_of(
            guardrails,
            name,
            self.ownership()?,
            assume_in_force,
        ))
    }
}

fn engine_of(
    guardrails: Guardrails,
    name: String,
    ownership: ExitOwnership,
    assume_in_force: bool,
) -> (Engine, RunSettings) {
    let run_settings = RunSettings {
        guardrails: name,
        exit_owner: ownership.owner().to_owned(),
        exit_delegates: ownership.delegates().map(str::to_owned).collect(),
        assume_in_force,
    };
    (Engine::new(guardrails, ownership), run_settings)
}

impl OwnershipArgs {
    /// Returns the exit ownership, with the delegates of the profile and without duplicates.
    pub(crate) fn resolve_for(&self, profile: Option<&Profile>) -> Result<ExitOwnership, Failure> {
        let owner = self.exit_owner.as_deref().unwrap_or(DEFAULT_EXIT_OWNER);
        let mut delegates: Vec<&str> = self.exit_delegates.iter().map(|name| name.trim()).collect();
        // An empty environment variable means no delegates.
        if delegates == [""] {
            delegates.clear();
        }
        delegates.extend(profile.map_or(&[][..], |profile| profile.delegates));
        // Drop duplicates and the owner itself. Empty names are kept, so that `ExitOwnership` reports them.
        let mut earlier = vec![owner];
        delegates.retain(|delegate| {
            let is_new = delegate.is_empty() || !earlier.contains(delegate);
            earlier.push(delegate);
            is_new
        });
        let named = |ownership: ExitOwnership, name: &str| ownership.with_delegate(name);
        let ownership = ExitOwnership::new(owner);
        let ownership = ownership.and_then(|it| delegates.into_iter().try_fold(it, named));
        ownership.map_err(|error| {
            Failure::error(format_args!(
                "{error}; see `--exit-owner` ({OWNER}) and `--exit-delegate` ({DELEGATES})"
            ))
        })
    }
}
