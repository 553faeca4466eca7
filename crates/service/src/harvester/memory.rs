//! The remembered stage of each symbol: the highest stage that was proposed for its position.
//!
//! A remembered stage counts only for the position for which it was proposed. Positions are
//! distinguished by their opening time:
//!
//! | opening time of the position | does the remembered stage count? |
//! |---|---|
//! | later than the remembered opening time | no, because it is another position |
//! | equal to the remembered opening time, or earlier | yes |
//! | present, but no opening time is remembered | yes, if the position was opened before the stage was proposed |
//! | absent or unreadable | yes |
//!
//! So a missing opening time never leads to a duplicate proposal. Without opening times, the
//! remembered stage of a symbol is removed when its position is flat, but not when the key of the
//! position is deleted.

use portcullis::{
    harvest::{HarvestAction, Harvested, Stage},
    types::Timestamp,
};
use serde::Deserialize;

use super::opening_time::OpeningTime;

/// Placeholder for the value of a key that does not hold a string.
pub(super) const WRONG_TYPE: &[u8] = b"!";

/// The remembered stage of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// Nothing was proposed.
    Empty,
    /// The highest stage that was proposed.
    Proposed {
        stage: Stage,
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
                opened_at: stored.opened_at,
                proposed_at: stored.proposed_at,
            })
        });
        proposed.unwrap_or(Self::Unreadable)
    }

    /// Returns the new value of the key after `stage` was proposed at `now`.
    pub(super) fn updated(self, stage: Stage, opening: &OpeningTime, now: Timestamp) -> String {
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
        format!(
            r#"{{"stage":"{}",{opened_at}"proposed_at":{}}}"#,
            HarvestAction::from(stage),
            now.as_millis()
        )
    }

    /// Returns the stage that counts as taken from a position with this opening time.
    pub(super) fn taken(self, opening: &OpeningTime, now: Timestamp) -> Harvested {
        let (stage, opened_at, proposed_at) = match self {
            _ if opening.is_ahead(now) => return Harvested::Unreadable,
            Self::Unreadable => return Harvested::Unreadable,
            Self::Empty => return Harvested::Stage(Stage::None),
            Self::Proposed {
                stage,
                opened_at,
                proposed_at,
            } => (stage, opened_at, proposed_at),
        };
        let counts = match opening.at() {
            None => true,
            Some(at) => at.as_millis() <= opened_at.unwrap_or(proposed_at),
        };
        Harvested::Stage(if counts { stage } else { Stage::None })
    }

    /// Returns true if the remembered stage must be removed when the position is flat, because no
    /// opening time distinguishes it from the next position.
    pub(super) const fn ends_when_flat(self) -> bool {
        matches!(
            self,
            Self::Proposed {
                opened_at: None,
                ..
            }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_767_571_200_000 + millis).unwrap()
    }

    fn remembered(opening: &OpeningTime, now: i64) -> Memory {
        let text = Memory::Empty.updated(Stage::Partial50, opening, at(now));
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
    }

    #[test]
    fn an_earlier_opening_does_not_replace_a_later_one() {
        let known = remembered(&OpeningTime::At(at(10)), 20);
        let text = known.updated(Stage::Partial50, &OpeningTime::At(at(9)), at(30));
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
