//! Comparison of two policies over one tape: the answers that change, and the policy fields that cause each change.
//!
//! Each record is read once and answered twice, as if each policy had been active from beginning to end. Policy changes
//! on the tape are ignored but counted, because they would replace both policies. The policy that a recorded decision
//! was made under is not used either.
//!
//! [`diff_answers`] compares recorded answers with other answers, row by row. There the tape's own policies apply, and
//! causes are not available.

mod answers;
mod cause;
mod change;
mod difference;
mod error;
mod flip;
mod recorded;
mod rows;
mod tally;

use std::io;

use portcullis::{policy::Policy, record::Scratch};

pub use answers::{AnswerFile, Answers, ReplayedAnswers, diff_answers};
use cause::Causes;
pub use change::{Change, changes};
pub use difference::Difference;
pub use error::DiffError;
pub use flip::{Effect, Flip, FlipKind};
pub use recorded::{Recorded, RowError};
pub use rows::{FlipRows, FlipSink};
pub use tally::FlipTally;

use crate::{
    replay::{AnswerUnder, FixedReplay, Replayer},
    tape::{Line, LineContent, TapeReader},
};

/// Compares the answers of two policies to every record of the tapes. `flips` receives every flip in order; `progress`
/// receives the number of records so far.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end or flips cannot be written.
pub fn diff(
    replayer: &Replayer,
    policies: (&Policy, &Policy),
    tapes: TapeReader,
    flips: FlipSink<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Difference, DiffError> {
    let (before, after) = policies;
    let listed = changes(Some(before), after);
    let mut comparison = Comparison {
        before,
        after,
        causes: Causes::new(before, listed.clone()),
        difference: Difference {
            changes: listed,
            ..Difference::default()
        },
        flips,
        failed: None,
    };
    let mut scratch = Scratch::default();
    let mut read = FixedReplay::default();
    for chunk in tapes {
        let chunk = chunk?;
        for line in chunk.lines() {
            let n = read.records + 1;
            read.read(replayer, (line, n), &mut scratch, |answer_under| {
                comparison.compare(line, answer_under)
            });
        }
        if let Some(error) = comparison.failed {
            return Err(DiffError::Write(error));
        }
        progress(read.records);
    }
    let mut difference = comparison.difference;
    difference.read = read;
    difference.finish(comparison.flips)
}

struct Comparison<'p, 'w> {
    before: &'p Policy,
    after: &'p Policy,
    causes: Causes<'p>,
    difference: Difference,
    flips: FlipSink<'w>,
    /// The first error of writing flips.
    failed: Option<io::Error>,
}

impl Comparison<'_, '_> {
    fn compare(&mut self, line: Line<'_>, answer_under: &AnswerUnder<'_>) {
        let (mut before, mut after) = (None, None);
        answer_under(self.before, &mut |answer| {
            before = Some(Effect::of(answer));
            self.difference.samples.add(answer);
        });
        answer_under(self.after, &mut |answer| after = Some(Effect::of(answer)));
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        let Some(kind) = self.difference.compare(&before, &after) else {
            return;
        };
        let mut flip = None;
        answer_under(self.before, &mut |answer| {
            flip = Some(Flip::new(answer, kind, before, after));
        });
        let Some(mut flip) = flip else { return };
        flip.cause = Some(self.causes.of(flip.symbol, |policy| {
            let mut does = false;
            answer_under(policy, &mut |answer| {
                does = Effect::of(answer).does_as(&after)
            });
            does
        }));
        if self.failed.is_none() {
            self.failed = self.flips.write(&flip).err();
        }
        if let (true, LineContent::Text(text)) = (self.difference.count(flip), line.content) {
            self.difference.minimal.push(text.to_owned());
        }
    }
}
