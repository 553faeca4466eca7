//! Plain entries that are decided under several policies.

use std::mem;

use portcullis::{
    decide::{DecisionColumns, Outcome, SkipCode},
    policy::{Policy, PolicyState},
    record::{Scratch, TapeRecord},
    types::Timestamp,
};

use super::{
    counts::{Counts, REASONS},
    entries::{Entries, EntryReader, PendingRow, RowNeeds},
    replayer::{Replayer, Scope},
    skip_samples::SkipSamples,
    totals::Totals,
};
use crate::tape::{Chunk, Record};

/// The plain entries of a chunk. They are read once and decided under any number of policies.
#[derive(Debug, Default)]
pub(crate) struct FixedEntries {
    reader: EntryReader,
    entries: Entries,
    /// The decisions under one policy, or under each of two.
    decisions: [DecisionColumns; 2],
    /// The times of the first and of the last entry.
    span: Option<(Timestamp, Timestamp)>,
}

impl FixedEntries {
    /// Prepares the reading of a chunk.
    pub(crate) fn begin(&mut self, replayer: &Replayer, chunk: &Chunk) {
        let needs = RowNeeds {
            time: true,
            details: true,
        };
        self.reader
            .begin(chunk, &replayer.engine, needs, &mut self.entries);
    }

    /// Adds a record. Returns `None` if it is not a plain entry.
    #[inline]
    pub(crate) fn push(
        &mut self,
        replayer: &Replayer,
        chunk: &Chunk,
        (record, n): (Record<'_>, u64),
    ) -> Option<()> {
        (replayer.scope != Scope::Positions).then_some(())?;
        let place = (chunk, record, n);
        let at = self
            .reader
            .push(&replayer.engine, place, &mut self.entries)?;
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
        Some(())
    }

    /// Decides all entries under a policy, and adds the answers to the counts and totals.
    pub(crate) fn decide(
        &mut self,
        replayer: &Replayer,
        chunk: &Chunk,
        policy: &Policy,
        counts: &mut Counts,
        totals: &mut Totals,
    ) {
        let Some(span) = self.span else { return };
        let state = replayer.state(PolicyState::present(policy));
        let (entries, [decisions, _]) = (&self.entries, &mut self.decisions);
        replayer
            .engine
            .decide_columns(state, &entries.columns, replayer.now, decisions);
        let (mut trades, mut skips) = (0, Skips::new(entries));
        for (index, row) in entries.rows.iter().enumerate() {
            let Some(answer) = EntryAnswer::of(decisions, index) else {
                continue;
            };
            match answer.skip {
                None => {
                    trades += 1;
                    totals.add_trade(answer.notional_usd, answer.leverage);
                }
                Some(reason) => {
                    if skips.count(reason, row, entries, &counts.samples) {
                        add_sample(replayer, chunk, row, state, &mut counts.samples);
                    }
                }
            }
        }
        counts.add_entries(trades, &skips.counts, span);
    }

    /// Decides all entries under two policies, and passes the answers to `each`, with the record and its number. Keeps
    /// examples of the skips under the first policy.
    pub(crate) fn compare<'c>(
        &mut self,
        replayer: &Replayer,
        chunk: &'c Chunk,
        policies: (&Policy, &Policy),
        samples: &mut SkipSamples,
        mut each: impl FnMut(Record<'c>, u64, [EntryAnswer; 2]),
    ) {
        let (entries, [before, after]) = (&self.entries, &mut self.decisions);
        let state = |policy| replayer.state(PolicyState::present(policy));
        let states = (state(policies.0), state(policies.1));
        for (state, decisions) in [(states.0, &mut *before), (states.1, &mut *after)] {
            replayer
                .engine
                .decide_columns(state, &entries.columns, replayer.now, decisions);
        }
        let mut skips = Skips::new(entries);
        for (index, row) in entries.rows.iter().enumerate() {
            let (Some(record), Some(before), Some(after)) = (
                row.record(chunk),
                EntryAnswer::of(before, index),
                EntryAnswer::of(after, index),
            ) else {
                continue;
            };
            if let Some(reason) = before.skip
                && skips.count(reason, row, entries, samples)
            {
                add_sample(replayer, chunk, row, states.0, samples);
            }
            each(record, row.n, [before, after]);
        }
    }

    /// Removes the entries.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.span = None;
    }
}

/// The answer to an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryAnswer {
    /// The reason of a skip; `None` for a trade.
    pub(crate) skip: Option<SkipCode>,
    /// The leverage of a trade.
    pub(crate) leverage: Option<f64>,
    /// The notional of a trade, in USD.
    pub(crate) notional_usd: Option<f64>,
}

impl EntryAnswer {
    #[inline(always)]
    fn of(decisions: &DecisionColumns, index: usize) -> Option<Self> {
        let row = decisions.row(index)?;
        Some(Self {
            skip: match row.outcome {
                Outcome::Trade => None,
                Outcome::Skip(reason) => Some(reason),
                // Entries are never exits.
                Outcome::ExitByOwner | Outcome::ExitByDelegate => return None,
            },
            leverage: row.leverage.map(|(leverage, _)| leverage.get()),
            notional_usd: row.notional.map(|notional| notional.get()),
        })
    }
}

/// The skips of some entries.
struct Skips {
    /// The number of skips, by the number of the reason.
    counts: [u64; REASONS],
    /// True for each symbol that was skipped because no policy lists it.
    unlisted: Vec<bool>,
}

impl Skips {
    fn new(entries: &Entries) -> Self {
        Self {
            counts: [0; REASONS],
            unlisted: vec![false; entries.columns.symbols().len()],
        }
    }

    /// Counts a skip. Returns true if the examples lack one for its reason or for its unlisted symbol.
    #[inline(always)]
    fn count(
        &mut self,
        reason: SkipCode,
        row: &PendingRow,
        entries: &Entries,
        samples: &SkipSamples,
    ) -> bool {
        let Some(count) = self.counts.get_mut(usize::from(reason.number())) else {
            return false;
        };
        *count += 1;
        let place = usize::try_from(row.symbol).unwrap_or(usize::MAX);
        let is_new_symbol = match self.unlisted.get_mut(place) {
            Some(seen) if reason == SkipCode::PolicyUniverseFilter => !mem::replace(seen, true),
            Some(_) | None => false,
        };
        if *count > 1 && !is_new_symbol {
            return false;
        }
        let symbol = entries.columns.symbols().get(place);
        symbol.is_some_and(|symbol| samples.lacks(reason, row.n, symbol))
    }
}

/// Answers the entry by the general path, and keeps it as an example of its skip reason.
fn add_sample(
    replayer: &Replayer,
    chunk: &Chunk,
    row: &PendingRow,
    state: PolicyState<'_>,
    samples: &mut SkipSamples,
) {
    let Some(record) = row.record(chunk) else {
        return;
    };
    let line = record.line();
    let number = usize::try_from(line.number).unwrap_or(usize::MAX);
    if let TapeRecord::Intent(mut intent) = replayer.read(line, number, &mut Scratch::default()) {
        intent.set_line(number);
        let moment = (row.n, replayer.now);
        samples.add(&replayer.answer_intent(&intent, state, moment));
    }
}
