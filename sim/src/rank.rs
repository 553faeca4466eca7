//! Comparison of many policies over one tape, in a single pass.
//!
//! Each record is answered as if each policy had been active from beginning to end. Policy changes on the tape are
//! ignored, as in a comparison of two policies.

use std::convert::Infallible;

use portcullis::{decide::SkipCode, policy::Policy, record::Scratch};

use crate::{
    replay::{Counts, FixedEntries, FixedReplay, ReplayError, Replayer, Totals},
    tape::{Chunk, TapeReader},
    threads::{Interruption, evaluate},
};

/// A policy to rank.
#[derive(Debug)]
pub struct Candidate {
    /// The name of the policy file.
    pub name: String,
    /// The policy to rank.
    pub policy: Policy,
    /// The counts of its answers.
    pub counts: Counts,
    /// The totals of its trades.
    pub totals: Totals,
}

impl Candidate {
    /// Creates a candidate without answers.
    #[must_use]
    pub fn new(name: String, policy: Policy) -> Self {
        Self {
            name,
            policy,
            counts: Counts::default(),
            totals: Totals::default(),
        }
    }
}

/// The result of a ranking.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ranking {
    /// Counts of the records read and ignored.
    pub read: FixedReplay,
    /// The number of unreadable records, which are skipped under every policy.
    pub unreadable: u64,
    /// The policies, ordered by the notional of their trades, largest first; ties are ordered by name.
    pub candidates: Vec<Candidate>,
}

/// Answers every record of the tapes under every policy. The number of threads does not change the result. `progress`
/// receives the number of records so far.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end or a thread cannot be started.
pub fn rank(
    replayer: &Replayer,
    mut candidates: Vec<Candidate>,
    tapes: TapeReader,
    threads: usize,
    progress: &mut dyn FnMut(u64),
) -> Result<Ranking, ReplayError> {
    let ranker = Ranker {
        replayer,
        policies: candidates.iter().map(|it| &it.policy).collect(),
    };
    let part = if threads > 1 {
        ranker.run_on_threads(tapes, threads, progress)?
    } else {
        ranker.run(tapes, progress)?
    };
    for (candidate, (counts, totals)) in candidates.iter_mut().zip(part.results) {
        (candidate.counts, candidate.totals) = (counts, totals);
    }
    candidates.sort_by(|one, other| {
        let notional = |it: &Candidate| it.totals.notional_usd.value();
        notional(other)
            .total_cmp(&notional(one))
            .then_with(|| one.name.cmp(&other.name))
    });
    Ok(Ranking {
        read: part.read,
        unreadable: part.unreadable,
        candidates,
    })
}

struct Ranker<'a> {
    replayer: &'a Replayer,
    policies: Vec<&'a Policy>,
}

/// The result for some chunks, and the memory to evaluate them.
#[derive(Default)]
struct Part {
    read: FixedReplay,
    unreadable: u64,
    /// The counts and totals of each policy.
    results: Vec<(Counts, Totals)>,
    entries: FixedEntries,
    scratch: Scratch,
}

impl Ranker<'_> {
    fn part(&self) -> Part {
        Part {
            results: vec![(Counts::default(), Totals::default()); self.policies.len()],
            ..Part::default()
        }
    }

    fn run(&self, tapes: TapeReader, progress: &mut dyn FnMut(u64)) -> Result<Part, ReplayError> {
        let mut part = self.part();
        for chunk in tapes {
            let records = part.read.records;
            let chunk = chunk.map_err(|error| ReplayError::Tape { error, records })?;
            self.answer(&chunk, records + 1, &mut part);
            progress(part.read.records);
        }
        Ok(part)
    }

    /// Evaluates chunks on several threads. The counts of all memories are added at the end.
    fn run_on_threads(
        &self,
        tapes: TapeReader,
        threads: usize,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Part, ReplayError> {
        let mut records = 0;
        let mut read = 0;
        let evaluated = evaluate(
            tapes,
            threads,
            |chunk| {
                let first = read + 1;
                read += chunk.record_count();
                (chunk, first)
            },
            || self.part(),
            |part, (chunk, first)| {
                let before = part.read.records;
                self.answer(&chunk, first, part);
                part.read.records - before
            },
            |count| {
                records += count;
                progress(records);
                Ok::<(), Infallible>(())
            },
        );
        let parts = evaluated.map_err(|interruption| match interruption {
            Interruption::Tape(error) => ReplayError::Tape { error, records },
            Interruption::Threads(error) => ReplayError::Threads { threads, error },
            Interruption::Collect(never) => match never {},
        })?;
        let mut all = self.part();
        parts.iter().for_each(|part| all.merge(part));
        Ok(all)
    }

    /// Answers all records of a chunk. `first` is the number of its first record.
    fn answer(&self, chunk: &Chunk, first: u64, part: &mut Part) {
        let Part {
            read,
            unreadable,
            results,
            entries,
            scratch,
        } = part;
        entries.begin(self.replayer, chunk);
        for (n, record) in (first..).zip(chunk.records()) {
            if entries.push(self.replayer, chunk, (record, n)).is_some() {
                read.records += 1;
                continue;
            }
            let line = record.line();
            read.read(self.replayer, (line, n), scratch, |answer_under| {
                let mut reason = None;
                for (policy, (counts, totals)) in self.policies.iter().zip(&mut *results) {
                    answer_under(policy, &mut |answer| {
                        counts.add(answer, None, None);
                        totals.add(answer);
                        reason = answer.reason;
                    });
                }
                *unreadable += u64::from(reason == Some(SkipCode::IntentUnreadable));
            });
        }
        for (policy, (counts, totals)) in self.policies.iter().zip(results) {
            entries.decide(self.replayer, chunk, policy, counts, totals);
        }
        entries.clear();
    }
}

