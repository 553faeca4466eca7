//! Comparison of two policies over one tape: the answers that change, and the policy fields that cause each change.
//!
//! Each record is read once and answered twice, as if each policy had been active from beginning to end. Policy changes
//! on the tape are ignored but counted, because they would replace both policies. The policy that a recorded decision
//! was made under is not used either.
//!
//! [`diff_answers`] compares recorded answers with other answers, row by row. In that comparison, the tape's own
//! policies apply, and the cause of a change is not available.

mod answers;
mod cause;
mod change;
mod difference;
mod error;
mod flip;
mod recorded;
mod rows;
mod tally;

use std::{collections::BTreeSet, mem};

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
    tape::{Chunk, Line, TapeReader},
    threads::{Interruption, evaluate},
};

/// Compares the answers of two policies to every record of the tapes. `flips` receives every flip in order; `progress`
/// receives the number of records so far. The number of threads does not change the result.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end, flips cannot be written or a thread cannot be started.
pub fn diff(
    replayer: &Replayer,
    policies: (&Policy, &Policy),
    tapes: TapeReader,
    threads: usize,
    mut flips: FlipSink<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Difference, DiffError> {
    let (before, after) = policies;
    let listed = changes(Some(before), after);
    let comparer = || Comparer::new(replayer, policies, listed.clone());
    let mut total = Difference {
        changes: listed.clone(),
        ..Difference::default()
    };
    let mut add = |part: ChunkDifference| {
        total.merge(&part.difference);
        for (flip, text) in part.flips {
            flips.write(&flip).map_err(DiffError::Write)?;
            if total.count(flip) {
                total.minimal.extend(text);
            }
        }
        progress(total.read.records);
        Ok(())
    };
    let mut read = 0;
    if threads > 1 {
        let task = |chunk: Chunk| {
            let first = read + 1;
            read += chunk.record_count();
            (chunk, first)
        };
        let work = |comparer: &mut Comparer<'_>, (chunk, first)| comparer.compare(&chunk, first);
        evaluate(tapes, threads, task, comparer, work, add).map_err(|interruption| {
            match interruption {
                Interruption::Tape(error) => error.into(),
                Interruption::Threads(error) => DiffError::Threads { threads, error },
                Interruption::Collect(error) => error,
            }
        })?;
    } else {
        let mut comparer = comparer();
        for chunk in tapes {
            let part = comparer.compare(&chunk?, read + 1);
            read += part.difference.read.records;
            add(part)?;
        }
    }
    total.finish(flips)
}

/// The comparison of two policies, with the memory of one thread.
struct Comparer<'p> {
    replayer: &'p Replayer,
    before: &'p Policy,
    after: &'p Policy,
    causes: Causes<'p>,
    entries: FixedEntries,
    scratch: Scratch,
    /// The counts of the current chunk, without those of flips.
    difference: Difference,
}

/// The comparison of the answers to a chunk.
struct ChunkDifference {
    /// The counts, without those of flips.
    difference: Difference,
    /// The flips in order, each with its record if it is the first of its kind in the chunk.
    flips: Vec<(Flip, Option<String>)>,
}

/// A flip with its record.
type FlippedLine<'c> = (Flip, Line<'c>);

impl<'p> Comparer<'p> {
    /// Creates the comparison of two policies with the given changes, without counts.
    fn new(
        replayer: &'p Replayer,
        (before, after): (&'p Policy, &'p Policy),
        listed: Vec<Change>,
    ) -> Self {
        Self {
            replayer,
            before,
            after,
            causes: Causes::new(before, listed),
            entries: FixedEntries::default(),
            scratch: Scratch::default(),
            difference: Difference::default(),
        }
    }

