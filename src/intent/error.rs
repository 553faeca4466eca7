//! The faults of an intent.

use thiserror::Error;

use crate::{
    json::SyntaxError,
    types::{Price, Rounded, Shown, Side},
};

use super::SizeField;

/// The kinds of intent fault. If an intent has several faults, the first kind in this order decides the skip reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IntentErrorKind {
    /// The record is not an intent.
    Unreadable,
    /// A required field is missing, unreadable or a duplicate.
    Invalid,
    /// Two fields contradict each other.
    Ambiguous,
    /// The intent explicitly requests no trade.
    NotActionable,
    /// The intent requests an order that is not supported.
    Unsupported,
}

/// The reason why an intent is invalid, and where.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum IntentError {
    /// The record is not a JSON object.
    #[error("the record is not a JSON object: {0}")]
    NotAnObject(#[source] SyntaxError),
    /// The payload is not a JSON object.
    #[error("`{field}` is not a JSON object: {error}")]
    PayloadNotAnObject {
        /// `payload` or `data`.
        field: &'static str,
        /// The syntax error, with its position.
        #[source]
        error: SyntaxError,
    },
    /// The record is not UTF-8.
    #[error("line {line}, column {column}: the record is not UTF-8")]
    NotUtf8 {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1.
        column: usize,
    },
    /// The record is longer than the limit of the reader.
    #[error("line {line}, column {column}: the record is longer than {bytes_max} bytes")]
    TooLong {
        /// The line, counted from 1.
        line: usize,
        /// The first column beyond the limit, in bytes, counted from 1.
        column: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// The record has an event type that the caller does not support.
    #[error(
        "line {line}, column {column}: unsupported `event_type` `{}`; for an intent, set it to `trade.intent` or leave it out",
        Shown(.event)
    )]
    UnknownEvent {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1.
        column: usize,
        /// The value of `event_type`.
        event: String,
    },
    /// A required field is absent.
    #[error("{}", missing(.field))]
    Missing {
        /// The name of the absent field.
        field: &'static str,
    },
    /// A field is present but unreadable.
    #[error("`{field}` must be {expected}")]
    BadValue {
        /// The name of the unreadable field.
        field: &'static str,
        /// A description of the expected value.
        expected: &'static str,
    },
    /// A key that affects the decision occurs more than once in one object.
    #[error("the key `{field}` occurs more than once in one object")]
    DuplicateKey {
        /// The name of the duplicate key.
        field: &'static str,
    },
    /// Two fields contradict each other.
    #[error("`{first}` and `{second}` {}", conflict(.first))]
    Contradiction {
        /// The name of the first field.
        first: &'static str,
        /// The name of the second field.
        second: &'static str,
    },
    /// A field of the intent is in the envelope, next to a payload.
    #[error("`{field}` is outside the payload; move it into the payload")]
    BesidePayload {
        /// The name of the field in the envelope.
        field: &'static str,
    },
    /// The payload contains another payload.
    #[error("`{field}` is inside the payload, but a payload must not contain another payload")]
    InsidePayload {
        /// The name of the field with the inner payload.
        field: &'static str,
    },
    /// Two prices are in the wrong order for the side, so that a stop or a target would trigger immediately.
    #[error("`{first}` {first_price} must be {} `{second}` {second_price} for a {side} entry", below(*.side))]
    PricesOutOfOrder {
        /// The side of the entry.
        side: Side,
        /// The field of the price that must be the lower one for a BUY, and the higher one for a SELL.
        first: &'static str,
        /// Its price.
        first_price: Price,
        /// The other field.
        second: &'static str,
        /// Its price.
        second_price: Price,
    },
    /// Two statements of the size contradict each other.
    #[error(
        "`{first}` is {} USD but `{second}` is {} USD; state the size once, or make both equal",
        Rounded::new(*.first_usd).compared_with(&[*.second_usd]),
        Rounded::new(*.second_usd).compared_with(&[*.first_usd])
    )]
    SizesDisagree {
        /// The first statement.
        first: SizeField,
        /// Its notional, in USD.
        first_usd: f64,
        /// The second statement.
        second: SizeField,
        /// Its notional, in USD.
        second_usd: f64,
    },
    /// `size` is next to a `price`, and no other field shows whether it is in units or in USD.
    #[error(
        "`size` next to `price` may be units or USD; use `quantity` for units or `position_size_usd` for USD"
    )]
    SizeBesidePrice,
    /// `price` and `entry_price` differ so much that they contradict each other.
    #[error(
        "`price` {price} and `entry_price` {entry_price} differ by a factor of 1.5 or more; correct one of them"
    )]
    PricesDisagree {
        /// The limit price.
        price: f64,
        /// The entry price.
        entry_price: f64,
    },
    /// A time is outside the years 2000 to 2099, probably because it is in another unit.
    #[error("`{field}` is {}, which {unit}", Shown(.value))]
    ImplausibleTime {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// The unit that the value appears to have, and the unit to send.
        unit: &'static str,
    },
    /// The intent requests to reverse a position: a close and an entry in one order.
    #[error(
        "`{field}` requests a reversal, which is not supported; send an exit and then an entry"
    )]
    Reverses {
        /// The field.
        field: &'static str,
    },
    /// A field has a value that is known and not supported.
    #[error("`{field}` {problem}; {remedy}")]
    NotSupported {
        /// The field.
        field: &'static str,
        /// The predicate that describes the unsupported value, such as "is a number".
        problem: &'static str,
        /// The remedy.
        remedy: &'static str,
    },
    /// The `action` or `side` of the intent is HOLD, or a word that only changes a resting order, such as UPDATE_SL.
    #[error(
        "the intent requests no trade: its `action` or `side` is HOLD, or a word such as UPDATE_SL, which only changes a resting order"
    )]
    Hold,
}

