//! The errors of templates.

use std::fmt;

use portcullis::types::Shown;
use thiserror::Error;

/// The reason why a text is not a templates file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplatesError {
    /// The text is not TOML, or a field is missing, unknown or of the wrong type.
    #[error("invalid templates: line {line}: {}", Shown(.reason).whole())]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// The fault.
        reason: String,
    },
    /// Values are out of their bounds. All faults are listed.
    #[error("invalid templates: {}", .0.join("; "))]
    Invalid(Vec<String>),
}

/// The faults that were found so far.
#[derive(Debug)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn push(&mut self, fault: impl fmt::Display) {
        self.0.push(Shown(fault).whole());
    }

    /// Reports a value that is not within its bound.
    pub(super) fn check(&mut self, holds: bool, path: &str, value: impl fmt::Display, bound: &str) {
        if !holds {
            self.push(format_args!("`{path}` is {value}, but must be {bound}"));
        }
    }

    /// Checks that a number is finite and greater than 0.
    pub(super) fn positive(&mut self, path: &str, value: f64) {
        let holds = value > 0.0 && value.is_finite();
        self.check(holds, path, value, "finite and greater than 0");
    }

    /// Checks that a number is finite and at least 0.
    pub(super) fn not_negative(&mut self, path: &str, value: f64) {
        let holds = value >= 0.0 && value.is_finite();
        self.check(holds, path, value, "finite and at least 0");
    }

    pub(super) fn into_result(self) -> Result<(), TemplatesError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(TemplatesError::Invalid(self.0))
        }
    }
}
