//! Gate 2: an exit comes from one who owns exits, and an entry from one who does not.

use crate::{
    decide::Denial,
    exit::{ExitOwnership, ExitPermit},
    intent::{Exit, Intent},
};

/// The permit, and with it the end of the way: no further gate stands before an exit.
#[inline]
pub(in crate::decide) fn check_exit<'a>(
    ownership: &'a ExitOwnership,
    intent: &'a Intent<'a>,
    exit: &'a Exit,
) -> Result<ExitPermit<'a>, Denial<'a>> {
    ownership.permit(intent, exit).map_err(Denial::NotExitOwner)
}

/// An owner never opens: an entry of its own is an exit that lost its flag, and would reverse the position.
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
