//! The decision on the unit of the times of a file.

use portcullis::types::Timestamp;

use super::{
    error::CandleFault,
    time::{DecidedBy, TimeUnit, number_text},
};

/// The unit of the numbers of a file, while its rows are read in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnitOfRows {
    /// The unit that an option or the name of the column states.
    pub(super) stated: Option<(TimeUnit, DecidedBy)>,
    found: Option<TimeUnit>,
}

impl UnitOfRows {
    pub(super) const fn new(stated: Option<(TimeUnit, DecidedBy)>) -> Self {
        Self {
            stated,
            found: None,
        }
    }

    /// Checks that one time is plausible in the unit of the file. If an option states the unit, nothing is checked, so
    /// that times before the year 2000 can be read with this option.
    pub(super) fn check(&mut self, column: &str, millionths: i128) -> Result<(), CandleFault> {
        if matches!(self.stated, Some((_, DecidedBy::Option))) {
            return Ok(());
        }
        let value = || number_text(millionths);
        let Some(unit) = TimeUnit::plausible(millionths) else {
            return Err(CandleFault::NoUnit {
                column: column.to_owned(),
                value: value(),
                is_date: is_compact_date(millionths),
            });
        };
        let expected = self.stated.map_or(self.found, |(unit, _)| Some(unit));
        match expected {
            Some(expected) if expected != unit => Err(CandleFault::OtherUnit {
                column: column.to_owned(),
                value: value(),
                found: unit,
                expected,
                is_named: self.stated.is_some(),
            }),
            Some(_) | None => {
                self.found = Some(unit);
                Ok(())
            }
        }
    }

    /// Returns the unit of all rows; `None` if there were no numbers.
    pub(super) fn decided(self) -> Option<(TimeUnit, DecidedBy)> {
        let found = self.found.map(|unit| (unit, DecidedBy::Values));
        self.stated.or(found)
    }
}

/// Returns true for a number such as 20260105.
fn is_compact_date(millionths: i128) -> bool {
    let text = number_text(millionths);
    let parts = (text.get(..4), text.get(4..6), text.get(6..));
    let (Some(year), Some(month), Some(day)) = parts else {
        return false;
    };
    Timestamp::parse_iso(&format!("{year}-{month}-{day}T00:00:00Z")).is_ok()
}
