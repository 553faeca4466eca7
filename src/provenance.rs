//! The sources of numbers.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::types::Symbol;

/// The source of a number: the field from which it was read, or the expression over fields from
/// which it was computed.
///
/// It is displayed as the input and the path: `policy:leverage_by_symbol.BTCUSDT`,
/// `intent:quantity*price`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The policy's leverage for a symbol.
    PolicyLeverage(Symbol),
    /// A field of a policy other than a leverage, by its path.
    Policy(&'static str),
    /// A field of an intent, or an expression over such fields.
    Intent(&'static str),
    /// A field of a position, or an expression over such fields.
    Position(&'static str),
    /// A field of a market state.
    Market(&'static str),
    /// A field of the operator's guardrails.
    Guardrails(&'static str),
    /// An expression over fields of several inputs.
    Derived(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (holder, path) = self.parts();
        f.write_str(holder)?;
        f.write_str(path)
    }
}

impl Source {
    /// Returns the two parts of the displayed text: the input, and the path or expression.
    pub(crate) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::PolicyLeverage(symbol) => ("policy:leverage_by_symbol.", symbol.as_str()),
            Self::Policy(path) => ("policy:", path),
            Self::Intent(path) => ("intent:", path),
            Self::Position(path) => ("position:", path),
            Self::Market(path) => ("market:", path),
            Self::Guardrails(path) => ("guardrails:", path),
            Self::Derived(expression) => ("", expression),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A number and its source. Only the engine can create one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sourced<T> {
    value: T,
    source: Source,
}

impl<T: Copy> Sourced<T> {
    pub(crate) const fn new(value: T, source: Source) -> Self {
        Self { value, source }
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(&self) -> T {
        self.value
    }

    /// Returns the source of the number.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }
}
