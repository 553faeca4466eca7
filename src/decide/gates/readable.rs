//! Gate 1: the intent is readable and unambiguous.

use crate::{
    decide::Denial,
    domain::Instant,
    intent::{Entry, Exit, FaultKind, Intent, IntentFault, Request},
};

/// A replay decides an entry at its event time, so an entry without one cannot be decided.
static NO_TIME: IntentFault = IntentFault::Missing { field: "timestamp" };

/// The intent as it was read.
pub(in crate::decide) enum Said<'a> {
    Exit(&'a Exit),
    Entry(&'a Entry, Instant),
}

#[inline]
pub(in crate::decide) fn check<'a>(
    intent: &'a Intent<'a>,
    now: Option<Instant>,
) -> Result<Said<'a>, Denial<'a>> {
    match (&intent.request, now) {
        (Ok(Request::Exit(exit)), _) => Ok(Said::Exit(exit)),
        (Ok(Request::Entry(entry)), Some(now)) => Ok(Said::Entry(entry, now)),
        (Ok(Request::Entry(_)), None) => Err(Denial::Unread(&NO_TIME)),
        // Of several faults the first one answers, and a missing timestamp (invalid) precedes an ambiguity.
        (Err(refused), None) if refused.untimed && refused.fault.kind() > FaultKind::Invalid => {
            Err(Denial::Unread(&NO_TIME))
        }
        (Err(refused), _) => Err(Denial::Unread(&refused.fault)),
    }
}
