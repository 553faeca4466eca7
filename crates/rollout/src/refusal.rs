//! The reasons why a change of a policy set is refused.

use portcullis::types::{PolicyHash, Symbol, Timestamp};
use strum::IntoStaticStr;
use thiserror::Error;

use crate::{bps::Bps, bucket::Bucket, fault::DocumentError};

/// The reason why a change of a policy set is refused. The set does not change. The code of each reason is stable.
#[derive(Debug, Clone, PartialEq, Eq, Error, IntoStaticStr)]
pub enum Refusal {
    /// The set has no arm with this hash.
    #[strum(serialize = "ROLLOUT_UNKNOWN_ARM")]
    #[error("the set has no arm with the hash {0}; list the arms of the current set")]
    UnknownArm(PolicyHash),
    /// The new content breaks a rule of policy sets.
    #[strum(serialize = "ROLLOUT_INVALID_SET")]
    #[error(transparent)]
    Invalid(#[from] DocumentError),
    /// The set has the largest sequence.
    #[strum(serialize = "ROLLOUT_SEQ_EXHAUSTED")]
    #[error("the set has the largest possible sequence; create a new set in another store")]
    SeqExhausted,
    /// The kill switch is on, so no arm is started, raised or promoted.
    #[strum(serialize = "ROLLOUT_KILLED")]
    #[error("the kill switch of the set is on; turn it off first")]
    Killed,
    /// The kill switch is already off.
    #[strum(serialize = "ROLLOUT_NOT_KILLED")]
    #[error("the kill switch of the set is already off; nothing was changed")]
    NotKilled,
    /// The last time of the arm has passed.
    #[strum(serialize = "ROLLOUT_EXPIRED")]
    #[error(
        "the arm ended at {until}, and the time is {now}; abort it, and start it with a later `until`"
    )]
    Expired {
        /// The last time of the arm.
        until: Timestamp,
        /// The time of the change.
        now: Timestamp,
    },
    /// The arm would apply to no symbol of the universe.
    #[strum(serialize = "ROLLOUT_NO_SYMBOL")]
    #[error("the arm would apply to no symbol of the universe; {}", remedy(.0.as_ref()))]
    NoSymbol(
        /// The lowest bucket of the symbols that the arm matches and no earlier canary takes, if there are any.
        Option<(Symbol, Bucket)>,
    ),
    /// The new share is not higher.
    #[strum(serialize = "ROLLOUT_NOT_HIGHER")]
    #[error(
        "{requested} is not higher than the current {current}; use a higher share, or abort the arm"
    )]
    NotHigher {
        /// The share of the arm.
        current: Bps,
        /// The requested share.
        requested: Bps,
    },
    /// Too few trades were closed with the current share.
    #[strum(serialize = "ROLLOUT_TOO_FEW_TRADES")]
    #[error(
        "{closed} trades of the arm were closed with its current share, but {required} are required; wait for more"
    )]
    TooFewTrades {
        /// The number of closed trades.
        closed: u64,
        /// The required number.
        required: u64,
    },
    /// The arm has not had its current share for long enough.
    #[strum(serialize = "ROLLOUT_TOO_EARLY")]
    #[error(
        "the arm has its current share since {since}, for less than the required {required_sec} s; wait"
    )]
    TooEarly {
        /// The time since when the arm has its current share.
        since: Timestamp,
        /// The required time in seconds.
        required_sec: u64,
    },
    /// The time of the change is before the time since when the arm has its current share.
    #[strum(serialize = "ROLLOUT_CLOCK")]
    #[error(
        "the arm has its current share since {since}, which is after the time {now}; check the clocks"
    )]
    Clock {
        /// The time since when the arm has its current share.
        since: Timestamp,
        /// The time of the change.
        now: Timestamp,
    },
    /// The arm is a shadow, which has never traded.
    #[strum(serialize = "ROLLOUT_SHADOW")]
    #[error("the arm is a shadow and has never traded; abort it, and start its policy as a canary")]
    Shadow,
    /// The arm does not apply to all symbols.
    #[strum(serialize = "ROLLOUT_NOT_FULL")]
    #[error("the arm has {0}; raise it to 10000 bps first")]
    NotFull(Bps),
    /// The arm is restricted to a source or a symbol.
    #[strum(serialize = "ROLLOUT_MATCH")]
    #[error(
        "the arm has a `match`, so it was not tried with all records; start its policy without `match`"
    )]
    Match,
}

impl Refusal {
    /// Returns the code, such as `ROLLOUT_NO_SYMBOL`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.into()
    }
}

fn remedy(lowest: Option<&(Symbol, Bucket)>) -> String {
    match lowest {
        Some((symbol, bucket)) => format!(
            "the lowest bucket is {bucket}, of {symbol}: use more than {bucket} bps, or another salt"
        ),
        None => {
            "each symbol is excluded by its `match` or taken by an earlier canary; change the `match`, or abort the canary"
                .to_owned()
        }
    }
}
