//! Plain entries that are decided under several policies.

use portcullis::{
    decide::{DecisionColumns, Outcome, SkipCode},
    policy::{Policy, PolicyState},
    record::{Scratch, TapeRecord},
    types::Timestamp,
};

use super::{Entries, PendingRow, entry::PlainEntry, line::LineReader, text_of};
use crate::{
    replay::{
        Counts, Totals,
        counts::REASONS,
        replayer::{Replayer, Scope},
    },
    tape::{Chunk, Line},
};

/// The plain entries of a chunk. They are read once and decided under any number of policies.
#[derive(Debug, Default)]
pub(crate) struct FixedEntries {
    reader: LineReader,
    entries: Entries,
    decisions: DecisionColumns,
    /// The times of the first and of the last entry.
    span: Option<(Timestamp, Timestamp)>,
}

impl FixedEntries {
    /// Adds a line. Returns `None` if the line is not a plain entry.
    #[inline]
    pub(crate) fn push(
        &mut self,
        replayer: &Replayer,
        chunk: &Chunk,
        (line, n): (Line<'_>, u64),
    ) -> Option<()> {
        (replayer.scope != Scope::Positions).then_some(())?;
        let (bytes, text) = text_of(chunk, line)?;
        let (_, len) = text;
        let entry = PlainEntry::of(&self.reader.read(bytes, len)?)?;
        let times = entry.times;
        if times.is_stamped && replayer.engine.guardrails().has_candle_times() {
            return None;
        }
        self.entries.push(&entry, (line.number, n, text), 0)?;
        let at = times.emitted_at;
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
        let (entries, decisions) = (&self.entries, &mut self.decisions);
        replayer
            .engine
            .decide_columns(state, &entries.columns, replayer.now, decisions);
        let (mut trades, mut skips) = (0, [0; REASONS]);
        let mut unlisted = vec![false; entries.columns.symbols().len()];
        for (index, (row, outcome)) in entries.rows.iter().zip(decisions.outcomes()).enumerate() {
            let reason = match outcome {
                Outcome::Trade => {
                    trades += 1;
                    let trade = decisions.row(index);
                    let leverage = trade.and_then(|it| it.leverage);
                    let notional = trade.and_then(|it| it.notional);
                    totals.add_trade(
                        notional.map(|it| it.get()),
                        leverage.map(|(leverage, _)| leverage.get()),
                    );
                    continue;
                }
                Outcome::Skip(reason) => *reason,
                // Entries are never exits.
                Outcome::ExitByOwner | Outcome::ExitByDelegate => continue,
            };
            let Some(count) = skips.get_mut(usize::from(reason.number())) else {
                continue;
            };
            *count += 1;
            let place = usize::try_from(row.symbol).unwrap_or(usize::MAX);
            let is_new_symbol = match unlisted.get_mut(place) {
                Some(seen) if reason == SkipCode::PolicyUniverseFilter => {
                    !std::mem::replace(seen, true)
                }
                Some(_) | None => false,
            };
            if *count > 1 && !is_new_symbol {
                continue;
            }
            let symbol = entries.columns.symbols().get(place);
            if symbol.is_some_and(|symbol| counts.samples.lacks(reason, row.n, symbol)) {
                add_sample(replayer, chunk, row, state, counts);
            }
        }
        counts.add_entries(trades, &skips, span);
    }

    /// Removes the entries.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.span = None;
    }
}

/// Answers the entry by the general path, and keeps it as an example of its skip reason.
fn add_sample(
    replayer: &Replayer,
    chunk: &Chunk,
    row: &PendingRow,
    state: PolicyState<'_>,
    counts: &mut Counts,
) {
    let Some(line) = row.line(chunk) else { return };
    let number = usize::try_from(line.number).unwrap_or(usize::MAX);
    if let TapeRecord::Intent(mut intent) = replayer.read(line, number, &mut Scratch::default()) {
        intent.set_line(number);
        counts
            .samples
            .add(&replayer.answer_intent(&intent, state, row.n));
    }
}
