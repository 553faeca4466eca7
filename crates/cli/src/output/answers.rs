//! The output for the answers of a replay.

use std::io::{self, Write};

use portcullis_sim::replay::{AnswerRows, AnswerSink};

use crate::{failure::Failure, output::file::OutputFile};

/// The constructor of a Parquet writer for answers.
type NewRows<'w> = fn(&'w mut (dyn Write + Send)) -> io::Result<AnswerRows<'w>>;

/// Returns the output for answers: Parquet if the file name ends in `.parquet`, otherwise JSON lines. `settings` is the
/// hash of the settings of a whole run, and `None` for a part.
pub(crate) fn answers_to(
    out: Option<&mut OutputFile>,
    settings: Option<String>,
) -> Result<AnswerSink<'_>, Failure> {
    sink(out, settings, AnswerRows::new)
}

/// Returns the output for answers under a policy set, which have arm reasons.
pub(crate) fn set_answers_to(
    out: Option<&mut OutputFile>,
    settings: String,
) -> Result<AnswerSink<'_>, Failure> {
    sink(out, Some(settings), AnswerRows::with_arm_reasons)
}

fn sink<'o>(
    out: Option<&'o mut OutputFile>,
    settings: Option<String>,
    new_rows: NewRows<'o>,
) -> Result<AnswerSink<'o>, Failure> {
    Ok(match out {
        None => AnswerSink::Discard,
        Some(out) if out.is_parquet() => {
            let rows = new_rows(out.writer()).map_err(|error| Failure::write(&error))?;
            AnswerSink::Rows(Box::new(match settings {
                Some(hash) => rows.with_settings(hash),
                None => rows,
            }))
        }
        Some(out) => AnswerSink::Lines(out.writer()),
    })
}
