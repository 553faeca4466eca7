//! Gate 3: no halt covers the symbol.

use crate::{
    decide::SkipReason,
    guardrails::{Guardrails, Halt},
    types::Symbol,
};

#[inline(always)]
pub(in crate::decide) fn check<'a>(
    guardrails: &Guardrails,
    symbol: &Symbol,
) -> Result<(), SkipReason<'a>> {
    if guardrails.halts(symbol) {
        Err(SkipReason::Halted {
            symbol: *symbol,
            everything: *guardrails.halt() == Halt::Everything,
        })
    } else {
        Ok(())
    }
}
