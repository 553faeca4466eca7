//! Recorded answers against other answers to the same records: another file, or what the engine says today.
//!
//! Both sides are read in step, a row each, so that memory does not grow with them. Rows are paired by `n`; whatever shows
//! that they do not answer the same tape ends the comparison.

use std::{collections::VecDeque, sync::Arc};

use portcullis::{
    event::Scratch,
    policy::{Policy, PolicyAbsence},
};

use super::{DiffError, Difference, Flip, FlipKind, FlipsTo, Recorded};
use crate::{
    replay::{Judge, Judged, Rulers, Timeline},
    tape::{Line, LineContent, Progress, TapeError, TapeReader, TapeSource},
};

/// How often somebody hears of the progress, in records.
const TOLD_EVERY: u64 = 1024;

/// Answers in the order of their records, wherever they come from.
pub trait Answers {
    /// The next answer; none behind the last.
    ///
    /// # Errors
    /// What cannot be read, or is no answer.
    fn next_answer(&mut self) -> Result<Option<Recorded>, DiffError>;

    /// What they come from, for messages.
    fn name(&self) -> String;

    /// Where an answer stands, for messages.
    fn place(&self, line: u64) -> String;
}

/// A file of answers.
pub struct AnswerFile {
    name: String,
    chunks: TapeReader,
    read: VecDeque<Result<Recorded, DiffError>>,
}

impl AnswerFile {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(source: TapeSource) -> Self {
        Self {
            name: match source.path() {
                Some(path) => format!("`{}`", path.display()),
                None => source.to_string(),
            },
            // Most columns of an answer are none that a tape decides by.
            chunks: TapeReader::new(vec![source]).carrying(),
            read: VecDeque::new(),
        }
    }

    /// How far the reading has come.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        self.chunks.progress()
    }

    fn row(&self, line: Line<'_>) -> Result<Recorded, DiffError> {
        let why = match line.content {
            LineContent::Text(text) => match Recorded::read(line.number, text) {
                Ok(row) => return Ok(row),
                Err(fault) => fault.to_string(),
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

/// What the engine answers to tapes, each row as a replay would write it.
pub struct Replayed<'j> {
    judge: &'j Judge,
    timeline: Timeline,
    tapes: TapeReader,
    scratch: Scratch,
    judged: Judged,
    records: u64,
    read: VecDeque<Result<Recorded, DiffError>>,
}

impl<'j> Replayed<'j> {
    /// This policy rules from the beginning.
    #[must_use]
    pub fn new(
        judge: &'j Judge,
        initial: Result<Policy, PolicyAbsence>,
        tapes: TapeReader,
    ) -> Self {
        Self {
            judge,
            timeline: Timeline::new(initial),
            tapes,
            scratch: Scratch::default(),
            judged: Judged::with_lines(),
            records: 0,
            read: VecDeque::new(),
        }
    }
}

impl Answers for Replayed<'_> {
    fn next_answer(&mut self) -> Result<Option<Recorded>, DiffError> {
        loop {
            if let Some(row) = self.read.pop_front() {
                return row.map(Some);
            }
            let Some(chunk) = self.tapes.next().transpose()? else {
                return Ok(None);
            };
            self.judged.clear();
            let first = self.records + 1;
            let rulers = Rulers::Open(&mut self.timeline);
            let scratch = &mut self.scratch;
            self.records += self
                .judge
                .chunk(&chunk, first, rulers, scratch, &mut self.judged);
            // Through the same door as a file's, so that both sides are held to the same.
            let text = String::from_utf8_lossy(self.judged.lines());
            let rows = (first..).zip(text.lines());
            let rows = rows.map(|(n, text)| {
                Recorded::read(n, text).map_err(|fault| DiffError::Row {
                    place: self.place(n),
                    why: fault.to_string(),
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

/// Compares answers row by row. `flips` takes every flip in its order; `progress` hears the records so far.
///
/// # Errors
/// Answers that cannot be read to their end, or that do not answer the same records; flips that cannot be written.
pub fn diff_answers(
    before: &mut dyn Answers,
    after: &mut dyn Answers,
    mut flips: FlipsTo<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Difference, DiffError> {
    let mut difference = Difference::default();
    loop {
        let records = difference.read.records;
        let due = records + 1;
        let (old, new) = match (next_due(before, due)?, next_due(after, due)?) {
            (Some(old), Some(new)) => (old, new),
            (None, None) => break,
            (None, Some(_)) => return Err(DiffError::ends(before, records, after)),
            (Some(_), None) => return Err(DiffError::ends(after, records, before)),
        };
        if let Some((column, one, other)) = old.contradiction(&new) {
            return Err(DiffError::Apart {
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
            flips.take(&flip).map_err(DiffError::Write)?;
            difference.count(flip);
        }
        if due % TOLD_EVERY == 0 {
            progress(due);
        }
    }
    progress(difference.read.records);
    difference.finish(flips)
}

/// The next answer, which has to be that of the record that is due.
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
            ": `n` is {}, and {due} is due: rows are numbered from 1, each once and none left out",
            row.n
        ),
    })
}

/// What the one does not say of the record, the other does.
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
