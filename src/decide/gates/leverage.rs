//! Gate 8: the leverage. An intent or an open position can lower the leverage of the policy, but never raise it.

use crate::{
    decide::{LeverageFrom, SkipReason},
    intent::Entry,
    types::Leverage,
};

#[inline(always)]
pub(in crate::decide) fn check<'a>(
    given: Option<Leverage>,
    entry: &Entry,
    open: Option<Leverage>,
) -> Result<(Leverage, LeverageFrom), SkipReason<'a>> {
    let given = given.ok_or(SkipReason::NoLeverage {
        symbol: entry.symbol(),
    })?;
    let requested = entry
        .leverage_or(given)
        .map_err(SkipReason::LeverageUnusable)?;
    let lower = requested < given;
    let (leverage, from) = if lower {
        (requested, LeverageFrom::Intent)
    } else {
        (given, LeverageFrom::Policy)
    };
    Ok(match open {
        Some(open) if open < leverage => (open, LeverageFrom::Position),
        Some(_) | None => (leverage, from),
    })
}
