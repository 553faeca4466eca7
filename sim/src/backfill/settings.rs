//! The settings of a backfill.

use crate::{
    replay::Replayer,
    simulate::{Settings, candles::Series},
};

/// The number of milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;

/// The settings of a backfill.
#[derive(Debug, Clone, Copy)]
pub struct BackfillSettings<'a> {
    /// The evaluator of records. It should treat every policy as in force.
    pub replayer: &'a Replayer,
    /// The settings and the candles of the simulation; without them, nothing is simulated.
    pub simulation: Option<(&'a Settings, &'a [Series])>,
    /// A text that identifies all settings. Parts that were made with other settings are not used again.
    pub identity: &'a str,
}
