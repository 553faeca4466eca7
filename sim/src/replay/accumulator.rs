//! Collection of the results of chunks.

use super::{chunk_output::ChunkOutput, counts::Counts, error::ReplayError, sinks::Sinks};
use crate::tape::TapeError;

/// The results of all chunks so far. They are added in order.
pub(super) struct Accumulator<'a, 'w> {
    pub(super) hasher: blake3::Hasher,
    pub(super) counts: Counts,
    /// The number of records and of unreadable records, by tape.
    tapes: Vec<(u64, u64)>,
    pub(super) sinks: Sinks<'a, 'w>,
}

impl<'a, 'w> Accumulator<'a, 'w> {
    pub(super) fn new(sinks: Sinks<'a, 'w>) -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            counts: Counts::default(),
            tapes: Vec::new(),
            sinks,
        }
    }

    pub(super) fn add(&mut self, output: &mut ChunkOutput) -> Result<(), ReplayError> {
        self.hasher.update(&output.rows);
        self.counts.merge(&output.counts);
        if self.tapes.len() <= output.tape {
            self.tapes.resize(output.tape + 1, (0, 0));
        }
        if let Some((records, unreadable)) = self.tapes.get_mut(output.tape) {
            *records += output.counts.records;
            *unreadable += output.counts.unreadable();
        }
        let written = self.sinks.answers.write(&mut output.answers);
        written.map_err(ReplayError::Write)?;
        if let Some(tally) = &mut self.sinks.tally {
            output.report_rows.iter().for_each(|row| tally.add(row));
        }
        (self.sinks.progress)(&self.counts);
        Ok(())
    }

    /// Returns the indexes of tapes that have lines but no readable record.
    pub(super) fn unreadable_tapes(&self) -> Vec<usize> {
        let tapes = self.tapes.iter().enumerate();
        let unreadable =
            tapes.filter(|(_, (records, unreadable))| *records > 0 && records == unreadable);
        unreadable.map(|(tape, _)| tape).collect()
    }

    pub(super) fn tape_error(&self, error: TapeError) -> ReplayError {
        ReplayError::Tape {
            error,
            records: self.counts.records,
        }
    }
}
