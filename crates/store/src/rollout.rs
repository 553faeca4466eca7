//! The changes of the policy set of a store.

use portcullis::{
    policy::Policy,
    types::{PolicyHash, Symbol, Timestamp},
};
use portcullis_rollout::{Bps, PolicySet, Progress, RaiseConditions, Refusal};
use thiserror::Error;

use super::{
    ArmStart, Operator, PolicySetError, PolicySigner, Publication, PublishError, StoreError,
    StoredArm, StoredSet,
};

/// A change of the policy set, for [`PolicyStore::roll`](crate::PolicyStore::roll).
#[derive(Debug, Clone)]
pub struct RolloutChange {
    /// The change.
    pub step: RolloutStep,
    /// The operator who makes the change.
    pub operator: Operator,
    /// The time of the change.
    pub at: Timestamp,
    /// The signer of the new set. Without one, the new set is not signed. A signer changes only sets that it has signed
    /// itself; it replaces any other set when it starts an arm, and removes an arm or kills such a set without a signature.
    pub signer: Option<PolicySigner>,
    /// The stable code of the reason for the audit log, such as `DEADLINE`.
    pub code: Option<&'static str>,
}

/// The kinds of changes.
#[derive(Debug, Clone)]
pub enum RolloutStep {
    /// Starts an arm. If the store has no set, a set is created.
    Start(Box<ArmStart>),
    /// Raises the share of an arm.
    Raise {
        /// The hash of the arm.
        arm: PolicyHash,
        /// The new share.
        bps: Bps,
        /// The number of closed trades since the start of the arm.
        closed_trades: u64,
        /// The conditions of the raise.
        conditions: RaiseConditions,
    },
    /// Publishes the policy of an arm as the live policy, and removes the arm.
    Promote {
        /// The hash of the arm.
        arm: PolicyHash,
        /// The policy of the arm ([`Publication::of_arm`]).
        publication: Box<Publication>,
    },
    /// Removes an arm.
    Abort {
        /// The hash of the arm.
        arm: PolicyHash,
    },
    /// Turns the kill switch on.
    Kill,
    /// Turns the kill switch off.
    Unkill,
}

/// The result of a change.
#[derive(Debug, Clone)]
pub struct RolloutReceipt {
    /// The new set.
    pub set: PolicySet,
    /// For a start: the symbols of the universe of the arm that the arm applies to.
    pub symbols: Vec<Symbol>,
    /// For a promotion: the live policy as it is stored.
    pub promoted: Option<Policy>,
}

/// A change of a policy set that was refused, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutRefusal {
    /// The name of the step, such as `start`.
    pub step: &'static str,
    /// The hash of the arm, if it is known.
    pub arm: Option<PolicyHash>,
    /// The stable code of the reason.
    pub code: &'static str,
    /// The explanation.
    pub detail: String,
    /// The operator who tried to make the change.
    pub operator: Operator,
    /// The time of the attempt.
    pub at: Timestamp,
}

/// An error of a change of the policy set. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RolloutError {
    /// The store has no valid policy, so there is no live policy.
    #[error(
        "the store has no valid policy, so nothing can be tried beside it; publish a policy first"
    )]
    NoLive,
    /// The store has no policy set.
    #[error("the store has no policy set; start an arm with `portcullis policy rollout start`")]
    NoSet,
    /// The stored set is not valid.
    #[error(transparent)]
    Set(#[from] PolicySetError),
    /// The stored set is signed, and the change has no signer. Only an abort and the kill switch need none.
    #[error(
        "the policy set is signed, and readers with trusted keys would reject it without a signature; use a signing key"
    )]
    NoSigner,
    /// The change is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The policy of a promoted arm cannot be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RolloutError {
    /// Returns the stable code, such as `ROLLOUT_NO_SYMBOL`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoLive => "ROLLOUT_NO_LIVE",
            Self::NoSet => "ROLLOUT_NO_SET",
            Self::Set(_) => "ROLLOUT_SET_REJECTED",
            Self::NoSigner => "ROLLOUT_NO_SIGNER",
            Self::Refused(refusal) => refusal.code(),
            Self::Publish(error) => error
                .code()
                .map_or("ROLLOUT_NOT_PUBLISHED", |code| code.code()),
            Self::Store(_) => "ROLLOUT_STORE_UNAVAILABLE",
        }
    }
}

/// A new set, before it is written.
pub(crate) struct NextSet {
    pub(crate) stored: StoredSet,
    pub(crate) symbols: Vec<Symbol>,
}

