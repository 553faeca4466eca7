//! Gate 1: the intent is readable and says one thing.

use crate::{
    decide::Denial,
    domain::Instant,
    intent::{Entry, Exit, FaultKind, Intent, IntentFault, Request},
};

/// A replay judges an entry at its own time; one that has none cannot be judged.
static NO_TIME: IntentFault = IntentFault::Missing { field: "timestamp" };

/// What the intent says.
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
        // Of several faults the first answers: no time is an invalid entry before it is an ambiguous one.
        (Err(refused), None) if refused.untimed && refused.fault.kind() > FaultKind::Invalid => {
            Err(Denial::Unread(&NO_TIME))
        }
        (Err(refused), _) => Err(Denial::Unread(&refused.fault)),
    }
}
