//! The kind of each record, by its number.
//!
//! All rare records are at fixed record numbers, so that the first 2048 records of every tape
//! include each of them, for any seed. Policies are at the numbers of [`CHANGES`]. Every sixteenth
//! record is the next rare record of the cycle. All other records are ordinary and chosen at
//! random.

use super::{
    calendar::{MONTH, START_SEC, STEP_MS, month_of},
    policies::{Edition, Encoding, Flaw, Publication, Revision},
    rare::{RARE_RECORDS, RareRecord},
    world::World,
};

/// The kind of a record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Publication(Publication),
    Withdrawal,
    Rare(RareRecord),
    Entry,
    Exit,
    Position,
}

/// The number of records in a cycle of policy changes. It is large, so changes are rare in a long tape.
const ROUND: u64 = 1_000_000;
/// The number of records for which each ordinary policy of a month is active.
const TERM: u64 = 250_000;
/// One in this number of records is a rare one. It is at offset [`RARE_AT`].
const RARE_EVERY: u64 = 16;
const RARE_AT: u64 = 7;

/// A policy change.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// One of the ordinary policies of a month.
    Ordinary(Revision, Encoding, HashStated),
    /// A policy that is rejected, so the previous policy stays active.
    Flawed(Flaw, Encoding),
    /// A policy that comes into force at this record of the first cycle. In later cycles, it is
    /// never in force.
    Early {
        in_force_at: u64,
    },
    /// A policy that expires at this record of the first cycle. In later cycles, it has already
    /// expired.
    Short {
        expires_at: u64,
    },
    /// Any other policy.
    Special(Edition, Encoding),
    Withdrawn,
}

#[derive(Debug, Clone, Copy)]
enum HashStated {
    Yes,
    No,
}

/// All policy changes of a cycle are at offsets below this one.
const CHANGES_END: u64 = 2048;

/// The changes of a cycle, each with its offset. None of the offsets belongs to a rare record.
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

/// Returns the kind of the current record.
pub(super) fn kind_of(world: &mut World) -> Kind {
    if let Some(kind) = change_at(world.record) {
        return kind;
    }
    if world.record % RARE_EVERY == RARE_AT {
        return rare_at(world.record);
    }
    match world.rng.below(100) {
        0..7 => Kind::Exit,
        7..15 => Kind::Position,
        _ => Kind::Entry,
    }
}

fn rare_at(record: u64) -> Kind {
    let turn = usize::try_from(record / RARE_EVERY).unwrap_or_default();
    let rare = RARE_RECORDS.get(turn % RARE_RECORDS.len());
    rare.map_or(Kind::Entry, |record| Kind::Rare(*record))
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
        Change::Early { .. } => special(Edition::NotYetValid, Encoding::Document),
        Change::Short { expires_at } if round == 0 => {
            let sec = second_of(expires_at);
            special(Edition::Until { sec }, Encoding::Hash)
        }
        Change::Short { .. } => special(Edition::Expired, Encoding::Hash),
        Change::Special(edition, encoding) => special(edition, encoding),
        Change::Withdrawn => Kind::Withdrawal,
    })
}

/// Returns the time of a record of the first cycle, in epoch seconds.
const fn second_of(place: u64) -> u64 {
    START_SEC + place * STEP_MS / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_and_rare_records_never_coincide() {
        for (place, _) in CHANGES {
            assert!(place < CHANGES_END);
            assert_ne!(place % RARE_EVERY, RARE_AT);
        }
    }

    #[test]
    fn every_rare_record_occurs_twice_in_the_first_2048_records() {
        let places = u64::try_from(RARE_RECORDS.len()).unwrap() * RARE_EVERY;
        assert!(2 * places <= 2048, "{places}");
    }

    #[test]
    fn policies_of_a_month_are_published_at_its_first_record() {
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
    fn changes_are_rare() {
        let changes = (0..10 * ROUND).filter(|n| change_at(*n).is_some()).count();
        assert_eq!(changes, 10 * (CHANGES.len() + 3));
    }
}
