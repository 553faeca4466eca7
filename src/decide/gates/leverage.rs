//! Gate 8: the leverage. An intent can get a lower leverage than that of the policy, never a higher one.

use crate::{
    decide::{LeverageFrom, SkipReason},
    intent::Entry,
    types::Leverage,
};

#[inline]
pub(in crate::decide) fn check<'a>(
    given: Option<Leverage>,
    entry: &Entry,
) -> Result<(Leverage, LeverageFrom), SkipReason<'a>> {
    let given = given.ok_or(SkipReason::NoLeverage {
        symbol: entry.symbol(),
    })?;
    // An intent without a leverage counts as a request for the policy's leverage, so that only an unusable leverage
    // needs a branch.
    let requested = entry
        .leverage()
        .unwrap_or(Ok(given))
        .map_err(SkipReason::LeverageUnusable)?;
    let lower = requested < given;
    Ok(if lower {
        (requested, LeverageFrom::Intent)
    } else {
        (given, LeverageFrom::Policy)
    })
}
