//! The policy of a call.

use std::borrow::Cow;

use portcullis::{Engine, Halt, PolicyState, PolicyUnavailable as Reason, Timestamp};
use portcullis_sim::replay::Timeline;
use pyo3::{exceptions::PyTypeError, prelude::*};

use crate::{
    feed::Feed,
    fields::a_type,
    live::{FeedSnapshot, PolicyUnavailable},
    policy::Policy,
    timeline::PolicyTimeline,
};

static NO_POLICY: Reason = Reason::NotFound;

/// The policy and the halts of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Active<'a> {
    policy: Result<&'a Py<Policy>, &'a Reason>,
    halt: &'a Halt,
}

impl<'a> Active<'a> {
    /// Creates a value without halts.
    fn new(policy: Option<&'a Py<Policy>>) -> Self {
        Self {
            policy: policy.ok_or(&NO_POLICY),
            halt: &Halt::Nothing,
        }
    }

    /// Returns the Python object of the policy, if there is one.
    pub(crate) fn object(self) -> Option<&'a Py<Policy>> {
        self.policy.ok()
    }

    /// Returns the state of the policy.
    pub(crate) fn state(self) -> PolicyState<'a> {
        match self.policy {
            Ok(policy) => PolicyState::present(&policy.get().inner),
            Err(reason) => PolicyState::unavailable(reason),
        }
    }

    /// Returns the engine that also applies the halts.
    pub(crate) fn engine<'e>(self, engine: &'e Engine) -> Cow<'e, Engine> {
        match self.halt {
            Halt::Nothing => Cow::Borrowed(engine),
            halt @ (Halt::Symbols(_) | Halt::Everything) => Cow::Owned(engine.with_halt(halt)),
        }
    }
}

/// Returns the argument `policy` of a call, with the current snapshot in place of a feed.
pub(crate) fn current<'py>(argument: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if !argument.is_exact_instance_of::<Policy>()
        && let Ok(feed) = argument.cast::<Feed>()
    {
        let py = argument.py();
        return Ok(feed.get().current(py)?.into_bound(py).into_any());
    }
    Ok(argument.clone())
}

/// Returns the policy of the argument `policy` that is active at a time.
pub(crate) fn active<'a>(argument: &'a Bound<'_, PyAny>, now: Timestamp) -> PyResult<Active<'a>> {
    if let Ok(policy) = argument.cast_exact::<Policy>() {
        Ok(Active::new(Some(policy.as_unbound())))
    } else if argument.is_none() {
        Ok(Active::new(None))
    } else if let Ok(timeline) = argument.cast_exact::<PolicyTimeline>() {
        Ok(Active::new(timeline.get().active(now)))
    } else if let Ok(snapshot) = argument.cast_exact::<FeedSnapshot>() {
        let (policy, halt) = snapshot.get().parts();
        Ok(Active { policy, halt })
    } else if let Ok(unavailable) = argument.cast_exact::<PolicyUnavailable>() {
        Ok(Active {
            policy: Err(unavailable.get().reason()),
            halt: &Halt::Nothing,
        })
    } else {
        Err(wrong(
            argument,
            "a Policy, a PolicyTimeline, a Feed or None",
        ))
    }
}

/// Returns the policy or policies of the argument `policy`, for a table or a tape.
pub(crate) fn timeline_of(argument: &Bound<'_, PyAny>) -> PyResult<Timeline> {
    if let Ok(policy) = argument.cast_exact::<Policy>() {
        Ok(Timeline::new(Ok(policy.get().inner.clone())))
    } else if argument.is_none() {
        Ok(Timeline::new(Err(Reason::NotFound)))
    } else if let Ok(timeline) = argument.cast_exact::<PolicyTimeline>() {
        Ok(timeline.get().timeline())
    } else {
        Err(wrong(argument, "a Policy, a PolicyTimeline or None"))
    }
}

fn wrong(argument: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    let found = a_type(argument);
    PyTypeError::new_err(format!("`policy` is {found}; pass {expected}"))
}
