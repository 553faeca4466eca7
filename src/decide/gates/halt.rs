//! Gate 3: no halt covers the symbol.

use crate::{
    decide::Denial,
    domain::Symbol,
    guardrails::{Guardrails, Halt},
};

#[inline]
pub(in crate::decide) fn check<'a>(
    guardrails: &Guardrails,
    symbol: &Symbol,
) -> Result<(), Denial<'a>> {
    if guardrails.halts(symbol) {
        Err(Denial::Halted {
            symbol: *symbol,
            everything: *guardrails.halt() == Halt::Everything,
        })
    } else {
        Ok(())
    }
}
