//! The settings of a divided replay, which every part has in common.

use portcullis::{
    decide::Engine,
    exit::ExitOwnership,
    guardrails::Guardrails,
    policy::{Policy, PolicyUnavailable},
};
use serde::{Deserialize, Serialize};

use super::PartsError;
use crate::replay::{Replayer, Timeline};

/// The settings of a divided replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The guardrails file, if one is given.
    pub guardrails: Option<NamedText>,
    /// The policy file that is active from the beginning, if one is given.
    pub policy: Option<NamedText>,
    /// The service that owns exits.
    pub exit_owner: String,
    /// The additional services that may close positions.
    pub exit_delegates: Vec<String>,
    /// True if every policy is treated as in force at every record's time.
    pub assume_in_force: bool,
}

/// The content of a file, with its name for messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedText {
    /// The name for messages.
    pub name: String,
    /// The content.
    pub text: String,
}

impl Settings {
    /// Returns a hash of the settings.
    #[must_use]
    pub fn hash(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        blake3::hash(&text).to_hex().to_string()
    }

    /// Returns the policy that is active from the beginning.
    ///
    /// # Errors
    /// Returns the reason why there is no policy.
    pub fn initial(&self) -> Result<Policy, PolicyUnavailable> {
        match &self.policy {
            Some(policy) => Policy::from_json(&policy.text).map_err(PolicyUnavailable::Invalid),
            None => Err(PolicyUnavailable::NotFound),
        }
    }

    /// Returns the timeline before the first record.
    pub(super) fn timeline(&self) -> Timeline {
        Timeline::new(self.initial())
    }

    pub(super) fn replayer(&self) -> Result<Replayer, PartsError> {
        let guardrails = match &self.guardrails {
            Some(file) => Guardrails::from_json(&file.text).map_err(PartsError::damaged)?,
            None => Guardrails::none(),
        };
        let ownership = self
            .exit_delegates
            .iter()
            .try_fold(ExitOwnership::new(self.exit_owner.as_str())?, |it, name| {
                it.with_delegate(name.as_str())
            })?;
        Ok(Replayer {
            assume_in_force: self.assume_in_force,
            ..Replayer::new(Engine::new(guardrails, ownership))
        })
    }
}
