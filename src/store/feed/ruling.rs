//! What rules at a moment.

use crate::{
    guardrails::Halt,
    policy::{Policy, PolicyAbsence, PolicyState},
};

/// What rules at a moment: the policy, or why there is none, and what is halted.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    pub(super) number: u64,
    pub(super) policy: Result<Policy, PolicyAbsence>,
    pub(super) halt: Halt,
}

impl Ruling {
    /// Before anybody has looked: without a policy nothing is traded.
    pub(super) const fn unknown() -> Self {
        Self {
            number: 0,
            policy: Err(PolicyAbsence::StoreUnavailable),
            halt: Halt::Nothing,
        }
    }

    /// Which one it is: they are counted. 0 is that before the store has answered for the first time.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The policy, as decisions take it. Whether it is in force they ask themselves.
    #[must_use]
    pub const fn policy(&self) -> PolicyState<'_> {
        match &self.policy {
            Ok(policy) => PolicyState::present(policy),
            Err(absence) => PolicyState::absent(absence),
        }
    }

    /// What is halted in the store, beside what the operator's own guardrails halt:
    /// [`Engine::halting`](crate::decide::Engine::halting) makes an engine of both.
    #[must_use]
    pub const fn halt(&self) -> &Halt {
        &self.halt
    }
}
