//! The output for the answers of a replay.

use portcullis_sim::replay::{AnswerRows, AnswerSink};

use crate::{failure::Failure, output::file::OutputFile};

/// Returns the output for answers: Parquet if the file name ends in `.parquet`, otherwise JSON lines.
pub(crate) fn answers_to(out: Option<&mut OutputFile>) -> Result<AnswerSink<'_>, Failure> {
    Ok(match out {
        None => AnswerSink::Discard,
        Some(out) if out.is_parquet() => {
            let rows = AnswerRows::new(out.writer());
            AnswerSink::Rows(Box::new(rows.map_err(|error| Failure::write(&error))?))
        }
        Some(out) => AnswerSink::Lines(out.writer()),
    })
}
