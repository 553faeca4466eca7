//! The words of `action`, `side` and `intent_type`.

use super::IntentError;
use crate::{
    json::{RawField, Unreadable},
    types::Side,
};

/// The value of `action` or `side`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Go(Side),
    Hold,
    Close,
}

/// The reason why `action` or `side` has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordError {
    Unreadable,
    Twice,
}

impl WordError {
    pub(crate) const fn fault(self, field: &'static str) -> IntentError {
        match self {
            Self::Unreadable => IntentError::BadValue {
                field,
                expected: "BUY, SELL, LONG, SHORT, HOLD or CLOSE",
            },
            Self::Twice => IntentError::Twice { field },
        }
    }
}

impl From<Unreadable> for WordError {
    fn from(Unreadable: Unreadable) -> Self {
        Self::Unreadable
    }
}

impl Word {
    pub(crate) fn read(value: &RawField<'_>) -> Result<Option<Self>, WordError> {
        if value.is_duplicate() {
            return Err(WordError::Twice);
        }
        let Some(text) = value.text()? else {
            return Ok(None);
        };
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if is("BUY") || is("LONG") {
            Ok(Some(Self::Go(Side::Buy)))
        } else if is("SELL") || is("SHORT") {
            Ok(Some(Self::Go(Side::Sell)))
        } else if is("HOLD") {
            Ok(Some(Self::Hold))
        } else if is("CLOSE") {
            Ok(Some(Self::Close))
        } else {
            Err(WordError::Unreadable)
        }
    }
}

/// Returns true if `intent_type` contains `EXIT` or `CLOSE`, in any case. A duplicate key is unreadable.
pub(crate) fn says_close(value: &RawField<'_>) -> Result<bool, Unreadable> {
    if value.is_duplicate() {
        return Err(Unreadable);
    }
    let Some(text) = value.text()? else {
        return Ok(false);
    };
    let upper = text.to_ascii_uppercase();
    Ok(upper.contains("EXIT") || upper.contains("CLOSE"))
}
