//! Gate 8: the leverage. An intent can get a lower leverage than that of the policy, never a higher one.

use crate::{
    decide::{Denial, LeverageFrom},
    domain::Leverage,
    intent::Entry,
};

#[inline]
pub(in crate::decide) fn check<'a>(
    given: Option<Leverage>,
    entry: &Entry,
) -> Result<(Leverage, LeverageFrom), Denial<'a>> {
    let given = given.ok_or(Denial::NoLeverage {
        symbol: entry.symbol(),
    })?;
    // An intent without leverage requests the policy's, so that the only branch on the intent is the error.
    let asked = entry
        .leverage()
        .unwrap_or(Ok(given))
        .map_err(Denial::LeverageUnusable)?;
    let lower = asked < given;
    Ok(if lower {
        (asked, LeverageFrom::Intent)
    } else {
        (given, LeverageFrom::Policy)
    })
}
