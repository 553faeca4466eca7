//! Backfill: what each published policy would have done with the intents of each recorded day.
//!
//! The intents of a day are divided by the policy that was active when they were recorded. Each part is answered under
//! every published policy, as if that policy had been in force, and is independent of all other parts, so that finished
//! parts can be kept. If candles are given, the orders of each part are simulated from the starting cash, until one week
//! after the day.

mod effect;
mod error;
mod part;
mod publication;
mod settings;

use std::collections::BTreeMap;

use portcullis::types::Timestamp;

pub use effect::{Effect, effects};
pub use error::BackfillError;
pub use part::Part;
use part::{PartKey, PartRun};
pub use publication::Publication;
pub use settings::BackfillSettings;
use settings::DAY_MS;

use crate::{tape::TapeReader, trial::each_question};

/// The result of a backfill.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Backfill {
    /// All parts, by day, active policy and policy.
    pub parts: Vec<Part>,
    /// The new parts that can be kept: their day is before the last day of the tapes, and no position or order waits for
    /// later candles.
    pub finished: Vec<Part>,
    /// The number of intents and recorded decisions without a time, which are in no part.
    pub undated: u64,
}

/// Answers the intents of each day under every publication. `known` are finished parts of an earlier run, which are not
/// computed again. `progress` receives the number of records read.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end, if the records of a known part have changed, or if an amount of
/// the simulation is out of range.
pub fn backfill(
    settings: &BackfillSettings<'_>,
    publications: &[Publication],
    known: &[Part],
    tapes: TapeReader,
    progress: &mut dyn FnMut(u64),
) -> Result<Backfill, BackfillError> {
    let mut runs: BTreeMap<PartKey, PartRun<'_>> = BTreeMap::new();
    let mut result = Backfill::default();
    each_question(settings.replayer, tapes, progress, |line, at, question| {
        let Some(at) = at else {
            result.undated += 1;
            return;
        };
        let key = PartKey {
            day: at.as_millis().div_euclid(DAY_MS),
            active: active(publications, at),
        };
        let run = runs
            .entry(key)
            .or_insert_with(|| PartRun::new(key, publications, known, settings.identity));
        run.answer(settings.replayer, (line, at), question);
    })?;
    let last_day = runs.keys().map(|key| key.day).max();
    for (key, run) in runs {
        for (part, is_new) in run.finish(settings, publications)? {
            if is_new && part.is_settled() && Some(key.day) != last_day {
                result.finished.push(part.clone());
            }
            result.parts.push(part);
        }
    }
    result
        .parts
        .sort_by(|one, other| one.key().cmp(&other.key()));
    Ok(result)
}

/// Returns the index of the publication that was active at a time. The publications are in order of time.
fn active(publications: &[Publication], at: Timestamp) -> Option<usize> {
    let after = publications.partition_point(|publication| publication.at <= at);
    after.checked_sub(1)
}

#[cfg(test)]
mod tests;