/// Returns how two fields conflict. An intent has at most one payload, even if `payload` and `data` are equal.
fn conflict(first: &str) -> &'static str {
    if first == "payload" {
        "are both present, but an intent has only one payload; leave out one of them"
    } else {
        "contradict each other; make them agree, or leave out one of them"
    }
}

/// Returns the text for a missing field. `ts` can replace `timestamp`.
fn missing(field: &str) -> String {
    if field == "timestamp" {
        "the intent has no timestamp; add `ts` (epoch milliseconds) or `timestamp` (epoch seconds or ISO-8601)"
            .to_owned()
    } else {
        format!("`{field}` is missing")
    }
}

impl IntentError {
    /// Returns the kind of the fault.
    #[must_use]
    pub const fn kind(&self) -> IntentErrorKind {
        match self {
            Self::NotAnObject(_)
            | Self::PayloadNotAnObject { .. }
            | Self::NotUtf8 { .. }
            | Self::TooLong { .. }
            | Self::UnknownEvent { .. } => IntentErrorKind::Unreadable,
            Self::Missing { .. }
            | Self::BadValue { .. }
            | Self::DuplicateKey { .. }
            | Self::ImplausibleTime { .. } => IntentErrorKind::Invalid,
            Self::Contradiction { .. }
            | Self::BesidePayload { .. }
            | Self::InsidePayload { .. }
            | Self::PricesOutOfOrder { .. }
            | Self::SizesDisagree { .. }
            | Self::SizeBesidePrice
            | Self::PricesDisagree { .. } => IntentErrorKind::Ambiguous,
            Self::Hold => IntentErrorKind::NotActionable,
            Self::Reverses { .. } | Self::NotSupported { .. } => IntentErrorKind::Unsupported,
        }
    }

    /// Sets the line number of the fault, if faults of this kind have one.
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
            | Self::DuplicateKey { .. }
            | Self::Contradiction { .. }
            | Self::BesidePayload { .. }
            | Self::InsidePayload { .. }
            | Self::PricesOutOfOrder { .. }
            | Self::SizesDisagree { .. }
            | Self::SizeBesidePrice
            | Self::PricesDisagree { .. }
            | Self::ImplausibleTime { .. }
            | Self::Reverses { .. }
            | Self::NotSupported { .. }
            | Self::Hold => {}
        }
    }
}

const fn below(side: Side) -> &'static str {
    match side {
        Side::Buy => "below",
        Side::Sell => "above",
    }
}

/// The fault that comes first in the order of [`IntentErrorKind`].
#[derive(Debug, Default)]
pub(crate) struct FirstFault(Option<IntentError>);

impl FirstFault {
    pub(crate) fn add(&mut self, fault: IntentError) {
        if self
            .0
            .as_ref()
            .is_none_or(|kept| fault.kind() < kept.kind())
        {
            self.0 = Some(fault);
        }
    }

    /// Adds the fault if the read failed.
    pub(crate) fn add_of<T>(&mut self, read: &Result<T, IntentError>) {
        if let Err(fault) = read {
            self.add(fault.clone());
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        if let Some(fault) = other.0 {
            self.add(fault);
        }
    }

    pub(crate) fn take(self) -> Option<IntentError> {
        self.0
    }
}
