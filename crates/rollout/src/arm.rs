//! The arms of a policy set.

use portcullis::{
    intent::Intent,
    types::{PolicyHash, Symbol, Timestamp},
};
use strum::IntoStaticStr;
use thiserror::Error;

use crate::{
    bps::Bps,
    bucket::Bucket,
    salt::Salt,
    time::{TimeError, plausible},
};

/// A policy beside the live one, and the records to which it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    hash: PolicyHash,
    role: Role,
    bps: Bps,
    salt: Salt,
    until: Timestamp,
    source: Option<String>,
    symbol: Option<Symbol>,
}

/// The role of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The arm is decided and recorded beside the answer, and never acted on.
    Shadow(Key),
    /// The arm decides entries. Its key is the symbol, so that a position has one policy.
    Canary,
}

/// The value of a record from which its bucket is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Key {
    /// The symbol, with ASCII letters in upper case.
    Symbol,
    /// The source: the name of the service that sent the record.
    Source,
    /// The id of the record.
    Id,
}

/// The error of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ArmError {
    /// The last time of the arm is not between the years 2000 and 2100.
    #[error(transparent)]
    Until(TimeError),
    /// The source in the match is empty.
    #[error("the source is empty; use the name of a service, or leave the field out")]
    EmptySource,
}

impl ArmError {
    /// Returns the field of the arm.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::Until(_) => "until",
            Self::EmptySource => "match.source",
        }
    }
}

/// The values of a record that arms are matched with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) symbol: Symbol,
    pub(crate) source: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
}

impl<'a> Subject<'a> {
    pub(crate) fn of(intent: &'a Intent<'_>, symbol: Symbol) -> Self {
        Self {
            symbol,
            source: intent.source(),
            id: intent.id(),
        }
    }
}

impl Arm {
    /// Creates an arm that matches all records. `until` is the last time at which it applies.
    ///
    /// # Errors
    /// Returns an error if `until` is not between the years 2000 and 2100.
    pub fn new(
        role: Role,
        hash: PolicyHash,
        bps: Bps,
        salt: Salt,
        until: Timestamp,
    ) -> Result<Self, ArmError> {
        Ok(Self {
            hash,
            role,
            bps,
            salt,
            until: plausible(until).map_err(ArmError::Until)?,
            source: None,
            symbol: None,
        })
    }

    /// Restricts the arm to the records of one source.
    ///
    /// # Errors
    /// Returns an error if the name is empty.
    pub fn with_source(mut self, name: impl Into<String>) -> Result<Self, ArmError> {
        let name = name.into();
        if name.is_empty() {
            return Err(ArmError::EmptySource);
        }
        self.source = Some(name);
        Ok(self)
    }

    /// Restricts the arm to the records of one symbol.
    #[must_use]
    pub const fn with_symbol(mut self, symbol: Symbol) -> Self {
        self.symbol = Some(symbol);
        self
    }

    /// Returns a copy with another share.
    pub(crate) fn with_bps(&self, bps: Bps) -> Self {
        Self {
            bps,
            ..self.clone()
        }
    }

    /// Returns the hash of the arm's policy.
    #[must_use]
    pub const fn hash(&self) -> PolicyHash {
        self.hash
    }

    /// Returns the role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Returns the key.
    #[must_use]
    pub const fn key(&self) -> Key {
        match self.role {
            Role::Shadow(key) => key,
            Role::Canary => Key::Symbol,
        }
    }

    /// Returns the share of the keys to which the arm applies.
    #[must_use]
    pub const fn bps(&self) -> Bps {
        self.bps
    }

    /// Returns the salt.
    #[must_use]
    pub const fn salt(&self) -> &Salt {
        &self.salt
    }

    /// Returns the last time at which the arm applies.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// Returns the source to which the arm is restricted.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Returns the symbol to which the arm is restricted.
    #[must_use]
    pub const fn symbol(&self) -> Option<Symbol> {
        self.symbol
    }

    /// Returns true if the arm is a shadow.
    #[must_use]
    pub const fn is_shadow(&self) -> bool {
        matches!(self.role, Role::Shadow(_))
    }

    /// Returns true if the arm is restricted to a source or a symbol.
    #[must_use]
    pub const fn has_match(&self) -> bool {
        self.source.is_some() || self.symbol.is_some()
    }

    /// Returns true if the time is after the last time of the arm.
    #[must_use]
    pub fn is_past(&self, now: Timestamp) -> bool {
        now > self.until
    }

    /// Returns the bucket of a record if the arm matches the record and covers the bucket. An empty or absent key has no
    /// bucket.
    pub(crate) fn covered(&self, subject: Subject<'_>) -> Option<Bucket> {
        let matches = self.source().is_none_or(|it| subject.source == Some(it))
            && self.symbol.is_none_or(|it| it == subject.symbol);
        let key = match self.key() {
            Key::Symbol => Some(subject.symbol.as_str()),
            Key::Source => subject.source,
            Key::Id => subject.id,
        };
        let key = key.filter(|key| matches && !key.is_empty())?;
        let bucket = self.salt.bucket(key);
        self.bps.covers(bucket).then_some(bucket)
    }
}
