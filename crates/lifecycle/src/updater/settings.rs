//! The settings of the updater.

use std::{fs, io, path::PathBuf, time::Duration};

use portcullis::{
    Guardrails,
    policy::Policy,
    types::{SignedDuration, Timestamp},
};
use portcullis_forge::{Targets, Templates};
use portcullis_sim::replay::Replayer;
use portcullis_store::{Operator, PolicySigner, PublishConditions};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::source::{FeatureSource, SourceError};
use crate::gate::GateRules;

/// The settings of an updater.
#[derive(Debug)]
pub struct UpdaterSettings {
    /// The rules from which a policy is derived.
    pub templates: Templates,
    /// The bounds within which a looser policy is published.
    pub rules: GateRules,
    /// The limits of the operator that apply to every policy.
    pub guardrails: Guardrails,
    /// The evaluator of the recorded intents. It must treat every policy as in force.
    pub replayer: Replayer,
    /// The source of the features.
    pub source: FeatureSource,
    /// The file with the targets of a model. It is read before each run, and may be absent.
    pub targets: Option<PathBuf>,
    /// The pause between two runs.
    pub every: Duration,
    /// The upper limit of the time that is added to each pause. The time differs between instances and runs.
    pub jitter: Duration,
    /// The name of the operator or of the service, for the audit log.
    pub operator: Operator,
    /// The signer of the policies; without it, they are not signed.
    pub signer: Option<PolicySigner>,
    /// A text that identifies this instance among all instances.
    pub token: String,
}

/// The reason why an updater cannot start with its settings.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A policy could expire before the next run.
    #[error(
        "the shortest `validity_sec` of the templates is {validity_sec}, but must be at least {min_sec}, which is \
         3 · (interval + jitter); use a longer validity or a shorter interval"
    )]
    Validity {
        /// The shortest validity of a regime, in seconds.
        validity_sec: u32,
        /// The required validity, in seconds.
        min_sec: u64,
    },
    /// θ would end with the policy.
    #[error(
        "`harvest_grace_sec` of the templates is 0, but must be greater, so that open positions keep θ if the policy expires"
    )]
    NoGrace,
    /// The gate needs candle files.
    #[error(
        "the gate bounds the drawdown of a simulation, which needs candle files as the source of the features"
    )]
    NoCandles,
    /// The templates have no `candles`, which a source with candles requires.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl UpdaterSettings {
    /// Checks that the settings fit together.
    ///
    /// # Errors
    /// Returns the first setting that does not fit.
    pub fn check(&self) -> Result<(), SettingsError> {
        let min_sec = self.ahead().as_secs();
        let validity_sec = self.templates.shortest_validity_sec();
        if u64::from(validity_sec) < min_sec {
            return Err(SettingsError::Validity {
                validity_sec,
                min_sec,
            });
        }
        if self.templates.harvest_grace_sec() == 0 {
            return Err(SettingsError::NoGrace);
        }
        let has_candles = matches!(self.source, FeatureSource::Candles(..));
        if self.rules.needs_candles() && !has_candles {
            return Err(SettingsError::NoCandles);
        }
        let needs_rule = has_candles || matches!(self.source, FeatureSource::CandleStreams(..));
        if needs_rule && self.templates.candle_rule().is_none() {
            return Err(SourceError::NoCandleRule.into());
        }
        Ok(())
    }

    /// Reads the targets of the model, if there are some.
    pub(super) fn read_targets(&self) -> Result<Option<Targets>, SourceError> {
        let Some(path) = &self.targets else {
            return Ok(None);
        };
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(Targets::from_json(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SourceError::File {
                path: path.clone(),
                error,
            }),
        }
    }

    /// Returns the pause after a run: the interval and a part of the jitter, which differs between instances and runs.
    pub(super) fn pause(&self, run: u64) -> Duration {
        let digest = Sha256::digest(format!("{}/{run}", self.token));
        let share = digest.first().copied().unwrap_or_default();
        self.every
            .saturating_add(self.jitter.mul_f64(f64::from(share) / 255.0))
    }

    /// Returns the length of the lease, from the start of a run. If its holder is killed, another instance runs at most
    /// 2.5 · (interval + jitter) later, which is before a policy expires that was not due for a renewal.
    pub(super) fn lease_length(&self) -> Duration {
        self.every.saturating_add(self.jitter).saturating_mul(3) / 2
    }

    /// Returns the conditions that the store checks when a draft, or the policy of an arm, is published.
    pub(super) fn conditions(&self, features_end: Timestamp) -> PublishConditions {
        let max_age = i64::from(self.templates.max_feature_age_sec()).saturating_mul(1_000_000);
        PublishConditions {
            lease: self.token.clone(),
            features_end,
            max_feature_age: SignedDuration::from_micros(max_age),
        }
    }

    /// Returns the time before the expiry from which a policy is renewed.
    fn ahead(&self) -> Duration {
        self.every.saturating_add(self.jitter).saturating_mul(3)
    }

    /// Returns true if the policy expires so soon that a later run might be too late to renew it.
    pub(super) fn must_renew(&self, active: Option<&Policy>, now: Timestamp) -> bool {
        let ahead = i64::try_from(self.ahead().as_micros()).unwrap_or(i64::MAX);
        let until = now.saturating_add(SignedDuration::from_micros(ahead));
        active.is_none_or(|policy| policy.valid_until() <= until)
    }
}
