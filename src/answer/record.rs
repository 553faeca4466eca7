//! The columns that identify the record that is answered.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use strum::{EnumString, IntoStaticStr};

use crate::types::{PositionSide, Shown, Side};

/// The kinds of records that get an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
pub enum RecordKind {
    /// An intent: `trade.intent` or `trade.decided`.
    #[strum(serialize = "trade.intent")]
    Intent,
    /// A snapshot of an open position: `position.snapshot`.
    #[strum(serialize = "position.snapshot")]
    Position,
    /// A new policy: `policy.updated`.
    #[strum(serialize = "policy.updated")]
    PolicyUpdated,
    /// A withdrawal, after which no policy is active: `policy.withdrawn`.
    #[strum(serialize = "policy.withdrawn")]
    PolicyWithdrawn,
}

impl RecordKind {
    /// Returns the name of the kind.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The id of a record. On a tape, a record without an id is identified by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerId<'a> {
    /// The id in the record.
    Own(&'a str),
    /// The number of the record on its tape.
    Number(u64),
}

impl fmt::Display for AnswerId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(id) => write!(f, "{}", Shown(id)),
            Self::Number(n) => write!(f, "{n}"),
        }
    }
}

impl Serialize for AnswerId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Own(id) => serializer.serialize_str(id),
            Self::Number(n) => serializer.collect_str(n),
        }
    }
}

/// The side of an intent or of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AnswerSide {
    /// The side of an intent.
    Order(Side),
    /// The side of a position.
    Position(PositionSide),
}

impl AnswerSide {
    /// Returns the name of the side.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Order(side) => side.as_str(),
            Self::Position(side) => side.as_str(),
        }
    }
}

impl FromStr for AnswerSide {
    type Err = strum::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let order = text.parse().map(Self::Order);
        order.or_else(|_| text.parse().map(Self::Position))
    }
}

impl From<AnswerSide> for &'static str {
    fn from(side: AnswerSide) -> Self {
        side.as_str()
    }
}
