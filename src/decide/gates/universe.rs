//! Gate 7: the symbol is in the policy's universe, and the guardrails permit it.

use crate::{
    decide::SkipReason,
    guardrails::Guardrails,
    policy::{InForce, Listing},
    types::{Leverage, Symbol},
};

/// Checks the symbol. Returns the leverage of the policy for it, if the policy has one.
#[inline(always)]
pub(in crate::decide) fn check<'a>(
    in_force: InForce<'a>,
    guardrails: &Guardrails,
    symbol: &Symbol,
) -> Result<Option<Leverage>, SkipReason<'a>> {
    let leverage = match in_force.listing(symbol) {
        Listing::NotInUniverse => return Err(SkipReason::NotInUniverse { symbol: *symbol }),
        Listing::NoLeverage => None,
        Listing::Leverage(leverage) => Some(leverage),
    };
    if guardrails.permits(symbol) {
        Ok(leverage)
    } else {
        Err(SkipReason::NotPermitted { symbol: *symbol })
    }
}