impl Part {
    fn merge(&mut self, other: &Self) {
        self.read.merge(other.read);
        self.unreadable += other.unreadable;
        for ((counts, totals), (more, more_totals)) in self.results.iter_mut().zip(&other.results) {
            counts.merge(more);
            totals.merge(more_totals);
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis::{
        decide::Engine,
        exit::ExitOwnership,
        guardrails::{CandleTime, Guardrails},
        types::{Leverage, SignedDuration, Timestamp},
    };

    use super::*;
    use crate::{replay::Scope, sample::policy_json, tape::TapeSource};

    const START_MS: i64 = 1_767_571_200_000;

    /// Returns policies that differ in their expiry, leverage and symbols.
    fn candidates() -> Vec<Candidate> {
        let policy = |expiry_sec: i64, from: &str, to: &str| {
            let expiry = Timestamp::from_millis(START_MS + expiry_sec * 1_000);
            let text = policy_json(expiry.unwrap());
            assert!(text.contains(from), "{text}");
            Candidate::new(
                to.to_owned(),
                Policy::from_json(&text.replace(from, to)).unwrap(),
            )
        };
        vec![
            policy(86_400, "\"BTCUSDT\": 8", "\"BTCUSDT\": 3"),
            policy(86_400, "ETHUSDT", "ETHUSDC"),
            policy(20, "1.0.0-ai-sample", "short"),
        ]
    }

    /// Ranks the policies record by record, without columns.
    fn expected(replayer: &Replayer, tape: &[u8]) -> Part {
        let candidates = candidates();
        let policies = candidates.iter().map(|it| &it.policy).collect();
        let ranker = Ranker { replayer, policies };
        let mut part = ranker.part();
        let (mut read, mut scratch) = (FixedReplay::default(), Scratch::default());
        for chunk in reader(tape, 1 << 20) {
            let chunk = chunk.unwrap();
            for (n, line) in (read.records + 1..).zip(chunk.lines()) {
                let mut is_unreadable = false;
                read.read(replayer, (line, n), &mut scratch, |answer_under| {
                    for (policy, (counts, totals)) in ranker.policies.iter().zip(&mut part.results)
                    {
                        answer_under(policy, &mut |answer| {
                            counts.add(answer, None, None);
                            totals.add(answer);
                            is_unreadable = answer.reason == Some(SkipCode::IntentUnreadable);
                        });
                    }
                });
                part.unreadable += u64::from(is_unreadable);
            }
        }
        Part { read, ..part }
    }

    fn reader(tape: &[u8], chunk_bytes: usize) -> TapeReader {
        let source = TapeSource::Memory {
            name: "a test",
            bytes: tape.to_vec().into(),
        };
        TapeReader::with_sizes(vec![source], chunk_bytes, 100_000)
    }

    /// Returns evaluators with different settings.
    fn replayers() -> Vec<Replayer> {
        let engine =
            |guardrails| Engine::new(guardrails, ExitOwnership::new("exitbrain_v3_5").unwrap());
        let limited = Guardrails::none()
            .with_max_leverage(Leverage::new(5.0).unwrap())
            .with_max_intent_age(SignedDuration::from_micros(30_000_000));
        let hour = CandleTime::Open(SignedDuration::from_micros(3_600_000_000));
        let sources = ["momentum", "ensemble", "trading-bot", "meanrev-4h"];
        let candles = sources.iter().fold(limited.clone(), |guardrails, source| {
            guardrails.with_timestamp_is(*source, hour)
        });
        vec![
            Replayer::new(engine(Guardrails::none())),
            Replayer::new(engine(limited.clone())),
            Replayer::new(engine(candles)),
            Replayer {
                assume_in_force: true,
                ..Replayer::new(engine(limited))
            },
            Replayer {
                now: Timestamp::from_millis(START_MS + 40_000).ok(),
                ..Replayer::new(engine(Guardrails::none()))
            },
            Replayer {
                scope: Scope::Positions,
                ..Replayer::new(engine(Guardrails::none()))
            },
        ]
    }

    /// The first record of an unlisted symbol is skipped by an earlier gate.
    #[test]
    fn an_unlisted_symbol_is_an_example_after_a_skip_for_another_reason() {
        let entry = |age_sec: i64, symbol: &str| {
            let at = START_MS + 40_000 - age_sec * 1_000;
            format!("{{\"id\":\"{at}-0\",\"symbol\":\"{symbol}\",\"side\":\"BUY\",\"size\":5}}\n")
        };
        let tape = [
            entry(60, "XRPUSDT"),
            entry(0, "DOGEUSDT"),
            entry(0, "XRPUSDT"),
        ];
        let age_max = SignedDuration::from_micros(30_000_000);
        let engine = Engine::new(
            Guardrails::none().with_max_intent_age(age_max),
            ExitOwnership::new("exitbrain_v3_5").unwrap(),
        );
        let replayer = Replayer {
            now: Timestamp::from_millis(START_MS + 40_000).ok(),
            ..Replayer::new(engine)
        };
        let tapes = reader(tape.concat().as_bytes(), 1 << 20);
        let policies = candidates().into_iter().take(1).collect();
        let ranking = rank(&replayer, policies, tapes, 1, &mut |_| ()).unwrap();
        let counts = &ranking.candidates[0].counts;
        let reasons: Vec<_> = counts.reasons().collect();
        let expected = [
            (SkipCode::IntentStale, 1),
            (SkipCode::PolicyUniverseFilter, 2),
        ];
        assert_eq!(reasons, expected);
        let unlisted: Vec<_> = counts.samples.unlisted().map(|it| it.to_string()).collect();
        assert_eq!(unlisted, ["DOGEUSDT", "XRPUSDT"]);
    }

    #[test]
    fn columns_and_threads_do_not_change_a_ranking() {
        for (seed, replayer) in (0..).zip(replayers()) {
            let mut tape = Vec::new();
            crate::generate::write_tape(3_000, seed, &mut tape).unwrap();
            let expected = expected(&replayer, &tape);
            for (threads, chunk_bytes) in [(1, 1 << 20), (1, 4_000), (3, 4_000)] {
                let (policies, tapes) = (candidates(), reader(&tape, chunk_bytes));
                let ranking = rank(&replayer, policies, tapes, threads, &mut |_| ()).unwrap();
                assert_eq!(ranking.read, expected.read);
                assert_eq!(ranking.unreadable, expected.unreadable);
                for (candidate, (counts, totals)) in candidates().iter().zip(&expected.results) {
                    let found = &ranking.candidates;
                    let found = found.iter().find(|it| it.name == candidate.name).unwrap();
                    assert_eq!(&found.counts, counts, "{threads} threads");
                    assert_eq!(&found.totals, totals, "{threads} threads");
                }
            }
            let trades = expected.results.iter().map(|(_, totals)| totals.trades);
            let is_traded = replayer.scope != Scope::Positions;
            assert_eq!(trades.max() > Some(100), is_traded, "seed {seed}");
        }
    }

    #[test]
    fn a_tape_that_cannot_be_read_ends_a_ranking() {
        let replayer = replayers().remove(0);
        for threads in [1, 2] {
            let source = TapeSource::Memory {
                name: "a test",
                bytes: b"\x28\xb5\x2f\xfdERROR".to_vec().into(),
            };
            let tapes = TapeReader::new(vec![source]);
            let error = rank(&replayer, candidates(), tapes, threads, &mut |_| ()).unwrap_err();
            assert!(
                matches!(error, ReplayError::Tape { records: 0, .. }),
                "{error}"
            );
        }
    }
}
