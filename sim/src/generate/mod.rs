//! A synthetic tape: realistic records that are generated from a seed.
//!
//! **Every number on the tape is invented.** Prices, sizes, leverages and thresholds serve to try out the engine, never
//! to trade. They reach the engine as fields of records, like those of any tape; none of them replaces a missing input.
//!
//! The same seed yields the same bytes on every platform, and a shorter tape is a prefix of a longer one. The first
//! 2048 records include every kind of record, for any seed. Further records do not increase the memory for writing, and
//! add only two policies per month.

mod calendar;
mod intents;
mod json;
mod policies;
mod positions;
mod rare;
mod rng;
mod schedule;
mod symbols;
mod world;

use std::io::{self, Write};

use self::{
    intents::{Intent, stream_id},
    json::{Object, PLAIN},
    policies::Flaw,
    positions::Position,
    schedule::{Kind, kind_of},
    world::World,
};

/// The size of one write, in bytes.
const WRITE_BYTES: usize = 64 * 1024;

/// Writes a tape of `records` records, one per line.
///
/// ```
/// let mut tape = Vec::new();
/// portcullis_sim::generate::write_tape(100, 7, &mut tape)?;
/// assert_eq!(tape.iter().filter(|byte| **byte == b'\n').count(), 100);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Returns the error of a failed write to `out`.
pub fn write_tape(records: u64, seed: u64, out: &mut impl Write) -> io::Result<()> {
    let mut world = World::new(seed);
    let mut lines = Vec::with_capacity(2 * WRITE_BYTES);
    for record in 0..records {
        world.advance_to(record);
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
        Kind::Entry => Intent::entry(world).write(world, line),
        Kind::Exit => Intent::exit(world).write(world, line),
        Kind::Position => Position::typical(world).write(world, line),
        Kind::Rare(record) => record.write(world, line),
        Kind::Withdrawal => {
            let mut object = Object::begin(line, PLAIN);
            stream_id(&mut object, world.now_ms);
            object.text("event_type", "policy.withdrawn");
            object.end();
        }
        Kind::Publication(publication) => {
            if publication.flaw == Flaw::None {
                // Intents then request less than, as much as, and more than the leverage of the active policy.
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
