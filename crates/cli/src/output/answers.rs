//! The output for the answers of a replay.

use portcullis_sim::replay::{AnswerRows, AnswerSink};

use crate::{failure::Failure, output::file::OutputFile};

/// Returns the output for answers: Parquet if the file name ends in `.parquet`, otherwise JSON lines. `settings` is the
/// hash of the settings of a whole run, and `None` for a part.
pub(crate) fn answers_to(
    out: Option<&mut OutputFile>,
    settings: Option<String>,
) -> Result<AnswerSink<'_>, Failure> {
    Ok(match out {
        None => AnswerSink::Discard,
        Some(out) if out.is_parquet() => {
            let rows = AnswerRows::new(out.writer());
            let rows = rows.map_err(|error| Failure::write(&error))?;
            AnswerSink::Rows(Box::new(match settings {
                Some(hash) => rows.with_settings(hash),
                None => rows,
            }))
        }
        Some(out) => AnswerSink::Lines(out.writer()),
    })
}
