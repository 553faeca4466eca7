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
    match entry.leverage() {
        None => Ok((given, LeverageFrom::Policy)),
        Some(Err(error)) => Err(Denial::LeverageUnusable(error)),
        Some(Ok(asked)) if asked < given => Ok((asked, LeverageFrom::Intent)),
        Some(Ok(_)) => Ok((given, LeverageFrom::Policy)),
    }
}
