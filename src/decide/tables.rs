//! Results of checks that depend only on the symbol or the source of a row, computed once per
//! batch.

use super::{Engine, SkipCode, intent_columns::IntentColumns};
use crate::{
    exit::ExitRule,
    policy::{InForce, Listing},
};

/// The number for "no skip reason". It is greater than the number of every reason.
pub(super) const OPEN: u8 = 255;
/// The number that the table contains, instead of that of a skip reason, for a permitted exit of the exit owner.
pub(super) const EXIT_BY_OWNER: u8 = 254;
/// The number that the table contains, instead of that of a skip reason, for a permitted exit of a delegate.
pub(super) const EXIT_BY_DELEGATE: u8 = 253;

pub(super) const DENY: u8 = SkipCode::DenyNotExitOwner.number();
/// Results of the policy and guardrail checks for each symbol and each source of a batch.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    symbols: Vec<SymbolRow>,
    sources: Vec<SourceRow>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SymbolRow {
    pub(super) leverage: f64,
    /// The lowest number among the skip reasons of gates 3, 7 and 8, or [`OPEN`].
    pub(super) reason: u8,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SourceRow {
    /// The number of the skip reason for entries from this source, or [`OPEN`].
    pub(super) reason: u8,
    /// The number of the answer to exits from this source.
    pub(super) exit: u8,
}

/// The results for a symbol outside the dictionary.
const UNKNOWN_SYMBOL: SymbolRow = SymbolRow {
    leverage: f64::NAN,
    reason: SkipCode::PolicyUniverseFilter.number(),
};

/// The results for a source that cannot be read.
const UNREADABLE_SOURCE: SourceRow = SourceRow {
    reason: SkipCode::IntentAmbiguous.number(),
    exit: DENY,
};

impl Tables {
    pub(super) fn fill(
        &mut self,
        engine: &Engine,
        intents: &IntentColumns,
        in_force: Option<InForce<'_>>,
    ) {
        let guardrails = engine.guardrails();
        self.symbols.clear();
        self.symbols
            .extend(intents.symbols.values.iter().map(|symbol| {
                let listing = in_force
                    .filter(|_| guardrails.permits(symbol))
                    .map_or(Listing::NotInUniverse, |it| it.listing(symbol));
                let (leverage, reason) = match listing {
                    Listing::NotInUniverse => (f64::NAN, SkipCode::PolicyUniverseFilter.number()),
                    Listing::NoLeverage => (f64::NAN, SkipCode::PolicyMissingLeverage.number()),
                    Listing::Leverage(leverage) => (leverage.get(), OPEN),
                };
                let reason = match guardrails.halts(symbol) {
                    true => SkipCode::TradingHalted.number(),
                    false => reason,
                };
                SymbolRow { leverage, reason }
            }));
        self.sources.clear();
        self.sources
            .extend(intents.sources.values.iter().map(|name| {
                let rule = name
                    .as_deref()
                    .and_then(|name| engine.ownership().rule(name));
                match rule {
                    None => SourceRow {
                        reason: OPEN,
                        exit: DENY,
                    },
                    Some(rule) => SourceRow {
                        reason: SkipCode::IntentAmbiguous.number(),
                        exit: match rule {
                            ExitRule::Owner => EXIT_BY_OWNER,
                            ExitRule::Delegate => EXIT_BY_DELEGATE,
                        },
                    },
                }
            }));
    }

    pub(super) fn symbol(&self, number: u32) -> SymbolRow {
        let place = usize::try_from(number).ok();
        let row = place.and_then(|place| self.symbols.get(place));
        row.copied().unwrap_or(UNKNOWN_SYMBOL)
    }

    pub(super) fn source(&self, number: u32) -> SourceRow {
        let place = usize::try_from(number).ok();
        let row = place.and_then(|place| self.sources.get(place));
        row.copied().unwrap_or(UNREADABLE_SOURCE)
    }
}
