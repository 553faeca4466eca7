//! The words of `action`, `side` and `intent_type`.

use super::IntentError;
use crate::{
    json::{RawField, Unreadable},
    types::Side,
};

/// The parsed value of `action` or `side`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Trade(Side),
    Hold,
    Close,
}

/// The reason why `action` or `side` cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionError {
    Unreadable,
    Duplicate,
}

impl ActionError {
    pub(crate) const fn fault(self, field: &'static str) -> IntentError {
        match self {
            Self::Unreadable => IntentError::BadValue {
                field,
                expected: "BUY, SELL, LONG, SHORT, HOLD or CLOSE",
            },
            Self::Duplicate => IntentError::DuplicateKey { field },
        }
    }
}

impl From<Unreadable> for ActionError {
    fn from(Unreadable: Unreadable) -> Self {
        Self::Unreadable
    }
}

impl Action {
    pub(crate) fn read(value: &RawField<'_>) -> Result<Option<Self>, ActionError> {
        if value.is_duplicate() {
            return Err(ActionError::Duplicate);
        }
        let Some(text) = value.text()? else {
            return Ok(None);
        };
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if is("BUY") || is("LONG") {
            Ok(Some(Self::Trade(Side::Buy)))
        } else if is("SELL") || is("SHORT") {
            Ok(Some(Self::Trade(Side::Sell)))
        } else if is("HOLD") {
            Ok(Some(Self::Hold))
        } else if is("CLOSE") {
            Ok(Some(Self::Close))
        } else {
            Err(ActionError::Unreadable)
        }
    }
}

/// Returns true if `intent_type` contains `EXIT` or `CLOSE`, in any case. A duplicate key is unreadable.
pub(crate) fn is_close_type(value: &RawField<'_>) -> Result<bool, Unreadable> {
    if value.is_duplicate() {
        return Err(Unreadable);
    }
    let Some(text) = value.text()? else {
        return Ok(false);
    };
    let upper = text.to_ascii_uppercase();
    Ok(upper.contains("EXIT") || upper.contains("CLOSE"))
}
