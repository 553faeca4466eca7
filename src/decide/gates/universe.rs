//! Gate 7: the symbol is in the policy's universe, and the operator permits it.

use crate::{
    decide::Denial,
    domain::{Leverage, Symbol},
    guardrails::Guardrails,
    policy::InForce,
};

/// The leverage that the policy gives the symbol, if it gives one.
#[inline]
pub(in crate::decide) fn check<'a>(
    in_force: InForce<'a>,
    guardrails: &Guardrails,
    symbol: &Symbol,
) -> Result<Option<Leverage>, Denial<'a>> {
    let leverage = in_force
        .leverage_of(symbol)
        .ok_or(Denial::NotInUniverse { symbol: *symbol })?;
    if guardrails.permits(symbol) {
        Ok(leverage)
    } else {
        Err(Denial::NotPermitted { symbol: *symbol })
    }
}
