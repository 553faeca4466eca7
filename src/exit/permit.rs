//! The permit of an allowed exit.

use std::fmt;

use super::rule::ExitRule;
use crate::{
    intent::{Exit, ExitConflict, ExitQuantity, Intent, IntentError, UnsupportedFields},
    provenance::Sourced,
    types::{PositionSide, Price, Shown, Side, Symbol},
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

    /// Returns the side of the closing order, if the intent states this side or the position side.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        self.exit.side
    }

    /// Returns the side of the position to close, if the intent states this side or the side of the order.
    #[must_use]
    pub fn position_side(&self) -> Option<PositionSide> {
        self.exit.position_side.or(match self.exit.side {
            Some(Side::Sell) => Some(PositionSide::Long),
            Some(Side::Buy) => Some(PositionSide::Short),
            None => None,
        })
    }

    /// Returns the side of the position to close, if the intent states it.
    #[must_use]
    pub const fn stated_position_side(&self) -> Option<PositionSide> {
        self.exit.position_side
    }

    /// Returns two fields that contradict each other about the side. The exit then has no side: it closes the only open
    /// position of the symbol, and must be refused if there are two.
    #[must_use]
    pub const fn conflict(&self) -> Option<ExitConflict> {
        self.exit.conflict
    }

    /// Returns the trigger: the price at which the order is sent. An exit with a trigger rests until the market reaches
    /// this price, and must not be executed as an immediate close.
    #[must_use]
    pub const fn trigger(&self) -> Option<Sourced<Price>> {
        self.exit.trigger
    }

    /// Returns a text about the parts of the intent that could not be used, or `None` if there are none.
    #[must_use]
    pub fn notes(&self) -> Option<ExitNotes<'a>> {
        let notes = ExitNotes {
            intent: self.intent,
            exit: self.exit,
        };
        notes.parts().next().is_some().then_some(notes)
    }

    /// Returns the quantity to close.
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

/// The parts of the intent of an exit that could not be used, as text.
#[derive(Debug, Clone, Copy)]
pub struct ExitNotes<'a> {
    intent: &'a Intent<'a>,
    exit: &'a Exit,
}

impl<'a> ExitNotes<'a> {
    fn parts(&self) -> impl Iterator<Item = Note<'a>> {
        let Self { intent, exit } = *self;
        [
            exit.quantity.fault().map(Note::Quantity),
            exit.conflict.map(Note::Conflict),
            intent.unsupported().map(Note::Unsupported),
            intent.time_fault().map(Note::Time),
        ]
        .into_iter()
        .flatten()
    }
}

/// One part of the notes.
enum Note<'a> {
    Quantity(&'static str),
    Conflict(ExitConflict),
    Unsupported(&'a UnsupportedFields),
    Time(&'a IntentError),
}

impl fmt::Display for ExitNotes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, note) in self.parts().enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            match note {
                Note::Quantity(fault) => f.write_str(fault)?,
                Note::Conflict(conflict) => write!(
                    f,
                    "`{}` and `{}` contradict each other about the side: close the only open position in the symbol, or reject the exit if there are two",
                    conflict.first, conflict.second
                )?,
                Note::Unsupported(fields) => write!(f, "unsupported: {fields}")?,
                Note::Time(fault) => write!(f, "{fault}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for ExitPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            exit, source, rule, ..
        } = self;
        let (symbol, source) = (exit.symbol, Shown(source));
        let role = match rule {
            ExitRule::Owner => "exit owner",
            ExitRule::Delegate => "delegate",
        };
        write!(f, "EXIT {symbol} for the {role} `{source}`")?;
        match self.notes() {
            Some(notes) => write!(f, "; {notes}"),
            None => Ok(()),
        }
    }
}