impl RolloutStep {
    /// Returns the name of the step: `start`, `raise`, `promote`, `abort`, `kill` or `unkill`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Raise { .. } => "raise",
            Self::Promote { .. } => "promote",
            Self::Abort { .. } => "abort",
            Self::Kill => "kill",
            Self::Unkill => "unkill",
        }
    }

    /// Returns the hash of the arm; `None` for the kill switch.
    #[must_use]
    pub const fn arm(&self) -> Option<PolicyHash> {
        match self {
            Self::Start(start) => Some(start.arm.hash()),
            Self::Raise { arm, .. } | Self::Promote { arm, .. } | Self::Abort { arm } => Some(*arm),
            Self::Kill | Self::Unkill => None,
        }
    }

    /// Returns true if the step can only make the live policy decide more entries. Such a step needs no signer: without a
    /// signature, readers with trusted keys reject the whole set, and the live policy decides all entries.
    #[must_use]
    pub const fn is_tightening(&self) -> bool {
        match self {
            Self::Abort { .. } | Self::Kill => true,
            Self::Start(_) | Self::Raise { .. } | Self::Promote { .. } | Self::Unkill => false,
        }
    }

    /// Returns the share of the arm after the step, if the step sets it.
    pub(crate) const fn bps(&self) -> Option<Bps> {
        match self {
            Self::Start(start) => Some(start.arm.bps()),
            Self::Raise { bps, .. } => Some(*bps),
            Self::Promote { .. } | Self::Abort { .. } | Self::Kill | Self::Unkill => None,
        }
    }
}

/// Returns the set after a change. `live` is the hash of the stored policy, or of the published one for a promotion.
/// `highest` is the highest sequence of a set so far.
pub(crate) fn next_set(
    change: &RolloutChange,
    before: Option<StoredSet>,
    live: PolicyHash,
    highest: Option<u64>,
) -> Result<NextSet, RolloutError> {
    let at = change.at;
    let is_start = matches!(change.step, RolloutStep::Start(_));
    let mut signer = change.signer.as_ref();
    let before = match (before, signer) {
        // A signer does not sign a set that another writer may have stored.
        (Some(before), Some(key)) if !before.is_signed_by(key) => {
            signer = signer.filter(|_| is_start);
            match (is_start, change.step.is_tightening()) {
                (true, _) => None,
                (false, true) => Some(before),
                (false, false) => return Err(PolicySetError::NotSigned.into()),
            }
        }
        (Some(before), None) if before.has_signature() && !change.step.is_tightening() => {
            return Err(RolloutError::NoSigner);
        }
        (before, _) => before,
    };
    let (set, mut arms) = match before {
        Some(before) => (before.set, before.arms),
        None if is_start => {
            let seq = highest.map_or(0, |seq| seq);
            (PolicySet::new(seq, live), Vec::new())
        }
        None => return Err(RolloutError::NoSet),
    };
    // Another writer may have published a policy without changing the set.
    let is_promotion = matches!(change.step, RolloutStep::Promote { .. });
    let set = match set.live() == live || is_promotion {
        true => set,
        false => set.replace_live(live)?,
    };
    let mut symbols = Vec::new();
    let set = match &change.step {
        RolloutStep::Start(start) => {
            let started = set.start(start.arm.clone(), start.policy.policy().symbols(), at)?;
            arms.push(StoredArm::new(start, at));
            symbols = started.symbols;
            started.set
        }
        RolloutStep::Raise {
            arm,
            bps,
            closed_trades,
            conditions,
        } => {
            let known = arms.iter_mut().find(|it| it.policy.hash() == *arm);
            let stored = known.ok_or(Refusal::UnknownArm(*arm))?;
            let progress = Progress {
                since: stored.since,
                closed_trades: closed_trades.saturating_sub(stored.closed_before),
            };
            let raised = set.raise(*arm, *bps, progress, conditions, at)?;
            stored.since = at;
            stored.closed_before = *closed_trades;
            raised
        }
        RolloutStep::Promote { arm, .. } => set.promote(*arm, at)?.replace_live(live)?,
        RolloutStep::Abort { arm } => set.abort(*arm)?,
        RolloutStep::Kill => set.kill()?,
        RolloutStep::Unkill => set.unkill()?,
    };
    let stored = StoredSet::new(set, &arms, signer);
    Ok(NextSet { stored, symbols })
}

/// Returns the set after a publication replaced the live policy; `None` if the signer of the publication has not signed the
/// set, or the set is signed and the publication has no signer. Such a set stays as it is, and no arm applies until an arm
/// is started.
pub(crate) fn after_publication(
    before: &StoredSet,
    live: PolicyHash,
    signer: Option<&PolicySigner>,
) -> Option<StoredSet> {
    let is_own = match signer {
        Some(signer) => before.is_signed_by(signer),
        None => !before.has_signature(),
    };
    if !is_own {
        return None;
    }
    let set = before.set.replace_live(live).ok()?;
    Some(StoredSet::new(set, &before.arms, signer))
}
