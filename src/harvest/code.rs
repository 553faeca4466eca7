//! Codes for the outcome of a row. Codes 0 to 4 are the harvest actions.

pub(super) const FULL_CLOSE: u8 = 4;
pub(super) const NO_POSITION: u8 = 5;
/// The code for a missing stop. Setting its lowest bit changes it to [`INVALID_INPUT`]; setting
/// that bit in [`NO_POSITION`] has no effect.
pub(super) const MISSING_STOP: u8 = 6;
pub(super) const INVALID_INPUT: u8 = 7;
