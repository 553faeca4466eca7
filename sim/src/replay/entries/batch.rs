//! The answers to a batch of entries that were decided as columns, and to the records between them.

use portcullis::{
    answer::Verdict,
    decide::{DecisionColumns, Outcome},
    policy::{Policy, PolicyState},
    record::Scratch,
    types::Symbol,
};

use super::{
    answer::{EntryAnswer, EntryOutcome},
    collected::{Deferred, DeferredRecord, Entries, EntrySettings, PendingRow, Place},
    json::JsonLines,
    position::PlainPosition,
};
use crate::{
    replay::{
        chunk_output::{AnswerBuffer, ChunkOutput},
        digest,
        report_row::ReportRow,
        timeline::Timeline,
    },
    tape::Chunk,
};

/// Entries that were decided under one policy.
pub(super) struct Batch<'a> {
    pub(super) settings: &'a EntrySettings<'a>,
    pub(super) chunk: &'a Chunk,
    pub(super) timeline: &'a Timeline,
    pub(super) state: PolicyState<'a>,
    /// The number of the policy in the timeline.
    pub(super) policy_number: Option<usize>,
    pub(super) entries: &'a Entries,
    /// The ids of the entries, and the end of each.
    pub(super) ids: (&'a [u8], &'a [usize]),
    pub(super) decisions: &'a DecisionColumns,
    /// The positions between the entries, and their ids.
    pub(super) positions: &'a [(Box<PlainPosition>, Option<Box<str>>)],
}

/// A symbol of a batch.
struct BatchSymbol {
    symbol: Symbol,
    hash: u64,
    /// The number of the symbol in the timeline.
    number: Option<usize>,
}

impl Batch<'_> {
    /// Writes the answers to all entries, and those to the lines between them.
    pub(super) fn write(
        &self,
        mut deferred: &[Deferred],
        json: &mut JsonLines,
        scratch: &mut Scratch,
        output: &mut ChunkOutput,
    ) {
        let symbols = self.symbols();
        let policy = self.state.policy().ok();
        json.start(self.ids.0, symbols.len(), policy);
        let mut from = 0;
        for (index, row) in self.entries.rows.iter().enumerate() {
            self.answer_until(index, &mut deferred, scratch, output);
            let to = self.ids.1.get(index).copied().unwrap_or(from);
            let id = self.ids.0.get(from..to).unwrap_or_default();
            from = to;
            let place = usize::try_from(row.symbol).unwrap_or(usize::MAX);
            let Some(symbol) = symbols.get(place) else {
                // The answer is missing then, which a replay reports.
                continue;
            };
            match self.outcome(index, row, symbol, policy, output) {
                Some(outcome) => {
                    let answer = EntryAnswer {
                        n: row.n,
                        id,
                        ts: row.ts,
                        symbol: symbol.symbol,
                        side: row.side,
                        policy: policy.filter(|_| outcome.names_policy()),
                        outcome,
                    };
                    self.write_entry(&answer, (row, symbol), json, output);
                }
                None => self.answer((row.n, row.at), scratch, output),
            }
        }
        self.answer_until(usize::MAX, &mut deferred, scratch, output);
    }

    fn symbols(&self) -> Vec<BatchSymbol> {
        let symbols = self.entries.columns.symbols().iter();
        let symbols = symbols.zip(&self.entries.symbol_hashes);
        let symbols = symbols.map(|(symbol, hash)| BatchSymbol {
            symbol: *symbol,
            hash: *hash,
            number: self.timeline.symbol_number(symbol),
        });
        symbols.collect()
    }

    /// Answers the records that are before the entry with this index.
    #[inline]
    fn answer_until(
        &self,
        index: usize,
        deferred: &mut &[Deferred],
        scratch: &mut Scratch,
        output: &mut ChunkOutput,
    ) {
        while let Some((first, rest)) = deferred.split_first()
            && first.entries <= index
        {
            match first.record {
                DeferredRecord::Position(index) => self.answer_position(first.n, index, output),
                DeferredRecord::Other(at) => self.answer((first.n, at), scratch, output),
            }
            *deferred = rest;
        }
    }

    fn answer_position(&self, n: u64, index: usize, output: &mut ChunkOutput) {
        if let (Some(answer), Some((position, id))) =
            (self.settings.position, self.positions.get(index))
        {
            answer(position, id.as_deref(), n, self.timeline, output);
        }
    }

    /// Answers the record with a number at a place by the general path.
    fn answer(&self, (n, at): (u64, Place), scratch: &mut Scratch, output: &mut ChunkOutput) {
        if let Some(record) = at.record(self.chunk) {
            (self.settings.answer)(record.line(), n, self.timeline, scratch, output);
        }
    }

    /// Returns the decision of an entry. Returns `None` if the general path must answer it, because its evidence is
    /// needed and refers to the intent.
    fn outcome(
        &self,
        index: usize,
        row: &PendingRow,
        symbol: &BatchSymbol,
        policy: Option<&Policy>,
        output: &ChunkOutput,
    ) -> Option<EntryOutcome<'_>> {
        let EntrySettings {
            engine,
            now,
            reports,
            ..
        } = *self.settings;
        let reason = match *self.decisions.outcomes().get(index)? {
            Outcome::Trade => {
                let trade = row.trade(self.decisions, index, policy, self.settings);
                return Some(EntryOutcome::Trade(trade));
            }
            Outcome::Skip(reason) => reason,
            // Entries are never exits.
            Outcome::ExitByOwner | Outcome::ExitByDelegate => return None,
        };
        let is_written = reports || !matches!(output.answers, AnswerBuffer::Nothing);
        let samples = &output.counts.samples;
        if !is_written && !samples.lacks(reason, row.n, &symbol.symbol) {
            return Some(EntryOutcome::Skip(reason, None));
        }
        let columns = &self.entries.columns;
        let evidence = engine.evidence_of_entry(self.state, columns, index, now, reason)?;
        Some(EntryOutcome::Skip(reason, Some(evidence)))
    }

    /// Writes an answer to all outputs, and counts it.
    fn write_entry(
        &self,
        answer: &EntryAnswer<'_>,
        (row, symbol): (&PendingRow, &BatchSymbol),
        json: &mut JsonLines,
        output: &mut ChunkOutput,
    ) {
        let common = digest::EntryRow {
            ts: row.ts,
            id_hash: row.id_hash,
            symbol_hash: symbol.hash,
            side: row.side,
        };
        let (verdict, reason, bytes) = match &answer.outcome {
            EntryOutcome::Trade(trade) => (Verdict::Trade, None, common.trade(trade)),
            EntryOutcome::Skip(reason, evidence) => {
                if evidence.is_some() && output.counts.samples.lacks(*reason, row.n, &symbol.symbol)
                {
                    output.counts.samples.add(&answer.row());
                }
                let hash = answer.policy.map(Policy::hash);
                (Verdict::Skip, Some(*reason), common.skip(*reason, hash))
            }
        };
        output.rows.extend_from_slice(&bytes);
        output.counts.offset_assumed += u64::from(row.is_offset_assumed);
        let policy = self.policy_number.filter(|_| answer.policy.is_some());
        output
            .counts
            .add_entry((verdict, reason), row.ts, symbol.number, policy);
        if self.settings.reports {
            let row = ReportRow::new(&answer.row(), symbol.number);
            output.report_rows.push(row);
        }
        match &mut output.answers {
            AnswerBuffer::Nothing => {}
            AnswerBuffer::Lines(lines) => {
                json.write(answer, row.symbol, lines);
                lines.push(b'\n');
            }
            AnswerBuffer::Columns(columns) => columns.push(&answer.row()),
        }
    }
}
