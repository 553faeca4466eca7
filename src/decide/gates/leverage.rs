//! Gate 8: there is a leverage. An intent can get less than the policy gives, never more.

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
    // Who asks for nothing asks for what is given: no branch that depends on the intent but the refusal.
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
