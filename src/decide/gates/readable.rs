//! Gate 1: the intent is readable and unambiguous.

use crate::{
    decide::SkipReason,
    guardrails::Guardrails,
    intent::{Entry, Exit, Intent, IntentError, IntentErrorKind, Request, UnsupportedFields},
    types::Timestamp,
};

/// The fault of an entry without a timestamp in a replay, which decides each entry at its event
/// time.
static NO_TIME: IntentError = IntentError::Missing { field: "timestamp" };

/// A request that was read without faults. An entry also has the time of its decision.
pub(in crate::decide) enum CheckedRequest<'a> {
    Exit(&'a Exit),
    Entry(&'a Entry, Timestamp),
}

#[inline(always)]
pub(in crate::decide) fn check<'a>(
    guardrails: &Guardrails,
    intent: &'a Intent<'a>,
    now: Option<Timestamp>,
) -> Result<CheckedRequest<'a>, SkipReason<'a>> {
    match (&intent.request, now) {
        (Ok(Request::Exit(exit)), _) => Ok(CheckedRequest::Exit(exit)),
        (Ok(Request::Entry(entry)), Some(now)) => match unsupported(guardrails, intent) {
            None => Ok(CheckedRequest::Entry(entry, now)),
            Some(fields) => Err(SkipReason::UnsupportedFields(fields)),
        },
        (Ok(Request::Entry(_)), None) => Err(SkipReason::InvalidIntent(&NO_TIME)),
        // If there are several faults, the first kind in the order of `IntentErrorKind` is
        // reported. A missing timestamp is of the kind `Invalid`, which precedes `Ambiguous`.
        (Err(invalid), None)
            if invalid.untimed && invalid.fault.kind() > IntentErrorKind::Invalid =>
        {
            Err(SkipReason::InvalidIntent(&NO_TIME))
        }
        (Err(invalid), _) => Err(SkipReason::InvalidIntent(&invalid.fault)),
    }
}

/// Returns the fields that could change the order and are not read, unless the guardrails ignore all of them.
#[inline(always)]
pub(in crate::decide) fn unsupported<'a>(
    guardrails: &Guardrails,
    intent: &'a Intent<'a>,
) -> Option<&'a UnsupportedFields> {
    let fields = intent.unsupported()?;
    (!fields.all_ignored(|name| guardrails.ignores(name))).then_some(fields)
}
