//! Decisions under a policy set and its loaded policies.

use portcullis::{
    Decision, Engine, Gate, PolicyHash, PolicyState, PolicyUnavailable,
    decide::{SkipCode, SkipReason},
    intent::{Intent, Request},
    types::{Leverage, Symbol, Timestamp},
};

use crate::{
    arm::{Arm, Subject},
    decided::Decided,
    reason::ArmReason,
    set::PolicySet,
};

/// A policy set with its policies, each present or absent for a reason.
///
/// All functions are pure. No part of a set affects an exit.
#[derive(Debug, Clone)]
pub struct Rollout<'a> {
    set: &'a PolicySet,
    live: PolicyState<'a>,
    arms: Vec<(&'a Arm, PolicyState<'a>)>,
}

/// An intent, and everything else on which its answer depends.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The engine, with the guardrails, the halts and the exit ownership.
    pub engine: &'a Engine,
    /// The intent.
    pub intent: &'a Intent<'a>,
    /// The open position in the symbol of the intent; `None` if there is none, or if positions are unknown.
    pub open: Option<OpenPosition>,
    /// The time of the decision.
    pub now: Timestamp,
}

/// An open position in one symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenPosition {
    /// The hash of the policy under which the position was opened; `None` if it is unknown.
    pub opened_under: Option<PolicyHash>,
    /// The leverage of the position; `None` if it is unknown. An addition does not get a higher one.
    pub leverage: Option<Leverage>,
}

/// The policy whose harvest parameters (θ) apply to an open position.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Ladder<'a> {
    policy: PolicyState<'a>,
    reason: Option<ArmReason>,
}

/// The state of a policy that was not loaded, or that has another hash than the set names.
static NOT_LOADED: PolicyUnavailable = PolicyUnavailable::NotFound;

impl<'a> Rollout<'a> {
    /// Combines a set with its policies. `load` is called with the hash of the live policy and of each arm. If it returns
    /// `None`, or a policy with another hash, this policy is unavailable (`POLICY_MISSING`).
    pub fn new(
        set: &'a PolicySet,
        mut load: impl FnMut(PolicyHash) -> Option<PolicyState<'a>>,
    ) -> Self {
        let mut state = |hash: PolicyHash| {
            let loaded = load(hash)
                .filter(|state| state.policy().map_or(true, |policy| policy.hash() == hash));
            loaded.unwrap_or(PolicyState::unavailable(&NOT_LOADED))
        };
        Self {
            set,
            live: state(set.live()),
            arms: set
                .arms()
                .iter()
                .map(|arm| (arm, state(arm.hash())))
                .collect(),
        }
    }

