//! The words for a side.

use crate::{
    domain::Side,
    wire::{Slot, Unreadable},
};

/// What `action` or `side` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Go(Side),
    Hold,
    Close,
}

impl Word {
    pub(crate) fn read(slot: &Slot<'_>) -> Result<Option<Self>, Unreadable> {
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
            Err(Unreadable)
        }
    }
}

/// Whether an `intent_type` says that the intent closes.
pub(crate) fn says_close(slot: &Slot<'_>) -> Result<bool, Unreadable> {
    let Some(text) = slot.text()? else {
        return Ok(false);
    };
    let upper = text.to_ascii_uppercase();
    Ok(upper.contains("EXIT") || upper.contains("CLOSE"))
}
