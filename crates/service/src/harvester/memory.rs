//! The memory of each symbol: the largest quantity of its position, and the highest stage that was proposed for it
//! since the quantity was largest.
//!
//! A memory is used only for the position for which it was written. Positions are distinguished by their opening time:
//!
//! | opening time of the position | does the memory count? |
//! |---|---|
//! | later than the remembered opening time | no, because it is another position |
//! | equal to the remembered opening time, or earlier | yes |
//! | present, but no opening time is remembered | yes, if the position was not opened after the memory was written |
//! | absent or unreadable | yes |
//!
//! So a missing opening time never leads to a duplicate proposal. Without opening times, the memory of a symbol is
//! removed when its position is flat; when the key of such a position is deleted, only the largest quantity is removed,
//! because the next position can be smaller.

use portcullis::{
    harvest::{HarvestAction, Harvested, Stage},
    types::Timestamp,
};
use serde::Deserialize;

use super::opening_time::OpeningTime;

/// Placeholder for the value of a key that does not hold a string.
pub(super) const WRONG_TYPE: &[u8] = b"!";

/// The memory of a symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Memory {
    /// There is no position to remember.
    Empty,
    /// The position for which a proposal was written.
    Proposed {
        /// The highest stage that was proposed since the quantity was largest.
        stage: Stage,
        /// The largest quantity; `None` if it is unknown.
        peak: Option<f64>,
        /// Opening time in epoch milliseconds; `None` if the position had none.
        opened_at: Option<i64>,
        /// Time of the proposal in epoch milliseconds.
        proposed_at: i64,
    },
    /// An unreadable value; no stage is proposed.
    Unreadable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMemory {
    stage: String,
    peak_quantity: Option<f64>,
    opened_at: Option<i64>,
    proposed_at: i64,
}

impl Memory {
    /// Parses the value of the key. Empty bytes mean that the key does not exist.
    pub(super) fn read(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        let stored = serde_json::from_slice::<StoredMemory>(bytes).ok();
        let proposed = stored.and_then(|stored| {
            Some(Self::Proposed {
                stage: Stage::parse(&stored.stage)?,
                peak: stored.peak_quantity,
                opened_at: stored.opened_at,
                proposed_at: stored.proposed_at,
            })
        });
        proposed.unwrap_or(Self::Unreadable)
    }

