//! Comparison of recorded answers with other answers to the same records. The other answers are
//! from another file, or from this engine.
//!
//! One row of each side is read at a time, so memory does not grow with the number of rows. Rows
//! are paired by `n`. Any sign that the two sides answer different tapes ends the comparison with
//! an error.

use std::{collections::VecDeque, sync::Arc};

use portcullis::{
    policy::{Policy, PolicyUnavailable},
    types::Shown,
};

use super::{
    difference::Difference,
    error::DiffError,
    flip::{Flip, FlipKind},
    recorded::Recorded,
    rows::FlipSink,
};
use crate::{
    replay::{ChunkOutput, Replayer, Timeline, Workspace},
    tape::{Line, LineContent, Progress, TapeError, TapeReader, TapeSource},
};

/// The number of records between two progress reports.
const PROGRESS_EVERY: u64 = 1024;

/// A source of answers in the order of their records.
pub trait Answers {
    /// Returns the next answer, or `None` after the last.
    ///
    /// # Errors
    /// Returns an error if the input cannot be read or a row is not an answer.
    fn next_answer(&mut self) -> Result<Option<Recorded>, DiffError>;

    /// Returns the name of the source, for messages.
    fn name(&self) -> String;

    /// Returns the location of an answer, for messages.
    fn place(&self, line: u64) -> String;
}

/// Answers that are read from a file.
pub struct AnswerFile {
    name: String,
    chunks: TapeReader,
    read: VecDeque<Result<Recorded, DiffError>>,
}

impl AnswerFile {
    /// Creates a reader. The file is not opened yet.
    #[must_use]
    pub fn new(source: TapeSource) -> Self {
        Self {
            name: match source.path() {
                Some(path) => format!("`{}`", Shown(path.display()).whole()),
                None => source.to_string(),
            },
            // By default, the reader skips the Parquet columns on which no decision depends. Most columns of an answer
            // are such columns.
            chunks: TapeReader::new(vec![source]).carrying(),
            read: VecDeque::new(),
        }
    }

    /// Returns the progress of reading.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        self.chunks.progress()
    }

    fn row(&self, line: Line<'_>) -> Result<Recorded, DiffError> {
        let why = match line.content {
            LineContent::Text(text) => match Recorded::read(line.number, text) {
                Ok(row) => return Ok(row),
                Err(error) => error.to_string(),
            },
            LineContent::NotUtf8 { column, .. } => format!(", column {column}: not UTF-8"),
            LineContent::TooLong => ": longer than 16 MiB".to_owned(),
        };
        let place = self.place(line.number);
        Err(DiffError::Row { place, why })
    }
}

impl Answers for AnswerFile {
    fn next_answer(&mut self) -> Result<Option<Recorded>, DiffError> {
        loop {
            if let Some(row) = self.read.pop_front() {
                return row.map(Some);
            }
            let chunk = match self.chunks.next() {
                Some(Ok(chunk)) => chunk,
                Some(Err(TapeError::Unsupported { tape, found })) => {
                    return Err(DiffError::Unsupported { file: tape, found });
                }
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(None),
            };
            let rows = chunk.lines().map(|line| self.row(line)).collect();
            self.read = rows;
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn place(&self, line: u64) -> String {
        format!("{}, line {line}", self.name)
    }
}

/// The answers of this engine to tapes, in the form in which a replay writes them.
pub struct ReplayedAnswers<'j> {
    replayer: &'j Replayer,
    timeline: Timeline,
    tapes: TapeReader,
    workspace: Workspace,
    output: ChunkOutput,
    records: u64,
    read: VecDeque<Result<Recorded, DiffError>>,
}

impl<'j> ReplayedAnswers<'j> {
    /// Creates a replay in which `initial` is the active policy until the tape changes it.
    #[must_use]
    pub fn new(
        replayer: &'j Replayer,
        initial: Result<Policy, PolicyUnavailable>,
        tapes: TapeReader,
    ) -> Self {
        Self {
            replayer,
            timeline: Timeline::new(initial),
            tapes,
            workspace: Workspace::default(),
            output: ChunkOutput::with_lines(),
            records: 0,
            read: VecDeque::new(),
        }
    }
}

impl Answers for ReplayedAnswers<'_> {
    fn next_answer(&mut self) -> Result<Option<Recorded>, DiffError> {
        loop {
            if let Some(row) = self.read.pop_front() {
                return row.map(Some);
            }
            let Some(chunk) = self.tapes.next().transpose()? else {
                return Ok(None);
            };
            self.output.clear();
            let first = self.records + 1;
            let timeline = &mut self.timeline;
            let workspace = &mut self.workspace;
            self.records +=
                self.replayer
                    .chunk(&chunk, first, timeline, workspace, &mut self.output);
            // The rows pass through the same parser as those of a file, so both sides are checked in the same way.
            let text = String::from_utf8_lossy(self.output.lines());
            let rows = (first..).zip(text.lines());
            let rows = rows.map(|(n, text)| {
                Recorded::read(n, text).map_err(|error| DiffError::Row {
                    place: self.place(n),
                    why: error.to_string(),
                })
            });
            self.read = rows.collect();
        }
    }

