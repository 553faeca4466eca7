//! A synthetic tape: records that look like a trading system's, made of a seed and nothing else.
//!
//! **Every number in it is made up**: prices, sizes, leverages and thresholds are for trying the engine out,
//! never for trading. They reach the engine as any tape's do, as fields of records; none of them stands in
//! for an input that is missing.
//!
//! The same seed gives the same bytes on every platform, and a shorter tape is the beginning of a longer
//! one. The first 2048 records hold every kind of record there is, whatever the seed; how many records come
//! after that changes neither the memory that writing takes nor, but for two a month, the number of policies.

mod dice;
mod intents;
mod json;
mod odd;
mod policies;
mod schedule;
mod snapshots;
mod world;

use std::io::{self, Write};

use self::{
    intents::{Ask, stream_id},
    json::{Object, PLAIN},
    policies::Flaw,
    schedule::{Kind, kind_of},
    snapshots::Seen,
    world::World,
};

/// How much is written at once.
const WRITE_BYTES: usize = 64 * 1024;

/// Writes a tape of so many records, one a line.
///
/// ```
/// let mut tape = Vec::new();
/// portcullis_sim::generate::write_tape(100, 7, &mut tape)?;
/// assert_eq!(tape.iter().filter(|byte| **byte == b'\n').count(), 100);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// What `out` answers to a write.
pub fn write_tape(records: u64, seed: u64, out: &mut impl Write) -> io::Result<()> {
    let mut world = World::new(seed);
    let mut lines = Vec::with_capacity(2 * WRITE_BYTES);
    for record in 0..records {
        world.turn_to(record);
        let kind = kind_of(&mut world);
        write_record(kind, &mut world, &mut lines);
        lines.push(b'\n');
        if lines.len() >= WRITE_BYTES {
            out.write_all(&lines)?;
            lines.clear();
        }
    }
    out.write_all(&lines)
}

fn write_record(kind: Kind, world: &mut World, line: &mut Vec<u8>) {
    match kind {
        Kind::Entry => Ask::entry(world).write(world, line),
        Kind::Exit => Ask::exit(world).write(world, line),
        Kind::Snapshot => Seen::usual(world).write(world, line),
        Kind::Odd(oddity) => oddity.write(world, line),
        Kind::Withdrawal => {
            let mut object = Object::begin(line, PLAIN);
            stream_id(&mut object, world.now_ms);
            object.text("event_type", "policy.withdrawn");
            object.end();
        }
        Kind::Publication(publication) => {
            if publication.flaw == Flaw::None {
                // So that intents ask for less, as much and more than what the policy gives.
                world.revision = publication.edition.revision();
            }
            let mut object = Object::begin(line, PLAIN);
            stream_id(&mut object, world.now_ms);
            object.text("event_type", "policy.updated");
            publication.write(object.value("policy"));
            object.end();
        }
    }
}

#[cfg(test)]
mod tests;
