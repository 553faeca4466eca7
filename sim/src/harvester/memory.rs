//! Which stages were proposed before.
//!
//! A stage counts for the position that it was proposed for, told apart by its opening:
//!
//! | the position says | a remembered stage counts |
//! |---|---|
//! | a later opening than the remembered one | no: it is another position |
//! | the same opening, or an earlier one | yes |
//! | an opening, and the remembered position said none | where it was open when the stage was proposed |
//! | no opening that can be read | yes, whichever position it was of |
//!
//! So nothing is proposed twice for want of an opening. Without openings a symbol starts afresh when its
//! position says that it is flat; a key that is merely gone says nothing.

use portcullis::{
    domain::Instant,
    harvest::{HarvestAction, Harvested, Stage},
};
use serde::Deserialize;

use super::opening::Opening;

/// What stands in the place of a memory that is no text.
pub(super) const OF_ANOTHER_TYPE: &[u8] = b"!";

/// What is remembered of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// Nothing was proposed.
    Empty,
    /// The highest stage that was.
    Proposed {
        stage: Stage,
        /// Epoch milliseconds; `None`: the position did not say.
        opened_at: Option<i64>,
        /// Epoch milliseconds.
        proposed_at: i64,
    },
    /// Something that nobody can read: no stage is proposed.
    Unreadable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    stage: String,
    opened_at: Option<i64>,
    proposed_at: i64,
}

impl Memory {
    /// Reads what lies under its key; nothing is no bytes.
    pub(super) fn read(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        let written = serde_json::from_slice::<Written>(bytes).ok();
        let proposed = written.and_then(|written| {
            Some(Self::Proposed {
                stage: Stage::parse(&written.stage)?,
                opened_at: written.opened_at,
                proposed_at: written.proposed_at,
            })
        });
        proposed.unwrap_or(Self::Unreadable)
    }

    /// What is to be remembered of a stage that is proposed now.
    pub(super) fn of(self, stage: Stage, opening: &Opening, now: Instant) -> String {
        let before = match self {
            Self::Proposed { opened_at, .. } => opened_at,
            Self::Empty | Self::Unreadable => None,
        };
        // Never an earlier one than before: what was told apart stays apart.
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

    /// The stage that counts as taken from a position of this opening.
    pub(super) fn taken(self, opening: &Opening, now: Instant) -> Harvested {
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

    /// A position without an opening ends with the word that it is flat.
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

    fn at(millis: i64) -> Instant {
        Instant::from_millis(1_767_571_200_000 + millis).unwrap()
    }

    fn remembered(opening: &Opening, now: i64) -> Memory {
        let text = Memory::Empty.of(Stage::Partial50, opening, at(now));
        Memory::read(text.as_bytes())
    }

    #[track_caller]
    fn check(memory: Memory, opening: &Opening, counts: bool) {
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
        let known = remembered(&Opening::At(at(10)), 20);
        for (opening, counts) in [
            (Opening::At(at(10)), true),
            (Opening::At(at(9)), true),
            (Opening::At(at(11)), false),
            (Opening::Unsaid, true),
            (Opening::Unreadable(String::new()), true),
        ] {
            check(known, &opening, counts);
        }
        let unknown = remembered(&Opening::Unsaid, 20);
        for (opening, counts) in [
            (Opening::At(at(10)), true),
            (Opening::At(at(20)), true),
            (Opening::At(at(21)), false),
            (Opening::Unsaid, true),
        ] {
            check(unknown, &opening, counts);
        }
        assert!(unknown.ends_when_flat() && !known.ends_when_flat());
    }

    #[test]
    fn an_earlier_opening_does_not_take_the_place_of_a_later_one() {
        let known = remembered(&Opening::At(at(10)), 20);
        let text = known.of(Stage::Partial50, &Opening::At(at(9)), at(30));
        check(Memory::read(text.as_bytes()), &Opening::At(at(10)), true);
    }

    #[test]
    fn what_nobody_can_read_silences_the_ladder() {
        for text in ["{}", "!", "\u{0}", r#"{"stage":"ALL","proposed_at":1}"#] {
            let memory = Memory::read(text.as_bytes());
            assert_eq!(memory.taken(&Opening::Unsaid, at(0)), Harvested::Unreadable);
        }
        let ahead = Opening::At(at(1001));
        assert_eq!(Memory::Empty.taken(&ahead, at(1000)), Harvested::Unreadable);
    }
}
