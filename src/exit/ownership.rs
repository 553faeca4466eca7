//! Who may close positions.

use serde::Serialize;
use thiserror::Error;

use super::ExitPermit;
use crate::{
    domain::Shown,
    intent::{Exit, Intent},
};

/// The exit owner of services that name no other.
pub const STANDARD_OWNER: &str = "exitbrain_v3_5";

/// The one service that closes positions, and the delegates that may do so where the operator listed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitOwnership {
    owner: Box<str>,
    delegates: Vec<Box<str>>,
}

/// Why names make no ownership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OwnershipError {
    /// The owner has no name: an intent without a source would own exits.
    #[error("the exit owner has an empty name")]
    EmptyOwner,
    /// A delegate has no name.
    #[error("an exit delegate has an empty name")]
    EmptyDelegate,
}

/// Which rule let an exit pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExitRule {
    /// The source is the owner.
    Owner,
    /// The source is a listed delegate.
    Delegate,
}

impl ExitRule {
    /// `owner` or `delegate`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Delegate => "delegate",
        }
    }
}

/// An exit that somebody else asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize)]
#[error("{} does not own exits, `{owner}` does", name(.source_name))]
pub struct NotExitOwner<'a> {
    /// Who asked, where the intent says so readably.
    #[serde(rename = "source")]
    pub source_name: Option<&'a str>,
    /// Who owns exits.
    pub owner: &'a str,
}

fn name(source: &Option<&str>) -> String {
    source.map_or_else(
        || "an intent without a source".to_owned(),
        |source| format!("`{}`", Shown(source)),
    )
}

impl ExitOwnership {
    /// The owner, and the delegates if there are any. Names are compared as they are written.
    ///
    /// # Errors
    /// An empty name.
    pub fn new<D: Into<Box<str>>>(
        owner: &str,
        delegates: impl IntoIterator<Item = D>,
    ) -> Result<Self, OwnershipError> {
        let delegates: Vec<Box<str>> = delegates.into_iter().map(Into::into).collect();
        if owner.is_empty() {
            Err(OwnershipError::EmptyOwner)
        } else if delegates.iter().any(|name| name.is_empty()) {
            Err(OwnershipError::EmptyDelegate)
        } else {
            Ok(Self {
                owner: owner.into(),
                delegates,
            })
        }
    }

    /// The owner's name.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The delegates' names.
    pub fn delegates(&self) -> impl Iterator<Item = &str> {
        self.delegates.iter().map(AsRef::as_ref)
    }

    /// The rule by which a source may close, if there is one.
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

    /// The permit for an exit, if its source may close.
    pub(crate) fn permit<'a>(
        &'a self,
        intent: &'a Intent<'a>,
        exit: &'a Exit,
    ) -> Result<ExitPermit<'a>, NotExitOwner<'a>> {
        let source = intent.source();
        source
            .and_then(|source| Some(ExitPermit::new(intent, exit, source, self.rule(source)?)))
            .ok_or(NotExitOwner {
                source_name: source,
                owner: &self.owner,
            })
    }
}
