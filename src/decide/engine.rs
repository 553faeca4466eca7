//! The engine, which applies the gates in order.

use super::{
    Decision, GateCheck, Skip, Trace, Trade,
    gates::{
        exit_ownership, freshness, halt, in_force, leverage, limits, policy, readable, size,
        universe,
    },
    trace::{Observer, Unobserved},
};
use crate::{
    exit::ExitOwnership,
    guardrails::{Guardrails, Halt},
    intent::{Entry, Exit, Intent},
    policy::PolicyState,
    provenance::Sourced,
    types::{Leverage, Timestamp},
};

/// Evaluates to the result of a gate that passed. If the gate failed, returns the skip from the surrounding function.
///
/// With the operator `?`, trades and evidence would share a `Result`, and each trade would be copied from it.
macro_rules! passed {
    ($check:expr, $intent:expr, $policy:expr) => {
        match $check {
            Ok(result) => result,
            Err(denial) => {
                return Decision::Skip(Skip {
                    intent: $intent,
                    policy: $policy,
                    denial,
                });
            }
        }
    };
}

/// The decision engine, with the operator's configuration: the guardrails and the exit ownership.
///
/// It has no state: the same arguments give the same answer on every machine, regardless of earlier
/// calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Engine {
    guardrails: Guardrails,
    ownership: ExitOwnership,
}

impl Engine {
    /// Creates an engine with these guardrails. Use [`Guardrails::none`] for no guardrails.
    #[must_use]
    pub const fn new(guardrails: Guardrails, ownership: ExitOwnership) -> Self {
        Self {
            guardrails,
            ownership,
        }
    }

    /// Returns the guardrails of the engine.
    #[must_use]
    pub const fn guardrails(&self) -> &Guardrails {
        &self.guardrails
    }

    /// Returns the exit ownership of the engine.
    #[must_use]
    pub const fn ownership(&self) -> &ExitOwnership {
        &self.ownership
    }

    /// Returns a copy of the engine with these halts in addition to the halts in its guardrails.
    #[must_use]
    pub fn with_halt(&self, halt: &Halt) -> Self {
        let halt = self.guardrails.halt().and(halt);
        Self {
            guardrails: self.guardrails.clone().with_halt(halt),
            ownership: self.ownership.clone(),
        }
    }