    /// Returns the new text of the memory after a proposal at `now`.
    pub(super) fn updated(
        self,
        (stage, peak): (Stage, Option<f64>),
        opening: &OpeningTime,
        now: Timestamp,
    ) -> String {
        let before = match self {
            Self::Proposed { opened_at, .. } => opened_at,
            Self::Empty | Self::Unreadable => None,
        };
        // The remembered opening time never decreases, so that a stage of an earlier position never
        // counts again.
        let opened_at = opening.at().map(|at| at.as_millis()).max(before);
        let opened_at = opened_at
            .filter(|_| opening.at().is_some())
            .map_or_else(String::new, |at| format!(r#""opened_at":{at},"#));
        stored(stage, peak, &opened_at, now.as_millis())
    }

    /// Returns the stage that counts as taken from a position with this opening time.
    pub(super) fn taken(self, opening: &OpeningTime, now: Timestamp) -> Harvested {
        match self {
            _ if opening.is_ahead(now) => Harvested::Unreadable,
            Self::Unreadable => Harvested::Unreadable,
            Self::Proposed { stage, .. } if self.counts(opening) => Harvested::Stage(stage),
            Self::Proposed { .. } | Self::Empty => Harvested::Stage(Stage::None),
        }
    }

    /// Returns the largest quantity of a position with this opening time, if it is known.
    pub(super) fn peak(self, opening: &OpeningTime) -> Option<f64> {
        match self {
            Self::Proposed { peak, .. } if self.counts(opening) => peak,
            Self::Proposed { .. } | Self::Empty | Self::Unreadable => None,
        }
    }

    fn counts(self, opening: &OpeningTime) -> bool {
        let Self::Proposed {
            opened_at,
            proposed_at,
            ..
        } = self
        else {
            return false;
        };
        opening
            .at()
            .is_none_or(|at| at.as_millis() <= opened_at.unwrap_or(proposed_at))
    }

    /// Returns true if the memory must be removed when the position is flat, because no opening time distinguishes the
    /// position from the next one.
    pub(super) const fn ends_when_flat(self) -> bool {
        matches!(
            self,
            Self::Proposed {
                opened_at: None,
                ..
            }
        )
    }

    /// Returns the new text of the memory after the key of the position was deleted; `None` if the memory does not
    /// change.
    pub(super) fn without_peak(self) -> Option<String> {
        match self {
            Self::Proposed {
                stage,
                peak: Some(_),
                opened_at: None,
                proposed_at,
            } => Some(stored(stage, None, "", proposed_at)),
            Self::Proposed { .. } | Self::Empty | Self::Unreadable => None,
        }
    }
}

fn stored(stage: Stage, peak: Option<f64>, opened_at: &str, proposed_at: i64) -> String {
    let stage = HarvestAction::from(stage);
    let peak = peak.map_or_else(String::new, |peak| format!(r#""peak_quantity":{peak},"#));
    format!(r#"{{"stage":"{stage}",{peak}{opened_at}"proposed_at":{proposed_at}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_767_571_200_000 + millis).unwrap()
    }

    fn remembered(opening: &OpeningTime, now: i64) -> Memory {
        let text = Memory::Empty.updated((Stage::Partial50, Some(2.5)), opening, at(now));
        Memory::read(text.as_bytes())
    }

    #[track_caller]
    fn check(memory: Memory, opening: &OpeningTime, counts: bool) {
        let expected = if counts {
            Stage::Partial50
        } else {
            Stage::None
        };
        assert_eq!(
            memory.taken(opening, at(1000)),
            Harvested::Stage(expected),
            "{memory:?} {opening:?}"
        );
        assert_eq!(memory.peak(opening), counts.then_some(2.5));
    }

    #[test]
    fn a_stage_counts_for_its_own_position() {
        let known = remembered(&OpeningTime::At(at(10)), 20);
        for (opening, counts) in [
            (OpeningTime::At(at(10)), true),
            (OpeningTime::At(at(9)), true),
            (OpeningTime::At(at(11)), false),
            (OpeningTime::Absent, true),
            (OpeningTime::Unreadable(String::new()), true),
        ] {
            check(known, &opening, counts);
        }
        let unknown = remembered(&OpeningTime::Absent, 20);
        for (opening, counts) in [
            (OpeningTime::At(at(10)), true),
            (OpeningTime::At(at(20)), true),
            (OpeningTime::At(at(21)), false),
            (OpeningTime::Absent, true),
        ] {
            check(unknown, &opening, counts);
        }
        assert!(unknown.ends_when_flat() && !known.ends_when_flat());
        // A deleted key can be followed by a smaller position.
        assert_eq!(known.without_peak(), None);
        let kept = Memory::read(unknown.without_peak().unwrap().as_bytes());
        assert_eq!(kept.peak(&OpeningTime::Absent), None);
        assert_eq!(
            kept.taken(&OpeningTime::Absent, at(1000)),
            Harvested::Stage(Stage::Partial50)
        );
    }

    #[test]
    fn an_earlier_opening_does_not_replace_a_later_one() {
        let known = remembered(&OpeningTime::At(at(10)), 20);
        let text = known.updated(
            (Stage::Partial50, Some(2.5)),
            &OpeningTime::At(at(9)),
            at(30),
        );
        check(
            Memory::read(text.as_bytes()),
            &OpeningTime::At(at(10)),
            true,
        );
    }

    #[test]
    fn an_unreadable_memory_stops_all_stages() {
        for text in ["{}", "!", "\u{0}", r#"{"stage":"ALL","proposed_at":1}"#] {
            let memory = Memory::read(text.as_bytes());
            assert_eq!(
                memory.taken(&OpeningTime::Absent, at(0)),
                Harvested::Unreadable
            );
        }
        let ahead = OpeningTime::At(at(1001));
        assert_eq!(Memory::Empty.taken(&ahead, at(1000)), Harvested::Unreadable);
    }
}