    /// Compares the answers to all records of a chunk. `first` is the number of its first record.
    fn compare(&mut self, chunk: &Chunk, first: u64) -> ChunkDifference {
        let mut flips = Vec::new();
        let mut read = FixedReplay::default();
        let mut scratch = mem::take(&mut self.scratch);
        self.entries.begin(self.replayer, chunk);
        for (n, record) in (first..).zip(chunk.records()) {
            if self
                .entries
                .push(self.replayer, chunk, (record, n))
                .is_some()
            {
                read.records += 1;
                continue;
            }
            let line = record.line();
            read.read(self.replayer, (line, n), &mut scratch, |answer_under| {
                flips.extend(self.compare_record(line, answer_under));
            });
        }
        self.compare_entries(chunk, &mut scratch, &mut flips);
        self.scratch = scratch;
        flips.sort_by_key(|(flip, _)| flip.n);
        let mut kinds = BTreeSet::new();
        let flips = flips.into_iter().map(|(flip, line)| {
            let is_first = kinds.insert(flip.kind);
            let text = line.text().filter(|_| is_first).map(str::to_owned);
            (flip, text)
        });
        let flips = flips.collect();
        let mut difference = mem::take(&mut self.difference);
        difference.read = read;
        ChunkDifference { difference, flips }
    }

    /// Compares the answers to one record.
    fn compare_record<'c>(
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

    /// Compares the answers to all plain entries of a chunk. Only entries whose answers differ are answered again, one by
    /// one.
    fn compare_entries<'c>(
        &mut self,
        chunk: &'c Chunk,
        scratch: &mut Scratch,
        flips: &mut Vec<FlippedLine<'c>>,
    ) {
        let mut entries = mem::take(&mut self.entries);
        let mut samples = mem::take(&mut self.difference.samples);
        let (replayer, policies) = (self.replayer, (self.before, self.after));
        entries.compare(
            replayer,
            chunk,
            policies,
            &mut samples,
            |record, n, answers| {
                let [before, after] = answers.map(|answer| Effect::of_entry(&answer));
                if let Some(kind) = self.difference.compare(&before, &after) {
                    let line = record.line();
                    let mut read = FixedReplay::default();
                    read.read(replayer, (line, n), scratch, |answer_under| {
                        flips.extend(self.flip(line, answer_under, kind));
                    });
                }
            },
        );
        entries.clear();
        (self.entries, self.difference.samples) = (entries, samples);
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
        threads: usize,
    ) -> (String, String) {
        let mut flips = Vec::new();
        let sink = FlipSink::Lines(&mut flips);
        let difference = diff(replayer, policies, tapes, threads, sink, &mut |_| ()).unwrap();
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
        let listed = changes(Some(before), after);
        let mut comparer = Comparer::new(replayer, (before, after), listed.clone());
        comparer.difference.changes = listed;
        let mut lines = String::new();
        let (mut read, mut scratch) = (FixedReplay::default(), Scratch::default());
        for chunk in tapes {
            let chunk = chunk.unwrap();
            for line in chunk.lines() {
                let place = (line, read.records + 1);
                let mut flip = None;
                read.read(replayer, place, &mut scratch, |answer_under| {
                    flip = comparer.compare_record(line, answer_under);
                });
                let Some((flip, line)) = flip else { continue };
                lines += &format!("{}\n", serde_json::to_string(&flip).unwrap());
                if comparer.difference.count(flip) {
                    let text = line.text().map(str::to_owned);
                    comparer.difference.minimal.extend(text);
                }
            }
        }
        comparer.difference.read = read;
        let difference = comparer.difference.finish(FlipSink::Discard).unwrap();
        (lines, format!("{difference:#?}"))
    }

    #[test]
    fn columns_and_threads_do_not_change_a_comparison() {
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
                for (threads, chunk_bytes) in [(1, 4_000), (1, 1 << 20), (3, 4_000)] {
                    let tapes = reader(&tape, chunk_bytes);
                    let found = compared(replayer, policies, tapes, threads);
                    assert!(found == expected, "{threads} threads, {}", found.0);
                }
            }
        }
        assert!(flips > 500, "only {flips} flips");
    }
}
