//! Gate 8: the leverage. An intent can get a lower leverage than the policy has, but never a higher
//! one.

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
    // An intent without a leverage is treated as a request for the leverage of the policy, so that
    // only an unusable leverage needs a branch.
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
