//! Log texts of the harvester.

use std::fmt;

use portcullis::{
    harvest::{Harvest, HarvestField, HarvestSkip},
    types::Rounded,
};

use super::{
    fields::StoredHash, memory::Memory, opening_time::OpeningTime, position::ObservedPosition,
    reading::Reading,
};

/// The log line of a proposal.
pub(super) struct ProposalLine<'a>(pub(super) &'a Harvest<'a>);

impl fmt::Display for ProposalLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let harvest = self.0;
        write!(f, "HARVEST {} {}", harvest.symbol(), harvest.action())?;
        if let Some(quantity) = harvest.close_quantity() {
            write!(f, ", close {quantity}")?;
        }
        if let Some(stop) = harvest.stop() {
            write!(f, ", stop to {}", Rounded::new(stop.value().get()))?;
        }
        if let Ok(r) = harvest.r() {
            write!(f, "; R_net {}", Rounded::new(r.r_net().get()))?;
        }
        if let Ok(kill) = harvest.kill() {
            write!(f, "; K {}", Rounded::new(kill.k()))?;
        }
        let reasons: Vec<&str> = harvest.reasons().iter().collect();
        write!(f, "; reasons: {}", reasons.join(", "))?;
        if let Err(why) = harvest.r() {
            write!(f, "; R is unavailable: {why}")?;
        }
        if let Err(why) = harvest.kill() {
            write!(f, "; the kill score is unavailable: {why}")?;
        }
        Ok(())
    }
}

/// Returns the names of the fields that caused a skip, so that skips with the same reason can be
/// distinguished. The ages and times in a skip are left out, because they change in every scan.
pub(super) fn kind(skip: &HarvestSkip<'_>) -> String {
    let fields: &[HarvestField] = match skip {
        HarvestSkip::NoPosition | HarvestSkip::NotInForce(_) => &[],
        HarvestSkip::MissingStop { kill } => &[kill.field],
        HarvestSkip::InvalidInput { r, kill } => &[r.field, kill.field],
    };
    let names: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
    names.join(" ")
}

/// Returns notes about defects in the hashes of a position.
pub(super) fn notes(reading: &Reading, seen: &ObservedPosition, memory: Memory) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |holds: bool, text: &str| {
        if holds {
            notes.push(text.to_owned());
        }
    };
    note(
        reading.market == StoredHash::WrongType,
        "the Redis key of its market state is not a hash, so the kill score is unavailable",
    );
    note(
        reading.risk == StoredHash::WrongType,
        "the Redis key of its risk proposal is not a hash, so R is unavailable",
    );
    note(
        memory == Memory::Unreadable,
        "the memory of earlier proposals in Redis is unreadable, so no partial close is proposed",
    );
    note(
        seen.position.age_sec.is_some_and(|age| age < 0.0),
        "its opening time is in the future, so the kill score is unavailable and no partial close is proposed",
    );
    let without = "so the kill score is unavailable, and each stage is proposed only once until the position is FLAT";
    match &seen.opening {
        OpeningTime::At(_) => {}
        OpeningTime::Absent if seen.position.age_sec.is_some() => note(
            true,
            "it has an age and no opening time, so each stage is proposed only once until the position is FLAT",
        ),
        OpeningTime::Absent => note(true, &format!("it has no opening time, {without}")),
        OpeningTime::Unreadable(why) => note(true, &format!("{why}, {without}")),
    }
    notes
}
