//! Which kind of record stands at which number.
//!
//! Everything rare has its place by number and not by chance, so that the first 2048 records of every tape
//! hold all of it, whatever the seed. Policies come at the places of [`CHANGES`], oddities at every
//! sixteenth record, one after the other; what is left is ordinary and falls by chance.

use super::{
    odd::{ODDITIES, Oddity},
    policies::{Edition, Encoding, Flaw, Publication, Revision},
    world::{START_SEC, STEP_MS, World},
};

/// What stands at a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Publication(Publication),
    Withdrawal,
    Odd(Oddity),
    Entry,
    Exit,
    Snapshot,
}

/// From one round of changes to the next: in a long tape they are rare.
const ROUND: u64 = 1_000_000;
/// Within a round, how long one of the two ordinary policies of a month lasts.
const TERM: u64 = 250_000;
/// How many records 30 days hold: when the policies of a month end, there are those of the next.
const MONTH: u64 = 30 * 86_400_000 / STEP_MS;

/// Every so many records comes an oddity, at this place among them.
const ODD_EVERY: u64 = 16;
const ODD_AT: u64 = 7;

/// What happens to the policy.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// An ordinary policy of the month.
    Ordinary(Revision, Encoding, HashStated),
    /// One that is refused: the one before stays in force.
    Flawed(Flaw, Encoding),
    /// One that is in force only from a place of the first round on; in later rounds never.
    Early {
        in_force_at: u64,
    },
    /// One that expires at a place of the first round; in later rounds it has expired before.
    Short {
        expires_at: u64,
    },
    /// Another one.
    Special(Edition, Encoding),
    Withdrawn,
}

#[derive(Debug, Clone, Copy)]
enum HashStated {
    Yes,
    No,
}

/// All of them stand before this place of their round.
const CHANGES_END: u64 = 2048;

/// By place within a round. None of them is a place of an oddity.
const CHANGES: [(u64, Change); 18] = {
    use Change::{Early, Flawed, Ordinary, Short, Special, Withdrawn};
    use Encoding::{Document, Hash};
    use HashStated::{No, Yes};
    use Revision::{First, Second};
    [
        (0, Ordinary(First, Document, Yes)),
        (200, Ordinary(Second, Hash, No)),
        (400, Flawed(Flaw::WrongHash, Document)),
        (450, Flawed(Flaw::MissingField, Hash)),
        (500, Flawed(Flaw::Unparsable, Hash)),
        (550, Flawed(Flaw::OutOfBounds, Document)),
        (600, Early { in_force_at: 640 }),
        (700, Ordinary(First, Document, No)),
        (800, Short { expires_at: 900 }),
        (940, Ordinary(Second, Document, Yes)),
        (1100, Withdrawn),
        (1140, Ordinary(First, Hash, Yes)),
        (1300, Special(Edition::LongTerm, Document)),
        (1340, Ordinary(Second, Hash, Yes)),
        (1500, Special(Edition::OtherMarket, Hash)),
        (1540, Ordinary(First, Document, Yes)),
        (1700, Special(Edition::Tight, Document)),
        (1740, Ordinary(Second, Document, Yes)),
    ]
};

/// What the record that the world has come to is.
pub(super) fn kind_of(world: &mut World) -> Kind {
    if let Some(kind) = change_at(world.record) {
        return kind;
    }
    if world.record % ODD_EVERY == ODD_AT {
        return odd_at(world.record);
    }
    match world.dice.below(100) {
        0..7 => Kind::Exit,
        7..15 => Kind::Snapshot,
        _ => Kind::Entry,
    }
}

/// The month that a record falls into; counts from 0.
pub(super) const fn month_of(record: u64) -> u64 {
    record / MONTH
}

fn odd_at(record: u64) -> Kind {
    let turn = usize::try_from(record / ODD_EVERY).unwrap_or_default();
    let oddity = ODDITIES.get(turn % ODDITIES.len());
    oddity.map_or(Kind::Entry, |oddity| Kind::Odd(*oddity))
}

fn change_at(record: u64) -> Option<Kind> {
    let month = month_of(record);
    let ordinary = |revision, encoding, stated| {
        Kind::Publication(Publication {
            edition: Edition::Monthly { month, revision },
            flaw: Flaw::None,
            encoding,
            states_hash: matches!(stated, HashStated::Yes),
        })
    };
    let (round, place) = (record / ROUND, record % ROUND);
    let is_early = place < CHANGES_END;
    let listed = CHANGES.iter().find(|(at, _)| is_early && *at == place);
    let Some((_, change)) = listed else {
        let revision = if record.is_multiple_of(MONTH) || place == 2 * TERM {
            Revision::First
        } else if place == TERM || place == 3 * TERM {
            Revision::Second
        } else {
            return None;
        };
        return Some(ordinary(revision, Encoding::Document, HashStated::Yes));
    };
    let special = |edition, encoding| {
        Kind::Publication(Publication {
            edition,
            flaw: Flaw::None,
            encoding,
            states_hash: true,
        })
    };
    Some(match *change {
        Change::Ordinary(revision, encoding, stated) => ordinary(revision, encoding, stated),
        Change::Flawed(flaw, encoding) => Kind::Publication(Publication {
            edition: Edition::Monthly {
                month,
                revision: Revision::First,
            },
            flaw,
            encoding,
            states_hash: true,
        }),
        Change::Early { in_force_at } if round == 0 => {
            let sec = second_of(in_force_at);
            special(Edition::From { sec }, Encoding::Document)
        }
        Change::Early { .. } => special(Edition::FarAhead, Encoding::Document),
        Change::Short { expires_at } if round == 0 => {
            let sec = second_of(expires_at);
            special(Edition::Until { sec }, Encoding::Hash)
        }
        Change::Short { .. } => special(Edition::LongGone, Encoding::Hash),
        Change::Special(edition, encoding) => special(edition, encoding),
        Change::Withdrawn => Kind::Withdrawal,
    })
}

/// When a place of the first round comes.
const fn second_of(place: u64) -> u64 {
    START_SEC + place * STEP_MS / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_never_takes_the_place_of_an_oddity() {
        for (place, _) in CHANGES {
            assert!(place < CHANGES_END);
            assert_ne!(place % ODD_EVERY, ODD_AT);
        }
    }

    #[test]
    fn every_oddity_comes_twice_within_the_first_2048_records() {
        let places = u64::try_from(ODDITIES.len()).unwrap() * ODD_EVERY;
        assert!(2 * places <= 2048, "{places}");
    }

    #[test]
    fn policies_of_a_month_are_published_before_they_are_asked_for() {
        let published = change_at(MONTH);
        assert!(matches!(
            published,
            Some(Kind::Publication(Publication {
                edition: Edition::Monthly {
                    month: 1,
                    revision: Revision::First
                },
                ..
            }))
        ));
    }

    #[test]
    fn changes_are_few() {
        let changes = (0..10 * ROUND).filter(|n| change_at(*n).is_some()).count();
        assert_eq!(changes, 10 * (CHANGES.len() + 3));
    }
}