    /// Returns the set.
    #[must_use]
    pub const fn set(&self) -> &'a PolicySet {
        self.set
    }

    /// Decides one intent.
    ///
    /// An exit, or an intent that is not an entry, is decided as without a set. For an entry, the live policy decides
    /// unless a canary does: the one under which the open position was opened or, without a position, the first one
    /// that the salts assign. It decides only if the kill switch is off, its last time has not passed, and both the live
    /// policy and its own pass the gates `policy` and `in force`.
    pub fn decide(&self, question: &Question<'a>) -> Decided<'a> {
        let now = question.now;
        let live = question.under(self.live);
        let Some(symbol) = entry_symbol(question.intent) else {
            return Decided::live(live, now, None);
        };
        let (arm, state, reason) = match self.candidate(question, symbol) {
            Candidate::Live(reason) => return Decided::live(live, now, reason),
            Candidate::Arm(arm, state, reason) => (arm, state, reason),
        };
        let refusal = if self.set.is_killed() {
            Some(ArmReason::Killed)
        } else if arm.is_past(now) {
            Some(ArmReason::Expired(arm.until()))
        } else {
            unusable(&live).map(ArmReason::LiveUnusable)
        };
        if refusal.is_some() {
            return Decided::live(live, now, refusal);
        }
        let decision = question.under(state);
        match unusable(&decision) {
            Some(code) => Decided::live(live, now, Some(ArmReason::Unusable(code))),
            None => Decided::by_arm(decision, now, arm.hash(), reason),
        }
    }

    /// Returns the policy whose θ applies to an open position: that of the canary under which the position was opened,
    /// as long as the arm is in the set, its last time has not passed, and its θ is in force; otherwise the live policy.
    /// The kill switch has no effect.
    pub fn ladder(&self, opened_under: Option<PolicyHash>, now: Timestamp) -> Ladder<'a> {
        let live = |reason| Ladder {
            policy: self.live,
            reason,
        };
        let (arm, state) = match opened_under {
            Some(hash) if hash == self.set.live() => return live(None),
            Some(hash) => match self.canary(hash) {
                Some(pinned) => pinned,
                None => return live(Some(ArmReason::Ended(hash))),
            },
            None => return live(Some(ArmReason::OpeningUnknown)),
        };
        if arm.is_past(now) {
            return live(Some(ArmReason::Expired(arm.until())));
        }
        match state.theta_in_force(now) {
            Ok(_) => Ladder {
                policy: state,
                reason: Some(ArmReason::Pinned),
            },
            Err(error) => live(Some(ArmReason::Unusable(SkipReason::from(error).reason()))),
        }
    }

    /// Returns the shadow arms whose last time has not passed and that cover an entry, with their policies.
    pub(crate) fn covering_shadows(
        &self,
        question: &Question<'a>,
    ) -> impl Iterator<Item = (&'a Arm, PolicyState<'a>)> {
        let subject = entry_symbol(question.intent).map(|it| Subject::of(question.intent, it));
        let now = question.now;
        let covers = move |arm: &Arm| subject.and_then(|subject| arm.covered(subject)).is_some();
        let shadows = self.arms.iter().filter(|(arm, _)| arm.is_shadow());
        let covering = shadows.filter(move |(arm, _)| !arm.is_past(now) && covers(arm));
        covering.copied()
    }

    /// Returns the arm that decides an entry if nothing prevents it.
    fn candidate(&self, question: &Question<'a>, symbol: Symbol) -> Candidate<'a> {
        let assigned = self.set.assigned(symbol, question.intent.source());
        let held = |reason| Candidate::Live(assigned.map(|_| reason));
        match question.open.map(|open| open.opened_under) {
            None => match assigned {
                Some((arm, bucket)) => {
                    self.with_state(arm.hash(), |arm| ArmReason::Assigned(bucket, arm.bps()))
                }
                None => Candidate::Live(None),
            },
            Some(None) => held(ArmReason::OpeningUnknown),
            Some(Some(hash)) if hash == self.set.live() => held(ArmReason::LivePinned),
            Some(Some(hash)) => self.with_state(hash, |_| ArmReason::Pinned),
        }
    }

    fn with_state(
        &self,
        hash: PolicyHash,
        reason: impl FnOnce(&Arm) -> ArmReason,
    ) -> Candidate<'a> {
        match self.canary(hash) {
            Some((arm, state)) => Candidate::Arm(arm, state, reason(arm)),
            None => Candidate::Live(Some(ArmReason::Ended(hash))),
        }
    }

    fn canary(&self, hash: PolicyHash) -> Option<(&'a Arm, PolicyState<'a>)> {
        let mut canaries = self.arms.iter().filter(|(arm, _)| !arm.is_shadow());
        canaries.find(|(arm, _)| arm.hash() == hash).copied()
    }
}

/// The policy that decides an entry if nothing prevents it.
enum Candidate<'a> {
    Live(Option<ArmReason>),
    Arm(&'a Arm, PolicyState<'a>, ArmReason),
}

impl<'a> Question<'a> {
    /// Decides the intent under a policy.
    pub(crate) fn under(&self, policy: PolicyState<'a>) -> Decision<'a> {
        match self.open.and_then(|open| open.leverage) {
            Some(leverage) => self
                .engine
                .decide_add(policy, self.intent, leverage, self.now),
            None => self.engine.decide(policy, self.intent, self.now),
        }
    }
}

impl<'a> Ladder<'a> {
    /// Returns the policy, for [`harvest`](portcullis::harvest::harvest).
    #[must_use]
    pub const fn policy(&self) -> PolicyState<'a> {
        self.policy
    }

    /// Returns the reason; `None` if the position was opened under the live policy.
    #[must_use]
    pub const fn arm_reason(&self) -> Option<ArmReason> {
        self.reason
    }
}

/// Returns the symbol of an entry; `None` for an exit or an invalid intent. Only an entry is decided under an arm.
#[must_use]
pub fn entry_symbol(intent: &Intent<'_>) -> Option<Symbol> {
    match intent.request() {
        Ok(Request::Entry(entry)) => Some(entry.symbol()),
        Ok(Request::Exit(_)) | Err(_) => None,
    }
}

/// Returns the skip code if the policy is absent, not permitted by the guardrails, or not in force.
pub(crate) fn unusable(decision: &Decision<'_>) -> Option<SkipCode> {
    match decision {
        Decision::Skip(skip) if matches!(skip.gate(), Gate::Policy | Gate::InForce) => {
            Some(skip.reason())
        }
        Decision::Trade(_) | Decision::Exit(_) | Decision::Skip(_) => None,
    }
}
