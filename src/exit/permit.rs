//! The permit of an allowed exit.

use std::fmt;

use super::rule::ExitRule;
use crate::{
    intent::{Exit, ExitQuantity, Intent},
    types::{Shown, Side, Symbol},
};

/// A permit to reduce or close a position. Only the engine can create one, so a permit proves that the source of the
/// exit was checked.
///
/// ```compile_fail
/// fn forge(permit: &str) -> portcullis::exit::ExitPermit<'_> {
///     serde_json::from_str(permit).unwrap()
/// }
/// ```
#[derive(Debug)]
pub struct ExitPermit<'a> {
    intent: &'a Intent<'a>,
    exit: &'a Exit,
    source: &'a str,
    rule: ExitRule,
}

impl<'a> ExitPermit<'a> {
    pub(super) const fn new(
        intent: &'a Intent<'a>,
        exit: &'a Exit,
        source: &'a str,
        rule: ExitRule,
    ) -> Self {
        Self {
            intent,
            exit,
            source,
            rule,
        }
    }

    /// Returns the intent that requested the exit.
    #[must_use]
    pub const fn intent(&self) -> &'a Intent<'a> {
        self.intent
    }

    /// Returns the symbol to close.
    #[must_use]
    pub const fn symbol(&self) -> Symbol {
        self.exit.symbol
    }

    /// Returns the side of the closing order, if the intent has one.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        self.exit.side
    }

    /// Returns the quantity to close, in units of the symbol if it is known.
    #[must_use]
    pub const fn quantity(&self) -> ExitQuantity {
        self.exit.quantity
    }

    /// Returns the source of the intent, which is the exit owner or a delegate.
    #[must_use]
    pub const fn source(&self) -> &'a str {
        self.source
    }

    /// Returns the rule under which the exit was permitted.
    #[must_use]
    pub const fn rule(&self) -> ExitRule {
        self.rule
    }
}

impl fmt::Display for ExitPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            exit, source, rule, ..
        } = self;
        let (symbol, source) = (exit.symbol, Shown(source));
        write!(f, "EXIT {symbol} for `{source}` as {}", rule.as_str())?;
        match exit.quantity.fault() {
            Some(fault) => write!(f, "; {fault}"),
            None => Ok(()),
        }
    }
}
