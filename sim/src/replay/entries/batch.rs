//! The answers to a batch of entries that were decided as columns, and to the records between them.

use std::ops::Range;

use portcullis::{
    answer::Verdict,
    decide::{DecisionColumns, Outcome},
    policy::{Policy, PolicyState},
    record::Scratch,
    types::Symbol,
};

use super::{
    answer::{EntryAnswer, EntryOutcome},
    collected::{Deferred, DeferredRecord, Entries, EntrySettings, Ids, PendingRow, Place},
    json::JsonLines,
    position::PlainPosition,
    rows::EntryRows,
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
    /// The ids of the entries that were decided; empty if no answers are written.
    pub(super) ids: &'a Ids,
    pub(super) decisions: &'a DecisionColumns,
    /// The positions between the entries, and their ids.
    pub(super) positions: &'a [(Box<PlainPosition>, Option<Box<str>>)],
    /// The index of the first decided entry in the columns of `entries`.
    pub(super) first: usize,
}

/// The memory that is needed to write the answers to a batch.
pub(super) struct BatchMemory<'a> {
    /// The records between the entries.
    pub(super) deferred: &'a [Deferred],
    pub(super) json: &'a mut JsonLines,
    /// The memory of the general path.
    pub(super) scratch: &'a mut Scratch,
}

/// A symbol of a batch.
struct BatchSymbol {
    symbol: Symbol,
    hash: u64,
    /// The number of the symbol in the timeline.
    number: Option<usize>,
}

impl Batch<'_> {
    /// Writes the answers to entries of lines, and those to the lines between them.
    pub(super) fn write_lines(&self, memory: BatchMemory<'_>, output: &mut ChunkOutput) {
        let BatchMemory {
            mut deferred,
            json,
            scratch,
        } = memory;
        let symbols = self.start(json, output);
        for (index, row) in self.entries.rows.iter().enumerate() {
            self.answer_until(index, &mut deferred, scratch, output);
            self.write(index, row, &symbols, (json, scratch), output);
        }
        self.answer_until(usize::MAX, &mut deferred, scratch, output);
    }

    /// Writes the answers to rows of a table. `n` is the number of the record of the first row.
    pub(super) fn write_rows(
        &self,
        (rows, n): (&EntryRows, u64),
        memory: BatchMemory<'_>,
        output: &mut ChunkOutput,
    ) {
        let BatchMemory { json, scratch, .. } = memory;
        let symbols = self.start(json, output);
        for (index, n) in (0..self.decisions.len()).zip(n..) {
            let row = self.first.saturating_add(index);
            let pending = rows.is_plain(row).then(|| rows.pending(row, n)).flatten();
            match pending {
                Some(row) => self.write(index, &row, &symbols, (json, scratch), output),
                None => self.answer((n, Place::Row(row)), scratch, output),
            }
        }
    }

    /// Returns the decided values of the rows in a range.
    pub(super) fn decided<'v, T>(&self, values: &'v [T], rows: &Range<usize>) -> &'v [T] {
        let from = rows.start.saturating_sub(self.first);
        values
            .get(from..from.saturating_add(rows.len()))
            .unwrap_or_default()
    }

    /// Returns the symbol with a number.
    pub(super) fn symbol(&self, number: u32) -> Option<&Symbol> {
        let place = usize::try_from(number).ok()?;
        self.entries.columns.symbols().get(place)
    }

    fn start(&self, json: &mut JsonLines, output: &ChunkOutput) -> Vec<BatchSymbol> {
        let symbols = self.symbols();
        if matches!(output.answers, AnswerBuffer::Lines(_)) {
            json.start(self.ids.bytes(), symbols.len(), self.state.policy().ok());
        }
        symbols
    }

    /// Writes the answer to the entry with an index among the decided ones.
    #[inline(always)]
    fn write(
        &self,
        index: usize,
        row: &PendingRow,
        symbols: &[BatchSymbol],
        (json, scratch): (&mut JsonLines, &mut Scratch),
        output: &mut ChunkOutput,
    ) {
        let policy = self.state.policy().ok();
        let place = usize::try_from(row.symbol).unwrap_or(usize::MAX);
        let Some(symbol) = symbols.get(place) else {
            // The answer is missing then, which a replay reports.
            return;
        };
        match self.outcome(index, row, symbol, policy, output) {
            Some(outcome) => {
                let answer = EntryAnswer {
                    n: row.n,
                    id: self.ids.get(index),
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
    pub(super) fn answer(
        &self,
        (n, at): (u64, Place),
        scratch: &mut Scratch,
        output: &mut ChunkOutput,
    ) {
        let now = match at {
            Place::Row(row) => self.settings.now(row),
            Place::Line { .. } => self.settings.now(0),
        };
        if let Some(record) = at.record(self.chunk) {
            (self.settings.answer)(record.line(), n, now, self.timeline, scratch, output);
        }
    }

    /// Returns the decision of an entry. Returns `None` if the general path must answer it, because its evidence is
    /// needed and refers to the intent.
    #[inline(always)]
    fn outcome(
        &self,
        index: usize,
        row: &PendingRow,
        symbol: &BatchSymbol,
        policy: Option<&Policy>,
        output: &ChunkOutput,
    ) -> Option<EntryOutcome<'_>> {
        let EntrySettings {
            engine, reports, ..
        } = *self.settings;
        let entry = self.first.saturating_add(index);
        let now = self.settings.now(entry);
        let reason = match *self.decisions.outcomes().get(index)? {
            Outcome::Trade => {
                let trade = row.trade(self.decisions, index, policy, (engine, now));
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
        let evidence = engine.evidence_of_entry(self.state, columns, entry, now, reason)?;
        Some(EntryOutcome::Skip(reason, Some(evidence)))
    }

    /// Writes an answer to all outputs, and counts it.
    #[inline(always)]
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
        let (verdict, reason) = match &answer.outcome {
            EntryOutcome::Trade(trade) => {
                common.push_trade(trade, &mut output.rows);
                (Verdict::Trade, None)
            }
            EntryOutcome::Skip(reason, evidence) => {
                if evidence.is_some() && output.counts.samples.lacks(*reason, row.n, &symbol.symbol)
                {
                    output.counts.samples.add(&answer.row());
                }
                let hash = answer.policy.map(Policy::hash);
                common.push_skip(*reason, hash, &mut output.rows);
                (Verdict::Skip, Some(*reason))
            }
        };
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
            AnswerBuffer::Columns(columns) | AnswerBuffer::Table(columns) => {
                columns.push(&answer.row());
            }
            AnswerBuffer::ArmColumns(columns) => columns.answers.push(&answer.row()),
        }
    }
}
