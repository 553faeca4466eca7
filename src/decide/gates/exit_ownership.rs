//! Gate 2: an exit comes from the exit owner or a delegate, and an entry from neither.

use crate::{
    decide::SkipReason,
    exit::{ExitOwnership, ExitPermit},
    intent::{Exit, Intent},
};

/// Returns the permit for an exit from the exit owner or a delegate. No further gate applies to an
/// exit.
#[inline(always)]
pub(in crate::decide) fn check_exit<'a>(
    ownership: &'a ExitOwnership,
    intent: &'a Intent<'a>,
    exit: &'a Exit,
) -> Result<ExitPermit<'a>, SkipReason<'a>> {
    ownership
        .permit(intent, exit)
        .map_err(|denied| match exit.conflict {
            Some(conflict) if conflict.opens => SkipReason::EffectUnclear(conflict),
            Some(_) | None => SkipReason::NotExitOwner(denied),
        })
}

/// Denies an entry from an owner: it may be an exit whose reduce-only flag was lost, and it would
/// then open a position.
#[inline(always)]
pub(in crate::decide) fn check_entry<'a>(
    ownership: &ExitOwnership,
    intent: &'a Intent<'a>,
) -> Result<(), SkipReason<'a>> {
    match &intent.source {
        Err(_) => Err(SkipReason::SourceUnreadable),
        Ok(None) => Ok(()),
        Ok(Some(source)) => match ownership.rule(source) {
            None => Ok(()),
            Some(_) => Err(SkipReason::ExitOwnerOpens { source }),
        },
    }
}
