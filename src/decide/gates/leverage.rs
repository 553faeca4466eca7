//! Gate 8: the leverage. An intent can get a lower leverage than the policy has, but never a higher
//! one.

use crate::{
    decide::{LeverageFrom, SkipReason},
    intent::Entry,
    types::Leverage,
};

#[inline(always)]
pub(in crate::decide) fn check<'a>(
    given: Option<Leverage>,
    entry: &Entry,
) -> Result<(Leverage, LeverageFrom), SkipReason<'a>> {
    let given = given.ok_or(SkipReason::NoLeverage {
        symbol: entry.symbol(),
    })?;
    let requested = entry
        .leverage_or(given)
        .map_err(SkipReason::LeverageUnusable)?;
    let lower = requested < given;
    Ok(if lower {
        (requested, LeverageFrom::Intent)
    } else {
        (given, LeverageFrom::Policy)
    })
}
