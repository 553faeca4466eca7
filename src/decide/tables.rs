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
    /// The bits of the leverage or, if gate 3, 7 or 8 denies the symbol, the bits of a NaN from [`denied`].
    symbols: Vec<u64>,
    /// The first 255 rows of `symbols`, filled up with rows of unknown symbols. It has 256 rows, so an index of one
    /// byte needs no bounds check.
    first_symbols: FirstSymbols,
    sources: Vec<SourceRow>,
    /// The row of all sources, if their rows are equal.
    only_source: Option<SourceRow>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SourceRow {
    /// The number of the skip reason for entries from this source, or [`OPEN`].
    pub(super) reason: u8,
    /// The answer to exits from this source, as a number.
    pub(super) exit: u8,
}

/// The results for a symbol outside the dictionary.
const UNKNOWN_SYMBOL: u64 = denied(SkipCode::PolicyUniverseFilter);

/// Returns the bits of a NaN with the number of a skip reason in its lowest byte.
const fn denied(reason: SkipCode) -> u64 {
    f64::NAN.to_bits() | reason.number_wide()
}

/// Returns the number of the skip reason in the bits of a symbol, or [`OPEN`] if they are a leverage.
#[inline(always)]
pub(super) fn reason_of_symbol(bits: u64) -> u64 {
    let number = bits & 0xff;
    if f64::from_bits(bits).is_nan() {
        number
    } else {
        u64::from(OPEN)
    }
}

#[derive(Debug, Clone)]
struct FirstSymbols([u64; 256]);

impl Default for FirstSymbols {
    fn default() -> Self {
        Self([UNKNOWN_SYMBOL; 256])
    }
}

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
                match listing {
                    _ if guardrails.halts(symbol) => denied(SkipCode::TradingHalted),
                    Listing::NotInUniverse => UNKNOWN_SYMBOL,
                    Listing::NoLeverage => denied(SkipCode::PolicyMissingLeverage),
                    Listing::Leverage(leverage) => leverage.get().to_bits(),
                }
            }));
        self.first_symbols = FirstSymbols::default();
        for (first, row) in self.first_symbols.0.iter_mut().zip(&self.symbols).take(255) {
            *first = *row;
        }
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
        let first = self.sources.first().copied();
        self.only_source = first.filter(|first| self.sources.iter().all(|row| row == first));
    }

    /// Writes the bits of the leverage of each symbol, or of a NaN with the number of a skip reason.
    #[inline(always)]
    pub(super) fn write_symbols(&self, numbers: &[u32], given: &mut [u64]) {
        if self.symbols.len() < self.first_symbols.0.len() {
            for (given, number) in given.iter_mut().zip(numbers) {
                let place = u8::try_from(*number).unwrap_or(u8::MAX);
                let row = self.first_symbols.0.get(usize::from(place));
                *given = row.copied().unwrap_or(UNKNOWN_SYMBOL);
            }
        } else {
            for (given, number) in given.iter_mut().zip(numbers) {
                *given = self.symbol(*number);
            }
        }
    }

    fn symbol(&self, number: u32) -> u64 {
        let place = usize::try_from(number).ok();
        let row = place.and_then(|place| self.symbols.get(place));
        row.copied().unwrap_or(UNKNOWN_SYMBOL)
    }

    /// Returns the common row of these sources, if all sources of the batch have equal rows.
    #[inline(always)]
    pub(super) fn only_source(&self, numbers: &[u32]) -> Option<SourceRow> {
        let last = numbers.iter().fold(0, |last, number| last.max(*number));
        let is_known = usize::try_from(last).is_ok_and(|last| last < self.sources.len());
        self.only_source.filter(|_| is_known)
    }

    #[inline(always)]
    pub(super) fn source(&self, number: u32) -> SourceRow {
        let place = usize::try_from(number).ok();
        let row = place.and_then(|place| self.sources.get(place));
        row.copied().unwrap_or(UNREADABLE_SOURCE)
    }
}
