//! Gate 7: the symbol is in the policy's universe, and the guardrails permit it.

use crate::{
    decide::SkipReason,
    guardrails::Guardrails,
    policy::InForce,
    types::{Leverage, Symbol},
};

/// Returns the leverage of the policy for the symbol, if it has one.
#[inline]
pub(in crate::decide) fn check<'a>(
    in_force: InForce<'a>,
    guardrails: &Guardrails,
    symbol: &Symbol,
) -> Result<Option<Leverage>, SkipReason<'a>> {
    let leverage = in_force
        .leverage_of(symbol)
        .ok_or(SkipReason::NotInUniverse { symbol: *symbol })?;
    if guardrails.permits(symbol) {
        Ok(leverage)
    } else {
        Err(SkipReason::NotPermitted { symbol: *symbol })
    }
}
