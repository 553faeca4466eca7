//! Why an intent does not say one thing.

use serde::Serialize;
use thiserror::Error;

use crate::{
    domain::{Price, Shown, Side},
    wire::SyntaxError,
};

/// The four ways in which an intent fails the first gate, in the order in which they answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// It is no intent at all.
    Unreadable,
    /// A field that must be there is missing, unreadable, or stands twice.
    Invalid,
    /// Two fields contradict each other.
    Ambiguous,
    /// It says clearly that nothing is to be done.
    NotActionable,
}

/// What is wrong with an intent, and where.
#[derive(Debug, Clone, PartialEq, Error, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum IntentFault {
    /// The record is no JSON object.
    #[error("{0}")]
    NotAnObject(#[serde(serialize_with = "as_text")] SyntaxError),
    /// The payload is no JSON object.
    #[error("`{field}` is no JSON object: {error}")]
    PayloadNotAnObject {
        /// `payload` or `data`.
        field: &'static str,
        /// Where and why, within the payload.
        #[serde(serialize_with = "as_text")]
        error: SyntaxError,
    },
    /// The record is not UTF-8.
    #[error("line {line}, column {column}: not UTF-8")]
    NotUtf8 {
        /// Counts from 1.
        line: usize,
        /// Counts from 1, in bytes.
        column: usize,
    },
    /// The record is longer than a reader takes.
    #[error("line {line}, column {column}: longer than {bytes_max} bytes")]
    TooLong {
        /// Counts from 1.
        line: usize,
        /// The first column beyond the limit.
        column: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The record is an event of a kind that is answered elsewhere or nowhere.
    #[error("line {line}, column {column}: `{}` is no event that is answered here", Shown(.event))]
    UnknownEvent {
        /// Counts from 1.
        line: usize,
        /// Counts from 1.
        column: usize,
        /// What `event_type` said.
        event: String,
    },
    /// A required field is absent.
    #[error("`{field}` is missing")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field is there and cannot be read.
    #[error("`{field}` is unreadable: expected {expected}")]
    BadValue {
        /// Its name.
        field: &'static str,
        /// What would have been readable.
        expected: &'static str,
    },
    /// A key that decides stands twice in one object.
    #[error("`{field}` stands twice in one object")]
    Twice {
        /// Its name.
        field: &'static str,
    },
    /// Two fields say different things.
    #[error("`{first}` and `{second}` contradict each other")]
    Contradiction {
        /// One of them.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A field stands in the envelope beside a payload.
    #[error("`{field}` stands in the envelope beside a payload")]
    BesidePayload {
        /// Its name.
        field: &'static str,
    },
    /// A payload holds what might be a payload of its own.
    #[error("`{field}` stands inside the payload")]
    InsidePayload {
        /// Its name.
        field: &'static str,
    },
    /// The stop lies where it would be hit at once.
    #[error("a stop at {stop_loss} contradicts {side} at {entry_price}")]
    StopOnWrongSide {
        /// The side of the entry.
        side: Side,
        /// Where the stop is.
        stop_loss: Price,
        /// Where the entry is.
        entry_price: Price,
    },
    /// It says HOLD.
    #[error("HOLD asks for nothing")]
    Hold,
}

impl IntentFault {
    /// Which of the four it is.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::NotAnObject(_)
            | Self::PayloadNotAnObject { .. }
            | Self::NotUtf8 { .. }
            | Self::TooLong { .. }
            | Self::UnknownEvent { .. } => FaultKind::Unreadable,
            Self::Missing { .. } | Self::BadValue { .. } | Self::Twice { .. } => FaultKind::Invalid,
            Self::Contradiction { .. }
            | Self::BesidePayload { .. }
            | Self::InsidePayload { .. }
            | Self::StopOnWrongSide { .. } => FaultKind::Ambiguous,
            Self::Hold => FaultKind::NotActionable,
        }
    }

    /// Tells it as standing on this line of a tape.
    pub(super) fn move_to_line(&mut self, number: usize) {
        match self {
            Self::NotAnObject(error) | Self::PayloadNotAnObject { error, .. } => {
                error.line = number;
            }
            Self::NotUtf8 { line, .. }
            | Self::TooLong { line, .. }
            | Self::UnknownEvent { line, .. } => *line = number,
            Self::Missing { .. }
            | Self::BadValue { .. }
            | Self::Twice { .. }
            | Self::Contradiction { .. }
            | Self::BesidePayload { .. }
            | Self::InsidePayload { .. }
            | Self::StopOnWrongSide { .. }
            | Self::Hold => {}
        }
    }
}

fn as_text<S: serde::Serializer>(error: &SyntaxError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}

/// Keeps the fault that answers first.
#[derive(Debug, Default)]
pub(crate) struct FirstFault(Option<IntentFault>);

impl FirstFault {
    pub(crate) fn add(&mut self, fault: IntentFault) {
        if self
            .0
            .as_ref()
            .is_none_or(|kept| fault.kind() < kept.kind())
        {
            self.0 = Some(fault);
        }
    }

    /// Of what could not be read.
    pub(crate) fn add_of<T>(&mut self, read: &Result<T, IntentFault>) {
        if let Err(fault) = read {
            self.add(fault.clone());
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        if let Some(fault) = other.0 {
            self.add(fault);
        }
    }

    pub(crate) fn take(self) -> Option<IntentFault> {
        self.0
    }
}
