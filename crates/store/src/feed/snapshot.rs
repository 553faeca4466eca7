//! A policy snapshot.

use std::sync::Arc;

use crate::{ContentToken, StoredSet};
use portcullis::{
    guardrails::Halt,
    policy::{Policy, PolicyState, PolicyUnavailable},
};
use portcullis_rollout::Rollout;

/// The policy, or the reason why it is unavailable, the policy set, and the halts at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicySnapshot {
    pub(super) number: u64,
    pub(super) policy: Result<Policy, PolicyUnavailable>,
    pub(super) set: Option<Arc<StoredSet>>,
    pub(super) halt: Halt,
    pub(super) token: ContentToken,
}

impl PolicySnapshot {
    /// Returns the snapshot before the first read. It has no policy, so nothing is traded.
    pub(super) const fn unknown() -> Self {
        Self {
            number: 0,
            policy: Err(PolicyUnavailable::StoreUnavailable),
            set: None,
            halt: Halt::Nothing,
            token: ContentToken::unread(),
        }
    }

    /// Returns the number of the snapshot. It grows with each change; 0 means that the store has not answered yet.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Returns the policy for a decision. The decision checks that the policy is in force.
    #[must_use]
    pub fn policy(&self) -> PolicyState<'_> {
        PolicyState::from(&self.policy)
    }

    /// Returns the policy set; `None` if there is none, or if it was rejected.
    #[must_use]
    pub fn set(&self) -> Option<&StoredSet> {
        self.set.as_deref()
    }

    /// Returns the policy set with its policies, for decisions. Returns `None` if there is no set, it was rejected, or it
    /// names another live policy: then the policy alone decides.
    #[must_use]
    pub fn rollout(&self) -> Option<Rollout<'_>> {
        self.set()?.rollout(self.policy())
    }

    /// Returns the halts of the store, which apply in addition to the halts in the guardrails:
    /// [`Engine::with_halt`](portcullis::decide::Engine::with_halt) returns an engine that applies both.
    #[must_use]
    pub const fn halt(&self) -> &Halt {
        &self.halt
    }

    /// Returns the token of the content that the feed read last, even if the feed rejected the policy in this content.
    /// A result that depends on this snapshot may be written only if the content of the store still has the same token.
    #[must_use]
    pub const fn token(&self) -> &ContentToken {
        &self.token
    }
}
