//! Gate 8: there is a leverage. An intent can get less than the policy gives, never more.

use crate::{
    decide::Denial,
    domain::Leverage,
    intent::Entry,
    provenance::{Source, Sourced},
};

pub(in crate::decide) fn check<'a>(
    given: Option<Sourced<Leverage>>,
    entry: &Entry,
) -> Result<Sourced<Leverage>, Denial<'a>> {
    let given = given.ok_or(Denial::NoLeverage {
        symbol: entry.symbol,
    })?;
    match entry.leverage {
        None => Ok(given),
        Some(Err(error)) => Err(Denial::LeverageUnusable(error)),
        Some(Ok(asked)) if asked < given.value() => {
            Ok(Sourced::new(asked, Source::Intent("leverage")))
        }
        Some(Ok(_)) => Ok(given),
    }
}