    fn name(&self) -> String {
        "the tape".to_owned()
    }

    fn place(&self, line: u64) -> String {
        format!("record {line} of the tape")
    }
}

/// Compares answers row by row. `flips` receives every flip in order; `progress` receives the number of records so far.
///
/// # Errors
/// Returns an error if answers cannot be read to their end, if the two sides do not answer the same records, or if
/// flips cannot be written.
pub fn diff_answers(
    before: &mut dyn Answers,
    after: &mut dyn Answers,
    mut flips: FlipSink<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Difference, DiffError> {
    let mut difference = Difference::default();
    loop {
        let records = difference.read.records;
        let due = records + 1;
        let (old, new) = match (next_due(before, due)?, next_due(after, due)?) {
            (Some(old), Some(new)) => (old, new),
            (None, None) => break,
            (None, Some(_)) => return Err(ends_early(before, records, after)),
            (Some(_), None) => return Err(ends_early(after, records, before)),
        };
        if let Some((column, one, other)) = old.contradiction(&new) {
            return Err(DiffError::DifferentRecords {
                place: after.place(new.line),
                n: due,
                column,
                found: other,
                other: before.place(old.line),
                others: one,
            });
        }
        difference.read.records = due;
        if let Some(kind) = difference.compare(&old.effect, &new.effect) {
            let flip = flip(old, new, kind);
            flips.write(&flip).map_err(DiffError::Write)?;
            difference.count(flip);
        }
        if due % PROGRESS_EVERY == 0 {
            progress(due);
        }
    }
    progress(difference.read.records);
    difference.finish(flips)
}

fn ends_early(ended: &dyn Answers, records: u64, longer: &dyn Answers) -> DiffError {
    DiffError::Ends {
        ended: ended.name(),
        records,
        longer: longer.name(),
    }
}

/// Returns the next answer, and checks that it answers record `due`.
fn next_due(answers: &mut dyn Answers, due: u64) -> Result<Option<Recorded>, DiffError> {
    let Some(row) = answers.next_answer()? else {
        return Ok(None);
    };
    if row.n == due {
        return Ok(Some(row));
    }
    Err(DiffError::Row {
        place: answers.place(row.line),
        why: format!(
            ": `n` is {}, expected {due}: rows must be numbered from 1 without gaps or duplicates",
            row.n
        ),
    })
}

/// Creates a flip. Fields of the record that one side lacks are taken from the other side.
fn flip(old: Recorded, new: Recorded, kind: FlipKind) -> Flip {
    let id = match old.is_unreadable() {
        true => new.id,
        false => old.id,
    };
    Flip {
        n: old.n,
        id,
        ts: old.ts.or(new.ts),
        symbol: old.symbol.or(new.symbol),
        kind,
        before: old.effect,
        after: new.effect,
        cause: None,
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use portcullis::types::{Symbol, Timestamp};

    use super::*;

    const UNREADABLE: &str = r#"{"n":1,"id":"1","decision":"SKIP","reason":"INTENT_UNREADABLE"}"#;

    fn row(n: u64, text: &str) -> Recorded {
        Recorded::read(n, text).unwrap()
    }

    /// Skips of the records with these numbers.
    struct Skips(RangeInclusive<u64>);

    impl Answers for Skips {
        fn next_answer(&mut self) -> Result<Option<Recorded>, DiffError> {
            let skip = |n| {
                format!(r#"{{"n":{n},"id":"{n}","decision":"SKIP","reason":"POLICY_MISSING"}}"#)
            };
            Ok(self.0.next().map(|n| row(n, &skip(n))))
        }

        fn name(&self) -> String {
            "skips".to_owned()
        }

        fn place(&self, line: u64) -> String {
            format!("skip {line}")
        }
    }

    #[test]
    fn progress_is_reported_every_1024_records_and_at_the_end() {
        let mut reported = Vec::new();
        let mut progress = |records| reported.push(records);
        let [mut before, mut after] = [Skips(1..=2050), Skips(1..=2050)];
        let compared = diff_answers(&mut before, &mut after, FlipSink::Discard, &mut progress);
        assert_eq!(compared.unwrap().same, 2050);
        assert_eq!(reported, [1024, 2048, 2050]);
    }

    #[test]
    fn a_flip_has_the_fields_of_the_readable_side() {
        let readable = r#"{"n":1,"id":"a","event":"trade.intent","ts":5,"symbol":"BTCUSDT","decision":"EXIT"}"#;
        for (old, new) in [(UNREADABLE, readable), (readable, UNREADABLE)] {
            let flip = flip(row(1, old), row(1, new), FlipKind::SkipToExit);
            assert_eq!((flip.n, &*flip.id), (1, "a"), "{old}");
            assert_eq!(flip.ts, Timestamp::from_millis(5).ok(), "{old}");
            assert_eq!(flip.symbol, Symbol::new("BTCUSDT").ok(), "{old}");
        }
    }
}
