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

use std::{io, mem};

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
    replay::{AnswerUnder, FixedEntries, FixedReplay, Replayer},
    tape::{Chunk, Line, LineContent, TapeReader},
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
    };
    let mut scratch = Scratch::default();
    let mut entries = FixedEntries::default();
    let mut read = FixedReplay::default();
    for chunk in tapes {
        let chunk = chunk?;
        let mut flips = Vec::new();
        for line in chunk.lines() {
            let n = read.records + 1;
            if entries.push(replayer, &chunk, (line, n)).is_some() {
                read.records += 1;
                continue;
            }
            read.read(replayer, (line, n), &mut scratch, |answer_under| {
                flips.extend(comparison.compare(line, answer_under));
            });
        }
        comparison.compare_entries(replayer, &chunk, &mut entries, &mut flips);
        flips.sort_by_key(|(flip, _)| flip.n);
        comparison.add(flips).map_err(DiffError::Write)?;
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
}

/// A flip with its record.
type FlippedLine<'c> = (Flip, Line<'c>);

impl Comparison<'_, '_> {
    /// Compares the answers to one record.
    fn compare<'c>(
        &mut self,
        line: Line<'c>,
        answer_under: &AnswerUnder<'_>,
    ) -> Option<FlippedLine<'c>> {
        answer_under(self.before, &mut |answer| {
            self.difference.samples.add(answer)
        });
        let (before, after) = self.effects(answer_under)?;
        let kind = self.difference.compare(&before, &after)?;
        self.flip(line, answer_under, kind)
    }

    fn effects(&self, answer_under: &AnswerUnder<'_>) -> Option<(Effect, Effect)> {
        let (mut before, mut after) = (None, None);
        answer_under(self.before, &mut |answer| before = Some(Effect::of(answer)));
        answer_under(self.after, &mut |answer| after = Some(Effect::of(answer)));
        before.zip(after)
    }

    /// Returns a flip with its cause.
    fn flip<'c>(
        &mut self,
        line: Line<'c>,
        answer_under: &AnswerUnder<'_>,
        kind: FlipKind,
    ) -> Option<FlippedLine<'c>> {
        let (before, after) = self.effects(answer_under)?;
        let mut flip = None;
        answer_under(self.before, &mut |answer| {
            flip = Some(Flip::new(answer, kind, before, after));
        });
        let mut flip = flip?;
        flip.cause = Some(self.causes.of(flip.symbol, |policy| {
            let mut does = false;
            answer_under(policy, &mut |answer| {
                does = Effect::of(answer).does_as(&after)
            });
            does
        }));
        Some((flip, line))
    }

    /// Compares the answers to all plain entries of a chunk. Only flips are answered record by record.
    fn compare_entries<'c>(
        &mut self,
        replayer: &Replayer,
        chunk: &'c Chunk,
        entries: &mut FixedEntries,
        flips: &mut Vec<FlippedLine<'c>>,
    ) {
        let mut samples = mem::take(&mut self.difference.samples);
        let policies = (self.before, self.after);
        let mut scratch = Scratch::default();
        entries.compare(
            replayer,
            chunk,
            policies,
            &mut samples,
            |line, n, answers| {
                let [before, after] = answers.map(|answer| Effect::of_entry(&answer));
                if let Some(kind) = self.difference.compare(&before, &after) {
                    let mut read = FixedReplay::default();
                    read.read(replayer, (line, n), &mut scratch, |answer_under| {
                        flips.extend(self.flip(line, answer_under, kind));
                    });
                }
            },
        );
        self.difference.samples = samples;
        entries.clear();
    }

    /// Counts and writes flips.
    fn add(&mut self, flips: Vec<FlippedLine<'_>>) -> io::Result<()> {
        for (flip, line) in flips {
            self.flips.write(&flip)?;
            if let (true, LineContent::Text(text)) = (self.difference.count(flip), line.content) {
                self.difference.minimal.push(text.to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use portcullis::{
        decide::Engine,
        exit::ExitOwnership,
        guardrails::Guardrails,
        types::{Leverage, Timestamp},
    };

    use super::*;
    use crate::{replay::Scope, sample::policy_json, tape::TapeSource};

    const START_MS: i64 = 1_767_571_200_000;

    fn policy(expiry_sec: i64, changes: &[(&str, &str)]) -> Policy {
        let expiry = Timestamp::from_millis(START_MS + expiry_sec * 1_000).unwrap();
        let mut text = policy_json(expiry);
        for (from, to) in changes {
            assert!(text.contains(from), "{from}: {text}");
            text = text.replace(from, to);
        }
        Policy::from_json(&text).unwrap()
    }

    fn reader(tape: &[u8], chunk_bytes: usize) -> TapeReader {
        let source = TapeSource::Memory {
            name: "a test",
            bytes: tape.to_vec().into(),
        };
        TapeReader::with_sizes(vec![source], chunk_bytes, 100_000)
    }

    /// Returns the flips as JSON lines, and the difference as text.
    fn compared(
        replayer: &Replayer,
        policies: (&Policy, &Policy),
        tapes: TapeReader,
    ) -> (String, String) {
        let mut flips = Vec::new();
        let sink = FlipSink::Lines(&mut flips);
        let difference = diff(replayer, policies, tapes, sink, &mut |_| ()).unwrap();
        (
            String::from_utf8(flips).unwrap(),
            format!("{difference:#?}"),
        )
    }

    /// Compares the policies record by record, without columns.
    fn expected(
        replayer: &Replayer,
        (before, after): (&Policy, &Policy),
        tapes: TapeReader,
    ) -> (String, String) {
        let mut flips = Vec::new();
        let difference = {
            let listed = changes(Some(before), after);
            let mut comparison = Comparison {
                before,
                after,
                causes: Causes::new(before, listed.clone()),
                difference: Difference {
                    changes: listed,
                    ..Difference::default()
                },
                flips: FlipSink::Lines(&mut flips),
            };
            let (mut read, mut scratch) = (FixedReplay::default(), Scratch::default());
            for chunk in tapes {
                let chunk = chunk.unwrap();
                for line in chunk.lines() {
                    let place = (line, read.records + 1);
                    let mut flip = None;
                    read.read(replayer, place, &mut scratch, |answer_under| {
                        flip = comparison.compare(line, answer_under);
                    });
                    comparison.add(flip.into_iter().collect()).unwrap();
                }
            }
            comparison.difference.read = read;
            let difference = comparison.difference.finish(comparison.flips);
            format!("{:#?}", difference.unwrap())
        };
        (String::from_utf8(flips).unwrap(), difference)
    }

    #[test]
    fn columns_do_not_change_a_comparison() {
        let ownership = ExitOwnership::new("exitbrain_v3_5").unwrap();
        let replayer = Replayer::new(Engine::new(Guardrails::none(), ownership.clone()));
        let limited = Guardrails::none().with_max_leverage(Leverage::new(5.0).unwrap());
        let others = [
            Replayer::new(Engine::new(limited, ownership.clone())),
            Replayer {
                assume_in_force: true,
                ..Replayer::new(Engine::new(Guardrails::none(), ownership.clone()))
            },
            Replayer {
                now: Timestamp::from_millis(START_MS + 40_000).ok(),
                ..Replayer::new(Engine::new(Guardrails::none(), ownership.clone()))
            },
            Replayer {
                scope: Scope::Intents,
                ..Replayer::new(Engine::new(Guardrails::none(), ownership))
            },
        ];
        let before = policy(86_400, &[]);
        let afters = [
            policy(86_400, &[("\"BTCUSDT\": 8", "\"BTCUSDT\": 3")]),
            policy(
                86_400,
                &[("ETHUSDT", "ETHUSDC"), ("\"T1_R\": 1.8", "\"T1_R\": 1.1")],
            ),
            policy(30, &[]),
        ];
        let mut flips = 0;
        for (seed, replayer) in (0..).zip([replayer].iter().chain(&others)) {
            let mut tape = Vec::new();
            crate::generate::write_tape(2_000, seed, &mut tape).unwrap();
            for policies in afters.iter().map(|after| (&before, after)) {
                let expected = expected(replayer, policies, reader(&tape, 1 << 20));
                flips += expected.0.lines().count();
                for chunk_bytes in [4_000, 1 << 20] {
                    let found = compared(replayer, policies, reader(&tape, chunk_bytes));
                    assert_eq!(found, expected);
                }
            }
        }
        assert!(flips > 500, "only {flips} flips");
    }
}
