//! Gate 1: the intent is readable and unambiguous.

use crate::{
    decide::SkipReason,
    intent::{Entry, Exit, Intent, IntentError, IntentErrorKind, Request},
    types::Timestamp,
};

/// A replay decides an entry at its event time, so an entry without one cannot be decided.
static NO_TIME: IntentError = IntentError::Missing { field: "timestamp" };

/// A readable request; an entry with the time of its decision.
pub(in crate::decide) enum CheckedRequest<'a> {
    Exit(&'a Exit),
    Entry(&'a Entry, Timestamp),
}

#[inline]
pub(in crate::decide) fn check<'a>(
    intent: &'a Intent<'a>,
    now: Option<Timestamp>,
) -> Result<CheckedRequest<'a>, SkipReason<'a>> {
    match (&intent.request, now) {
        (Ok(Request::Exit(exit)), _) => Ok(CheckedRequest::Exit(exit)),
        (Ok(Request::Entry(entry)), Some(now)) => Ok(CheckedRequest::Entry(entry, now)),
        (Ok(Request::Entry(_)), None) => Err(SkipReason::InvalidIntent(&NO_TIME)),
        // If there are several faults, the first one is reported. A missing timestamp (invalid) comes before an
        // ambiguity.
        (Err(invalid), None)
            if invalid.untimed && invalid.fault.kind() > IntentErrorKind::Invalid =>
        {
            Err(SkipReason::InvalidIntent(&NO_TIME))
        }
        (Err(invalid), _) => Err(SkipReason::InvalidIntent(&invalid.fault)),
    }
}
