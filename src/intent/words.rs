//! The words of `action`, `side` and `intent_type`.

use super::IntentFault;
use crate::{
    domain::Side,
    wire::{Slot, Unreadable},
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
pub(crate) enum NoWord {
    Unreadable,
    Twice,
}

impl NoWord {
    pub(crate) const fn fault(self, field: &'static str) -> IntentFault {
        match self {
            Self::Unreadable => IntentFault::BadValue {
                field,
                expected: "BUY, SELL, LONG, SHORT, HOLD or CLOSE",
            },
            Self::Twice => IntentFault::Twice { field },
        }
    }
}

impl From<Unreadable> for NoWord {
    fn from(Unreadable: Unreadable) -> Self {
        Self::Unreadable
    }
}

impl Word {
    pub(crate) fn read(slot: &Slot<'_>) -> Result<Option<Self>, NoWord> {
        if slot.twice() {
            return Err(NoWord::Twice);
        }
        let Some(text) = slot.text()? else {
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
            Err(NoWord::Unreadable)
        }
    }
}

/// Returns true if `intent_type` contains `EXIT` or `CLOSE`, in any case. A duplicate key is unreadable.
pub(crate) fn says_close(slot: &Slot<'_>) -> Result<bool, Unreadable> {
    if slot.twice() {
        return Err(Unreadable);
    }
    let Some(text) = slot.text()? else {
        return Ok(false);
    };
    let upper = text.to_ascii_uppercase();
    Ok(upper.contains("EXIT") || upper.contains("CLOSE"))
}
