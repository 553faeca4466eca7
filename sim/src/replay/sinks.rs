//! The outputs of a replay.

use std::io::{self, Write};

use super::{
    answer_rows::AnswerRows, chunk_output::AnswerBuffer, counts::Counts, tally::AnswerTally,
};

/// The outputs of a replay.
pub struct Sinks<'a, 'w> {
    /// The output to which answers are written.
    pub answers: AnswerSink<'w>,
    /// The data of the HTML report, which is collected only if [`Replayer::reports`](super::Replayer::reports) is set.
    pub tally: Option<&'a mut AnswerTally>,
    /// A function that is called after each chunk with the counts so far.
    pub progress: &'a mut dyn FnMut(&Counts),
}

/// The output to which answers are written.
pub enum AnswerSink<'a> {
    /// Answers are not written.
    Discard,
    /// Answers are written as one JSON line each.
    Lines(&'a mut dyn Write),
    /// Answers are written as one Parquet row each.
    Rows(Box<AnswerRows<'a>>),
}

impl AnswerSink<'_> {
    /// Returns the constructor of the answer buffer that this output needs.
    pub(super) fn buffer(&self) -> fn() -> AnswerBuffer {
        match self {
            Self::Discard => || AnswerBuffer::Nothing,
            Self::Lines(_) => || AnswerBuffer::Lines(Vec::new()),
            Self::Rows(rows) if rows.has_arm_reasons() => {
                || AnswerBuffer::ArmColumns(Box::default())
            }
            Self::Rows(_) => || AnswerBuffer::Columns(Box::default()),
        }
    }

    pub(super) fn write(&mut self, answers: &mut AnswerBuffer) -> io::Result<()> {
        match (self, answers) {
            (Self::Lines(to), AnswerBuffer::Lines(lines)) => to.write_all(lines),
            (Self::Rows(rows), AnswerBuffer::Columns(columns)) => rows.write(columns),
            (Self::Rows(rows), AnswerBuffer::ArmColumns(columns)) => {
                rows.write_with_arm_reasons(columns)
            }
            (Self::Discard | Self::Lines(_) | Self::Rows(_), _) => Ok(()),
        }
    }

    /// Completes the output. `digest` is the digest of all answers, if there is one for each record.
    pub(super) fn finish(self, digest: Option<blake3::Hash>) -> io::Result<()> {
        match self {
            Self::Discard | Self::Lines(_) => Ok(()),
            Self::Rows(rows) => rows.finish(digest),
        }
    }
}