    /// Decides one intent at the time `now`.
    #[inline]
    pub fn decide<'a>(
        &'a self,
        policy: PolicyState<'a>,
        intent: &'a Intent<'a>,
        now: Timestamp,
    ) -> Decision<'a> {
        self.answer(policy, intent, None, Some(now), &mut Unobserved)
    }

    /// Decides one intent in a symbol with an open position at the time `now`. The leverage of a trade is at most `open`,
    /// the leverage of the position. In all other respects, the decision is that of [`Self::decide`].
    ///
    /// A venue may refuse to change the leverage of an open position, so an addition must not have a higher one. If `open`
    /// is lower than the leverage of the policy and of the intent, the source of the leverage is `position:leverage`. It
    /// has no effect on an exit.
    pub fn decide_add<'a>(
        &'a self,
        policy: PolicyState<'a>,
        intent: &'a Intent<'a>,
        open: Leverage,
        now: Timestamp,
    ) -> Decision<'a> {
        self.answer(policy, intent, Some(open), Some(now), &mut Unobserved)
    }

    /// Decides one intent at its event time, as a replay does. An entry without a timestamp is
    /// skipped with `INTENT_INVALID`.
    #[inline]
    pub fn decide_recorded<'a>(
        &'a self,
        policy: PolicyState<'a>,
        intent: &'a Intent<'a>,
    ) -> Decision<'a> {
        self.answer(policy, intent, None, intent.event_time(), &mut Unobserved)
    }

    /// Decides one intent and records the values that each gate compared. If `now` is `None`, the
    /// event time is used.
    pub fn decide_traced<'a>(
        &'a self,
        policy: PolicyState<'a>,
        intent: &'a Intent<'a>,
        now: Option<Timestamp>,
    ) -> (Decision<'a>, Trace<'a>) {
        self.decide_add_traced(policy, intent, None, now)
    }

    /// Decides one intent like [`Self::decide_add`] if the leverage of an open position is given, and otherwise like
    /// [`Self::decide`], and records the values that each gate compared. If `now` is `None`, the event time is used.
    pub fn decide_add_traced<'a>(
        &'a self,
        policy: PolicyState<'a>,
        intent: &'a Intent<'a>,
        open: Option<Leverage>,
        now: Option<Timestamp>,
    ) -> (Decision<'a>, Trace<'a>) {
        let mut trace = Trace::default();
        let now = now.or_else(|| intent.event_time());
        let decision = self.answer(policy, intent, open, now, &mut trace);
        (decision, trace)
    }

    #[inline(always)]
    fn answer<'a, O: Observer<'a>>(
        &'a self,
        state: PolicyState<'a>,
        intent: &'a Intent<'a>,
        open: Option<Leverage>,
        now: Option<Timestamp>,
        observer: &mut O,
    ) -> Decision<'a> {
        let request = passed!(readable::check(&self.guardrails, intent, now), intent, None);
        if let Ok(request) = intent.request() {
            observer.passed(|| GateCheck::Readable(request));
        }
        let (entry, now) = match request {
            readable::CheckedRequest::Entry(entry, now) => (entry, now),
            readable::CheckedRequest::Exit(exit) => {
                return self.answer_exit(intent, exit, observer);
            }
        };
        passed!(
            exit_ownership::check_entry(&self.ownership, intent),
            intent,
            None
        );
        observer.passed(|| GateCheck::ExitOwnership {
            source: intent.source(),
            ownership: &self.ownership,
            rule: None,
        });
        self.answer_entry(state, intent, (entry, open), now, observer)
    }

    fn answer_exit<'a, O: Observer<'a>>(
        &'a self,
        intent: &'a Intent<'a>,
        exit: &'a Exit,
        observer: &mut O,
    ) -> Decision<'a> {
        let permit = passed!(
            exit_ownership::check_exit(&self.ownership, intent, exit),
            intent,
            None
        );
        observer.passed(|| GateCheck::ExitOwnership {
            source: Some(permit.source()),
            ownership: &self.ownership,
            rule: Some(permit.rule()),
        });
        Decision::Exit(permit)
    }

    #[inline(always)]
    fn answer_entry<'a, O: Observer<'a>>(
        &'a self,
        state: PolicyState<'a>,
        intent: &'a Intent<'a>,
        (entry, open): (&'a Entry, Option<Leverage>),
        now: Timestamp,
        observer: &mut O,
    ) -> Decision<'a> {
        let guardrails = &self.guardrails;
        passed!(halt::check(guardrails, &entry.symbol), intent, None);
        observer.passed(|| GateCheck::Halt {
            symbol: entry.symbol(),
            halt: guardrails.halt(),
        });
        let policy = passed!(
            policy::check(guardrails, state, now),
            intent,
            state.policy().ok()
        );
        observer.passed(|| GateCheck::Policy { policy, guardrails });
        let in_force = passed!(in_force::check(state, now), intent, state.policy().ok());
        observer.passed(|| GateCheck::InForce {
            policy,
            now,
            assumed: in_force.is_assumed(),
        });
        let sent = freshness::sent_between(guardrails, intent);
        passed!(
            freshness::check(in_force.limits(), guardrails, sent, now),
            intent,
            state.policy().ok()
        );
        observer.passed(|| {
            let bounds = freshness::Bounds::new(in_force.limits(), guardrails);
            GateCheck::Freshness {
                age: sent.map(|(earliest, _)| now.since(earliest)),
                age_max: bounds.age_max,
                lead_max: bounds.lead_max,
            }
        });
        let given = passed!(
            universe::check(in_force, guardrails, &entry.symbol),
            intent,
            state.policy().ok()
        );
        observer.passed(|| GateCheck::Universe {
            symbol: entry.symbol(),
        });
        let (leverage, leverage_from) = passed!(
            leverage::check(given, entry, open),
            intent,
            state.policy().ok()
        );
        observer.passed(|| GateCheck::Leverage {
            requested: entry.leverage().and_then(Result::ok),
            applied: Sourced::new(leverage, leverage_from.source(entry.symbol())),
        });
        let size = passed!(size::check(entry), intent, state.policy().ok());
        observer.passed(|| GateCheck::Size(Sourced::new(size, entry.size_source())));
        let limits = in_force.limits();
        let (notional, margin) = passed!(
            limits::check(limits, guardrails, leverage, size, entry),
            intent,
            state.policy().ok()
        );
        observer.passed(|| GateCheck::Limits {
            leverage,
            margin,
            notional,
            limits,
            guardrails,
        });
        Decision::Trade(Trade {
            intent,
            entry,
            in_force,
            guardrails,
            leverage,
            leverage_from,
            size,
            notional,
            margin,
        })
    }
}
