//! Codes of the result of a row. Codes 0 to 4 are the actions.

pub(super) const FULL_CLOSE: u8 = 4;
pub(super) const NO_POSITION: u8 = 5;
/// Setting the lowest bit changes this code to [`INVALID_INPUT`] and leaves [`NO_POSITION`] unchanged.
pub(super) const MISSING_STOP: u8 = 6;
pub(super) const INVALID_INPUT: u8 = 7;
