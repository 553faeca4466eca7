//! The reasons why there is no draft.

use portcullis::{guardrails::ConstraintViolation, policy::InvalidPolicyError, types::Timestamp};
use thiserror::Error;

use crate::derivation::Left;

/// The reason why a run has no draft. The state does not change.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ForgeError {
    /// There is no symbol, or all features of all symbols are missing.
    #[error("the features of {window_end} contain no value; check the feed of market data")]
    NoFeatures {
        /// The end of the window.
        window_end: Timestamp,
    },
    /// The features are too old.
    #[error(
        "the features end at {window_end}, which is more than {max_sec} s before {now}; check the feed of market data, \
         or increase `max_feature_age_sec` in the templates"
    )]
    OldFeatures {
        /// The end of the window.
        window_end: Timestamp,
        /// The time of the run.
        now: Timestamp,
        /// The largest age in seconds.
        max_sec: u32,
    },
    /// The window ends after the time of the run.
    #[error(
        "the features end at {window_end}, which is after the time of the run, {now}; check the clocks"
    )]
    FutureFeatures {
        /// The end of the window.
        window_end: Timestamp,
        /// The time of the run.
        now: Timestamp,
    },
    /// The window ends before the window of the previous run.
    #[error(
        "the features end at {window_end}, but those of the previous run ended at {last}; use features that are not older"
    )]
    EarlierFeatures {
        /// The end of the window.
        window_end: Timestamp,
        /// The end of the window of the previous run.
        last: Timestamp,
    },
    /// The targets of the model are for another window.
    #[error(
        "the targets are for the window that ends at {found}, but the features end at {window_end}; use the targets of the same window"
    )]
    OtherTargets {
        /// The end of the window of the targets.
        found: Timestamp,
        /// The end of the window of the features.
        window_end: Timestamp,
    },
    /// The targets of the harvest parameters are not valid together.
    #[error("the targets of the model are invalid: {0}")]
    InvalidTargets(InvalidPolicyError),
    /// No symbol has ever had usable features, so the market has no regime.
    #[error(
        "the market has no regime, because no permitted symbol has usable features; check `sigma`, `ts` and `p_chop` of the permitted symbols"
    )]
    NoRegime,
    /// No symbol can be in the universe, and the active policy has no symbol whose entries could be stopped.
    #[error("no symbol can be in the universe: {}", list(.0))]
    NoMember(Vec<Left>),
    /// The draft is not a valid policy.
    #[error("the draft is not a valid policy: {0}")]
    InvalidDraft(InvalidPolicyError),
    /// The draft violates the guardrails.
    #[error("the draft violates the guardrails: {}", join(.0))]
    Guardrails(Vec<ConstraintViolation<String>>),
}

fn list(left: &[Left]) -> String {
    let texts: Vec<String> = left.iter().map(Left::to_string).collect();
    texts.join("; ")
}

fn join(violations: &[ConstraintViolation<String>]) -> String {
    let texts: Vec<String> = violations.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
