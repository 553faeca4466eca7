//! The exit owner and its delegates.

use thiserror::Error;

use super::{permit::ExitPermit, rule::ExitRule};
use crate::{
    intent::{Exit, Intent},
    types::Shown,
};

/// The one service that may close positions, and the delegates that the operator listed. Names are compared exactly.
///
/// ```
/// use portcullis::exit::{ExitOwnership, ExitRule};
///
/// let ownership = ExitOwnership::new("exit_service")?.with_delegate("emergency_stop")?;
/// assert_eq!(ownership.rule("emergency_stop"), Some(ExitRule::Delegate));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitOwnership {
    owner: Box<str>,
    delegates: Vec<Box<str>>,
}

/// The reason why the names of an owner and its delegates are invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OwnershipError {
    /// The owner's name is empty. With an empty name, an exit with an empty source would be
    /// permitted.
    #[error("the exit owner has an empty name")]
    EmptyOwner,
    /// A delegate's name is empty.
    #[error("an exit delegate has an empty name")]
    EmptyDelegate,
}

/// The error for an exit from a source that is neither the owner nor a delegate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{}", not_permitted(.source_name, .owner))]
pub struct NotExitOwnerError<'a> {
    /// The source of the intent; `None` if it is absent or unreadable.
    pub source_name: Option<&'a str>,
    /// The name of the exit owner.
    pub owner: &'a str,
}

fn not_permitted(source: &Option<&str>, owner: &str) -> String {
    match source.map(Shown) {
        Some(source) => format!(
            "`{source}` may not send exits: it is neither the exit owner `{owner}` nor a delegate"
        ),
        None => format!(
            "the exit has no `source`, but only the exit owner `{owner}` and its delegates may send exits"
        ),
    }
}

impl ExitOwnership {
    /// Creates an ownership without delegates.
    ///
    /// # Errors
    /// Returns an error if the name is empty.
    pub fn new(owner: impl Into<Box<str>>) -> Result<Self, OwnershipError> {
        let owner = owner.into();
        if owner.is_empty() {
            return Err(OwnershipError::EmptyOwner);
        }
        Ok(Self {
            owner,
            delegates: Vec::new(),
        })
    }

    /// Adds a delegate.
    ///
    /// # Errors
    /// Returns an error if the name is empty.
    pub fn with_delegate(mut self, name: impl Into<Box<str>>) -> Result<Self, OwnershipError> {
        let name = name.into();
        if name.is_empty() {
            return Err(OwnershipError::EmptyDelegate);
        }
        self.delegates.push(name);
        Ok(self)
    }

    /// Returns the name of the exit owner.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Returns the names of the delegates.
    pub fn delegates(&self) -> impl Iterator<Item = &str> {
        self.delegates.iter().map(AsRef::as_ref)
    }

    /// Returns the rule under which a source may close positions; `None` if the source may not
    /// close positions.
    #[must_use]
    pub fn rule(&self, source: &str) -> Option<ExitRule> {
        if *self.owner == *source {
            Some(ExitRule::Owner)
        } else if self.delegates.iter().any(|name| **name == *source) {
            Some(ExitRule::Delegate)
        } else {
            None
        }
    }

    /// Returns the permit for an exit, or an error if its source may not close positions.
    pub(crate) fn permit<'a>(
        &'a self,
        intent: &'a Intent<'a>,
        exit: &'a Exit,
    ) -> Result<ExitPermit<'a>, NotExitOwnerError<'a>> {
        let source = intent.source();
        source
            .and_then(|source| Some(ExitPermit::new(intent, exit, source, self.rule(source)?)))
            .ok_or(NotExitOwnerError {
                source_name: source,
                owner: &self.owner,
            })
    }
}
