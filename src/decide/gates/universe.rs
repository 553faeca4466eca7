//! Gate 7: the symbol is in the policy's universe, and the operator permits it.

use crate::{
    decide::Denial,
    domain::{Leverage, Symbol},
    guardrails::Guardrails,
    policy::{InForce, Listing},
    provenance::Sourced,
};

/// The leverage that the policy gives the symbol, if it gives one.
pub(in crate::decide) fn check<'a>(
    in_force: InForce<'a>,
    guardrails: &Guardrails,
    symbol: Symbol,
) -> Result<Option<Sourced<Leverage>>, Denial<'a>> {
    let leverage = match in_force.listing(&symbol) {
        Listing::NotInUniverse => return Err(Denial::NotInUniverse { symbol }),
        Listing::NoLeverage => None,
        Listing::Leverage(leverage) => Some(leverage),
    };
    if guardrails.permits(&symbol) {
        Ok(leverage)
    } else {
        Err(Denial::NotPermitted { symbol })
    }
}
