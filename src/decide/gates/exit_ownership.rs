//! Gate 2: an exit comes from the exit owner or a delegate, and an entry from neither.

use crate::{
    decide::Denial,
    exit::{ExitOwnership, ExitPermit},
    intent::{Exit, Intent},
};

/// Returns the permit. No further gate applies to an exit.
#[inline]
pub(in crate::decide) fn check_exit<'a>(
    ownership: &'a ExitOwnership,
    intent: &'a Intent<'a>,
    exit: &'a Exit,
) -> Result<ExitPermit<'a>, Denial<'a>> {
    ownership.permit(intent, exit).map_err(Denial::NotExitOwner)
}

/// Denies an entry from an owner: it may be an exit that lost its flag, and would reverse the position.
#[inline]
pub(in crate::decide) fn check_entry<'a>(
    ownership: &ExitOwnership,
    intent: &'a Intent<'a>,
) -> Result<(), Denial<'a>> {
    match &intent.source {
        Err(_) => Err(Denial::SourceUnreadable),
        Ok(None) => Ok(()),
        Ok(Some(source)) => match ownership.rule(source) {
            None => Ok(()),
            Some(_) => Err(Denial::ExitOwnerOpens { source }),
        },
    }
}
