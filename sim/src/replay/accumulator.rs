//! Collection of the results of chunks.

use serde::{Deserialize, Serialize};

use super::{
    chunk_output::ChunkOutput, counts::Counts, digest_part::DigestPart, error::ReplayError,
    set_counts::SetCounts, sinks::Sinks,
};
use crate::tape::TapeError;

/// The results of all chunks so far. They are added in order.
pub(super) struct Accumulator<'a, 'w> {
    pub(super) digest: DigestPart,
    pub(super) counts: Counts,
    /// The counts of the entries under a policy set.
    pub(super) set: SetCounts,
    /// The counts of each tape.
    pub(super) tapes: Vec<TapeCounts>,
    pub(super) sinks: Sinks<'a, 'w>,
}

/// The counts of one tape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TapeCounts {
    pub(super) records: u64,
    pub(super) unreadable: u64,
}

impl TapeCounts {
    pub(super) const fn add(&mut self, more: Self) {
        self.records += more.records;
        self.unreadable += more.unreadable;
    }

    /// Returns the indexes of tapes that have lines but no readable record.
    pub(super) fn unreadable_tapes(tapes: &[Self]) -> Vec<usize> {
        let tapes = tapes.iter().enumerate();
        let unreadable = tapes.filter(|(_, it)| it.records > 0 && it.records == it.unreadable);
        unreadable.map(|(tape, _)| tape).collect()
    }
}

impl<'a, 'w> Accumulator<'a, 'w> {
    /// Creates the results before the first chunk. `digest` contains no rows.
    pub(super) fn new(digest: DigestPart, sinks: Sinks<'a, 'w>) -> Self {
        Self {
            digest,
            counts: Counts::default(),
            set: SetCounts::default(),
            tapes: Vec::new(),
            sinks,
        }
    }

    pub(super) fn add(&mut self, output: &mut ChunkOutput) -> Result<(), ReplayError> {
        self.digest.update(&output.rows);
        self.counts.merge(&output.counts);
        self.set.merge(&output.set);
        if self.tapes.len() <= output.tape {
            self.tapes.resize(output.tape + 1, TapeCounts::default());
        }
        if let Some(tape) = self.tapes.get_mut(output.tape) {
            tape.add(TapeCounts {
                records: output.counts.records,
                unreadable: output.counts.unreadable(),
            });
        }
        let written = self.sinks.answers.write(&mut output.answers);
        written.map_err(ReplayError::Write)?;
        if let Some(tally) = &mut self.sinks.tally {
            output.report_rows.iter().for_each(|row| tally.add(row));
        }
        (self.sinks.progress)(&self.counts);
        Ok(())
    }

    pub(super) fn tape_error(&self, error: TapeError) -> ReplayError {
        ReplayError::Tape {
            error,
            records: self.counts.records,
        }
    }
}
