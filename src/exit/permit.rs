//! The proof that an exit was allowed.

use std::fmt;

use super::ExitRule;
use crate::{
    domain::{Shown, Side, Symbol},
    intent::{Exit, Intent, QuantityAsked},
};

/// Leave to reduce or close a position. Only the engine makes one: whoever holds it knows that the exit's
/// source was checked.
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

    /// The intent that asked.
    #[must_use]
    pub const fn intent(&self) -> &'a Intent<'a> {
        self.intent
    }

    /// What to close.
    #[must_use]
    pub const fn symbol(&self) -> Symbol {
        self.exit.symbol
    }

    /// The side of the closing order, where the intent said one.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        self.exit.side
    }

    /// How much of it, or that nothing was said of that.
    #[must_use]
    pub const fn quantity(&self) -> QuantityAsked {
        self.exit.quantity
    }

    /// Who asked.
    #[must_use]
    pub const fn source(&self) -> &'a str {
        self.source
    }

    /// The rule that let it pass.
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
