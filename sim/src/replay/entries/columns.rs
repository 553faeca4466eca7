//! Answers to plain rows, which are written column by column.

use std::ops::Range;

use arrow_array::{Int8Array, PrimitiveArray, builder::Float64Builder, types::Float64Type};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use portcullis::{
    answer::{AnswerSide, RecordKind, Verdict},
    decide::{LeverageFrom, Outcome},
    intent::Size,
    policy::Policy,
    provenance::Source,
    types::Timestamp,
};

use super::{
    answer::skip_names_policy,
    batch::{Batch, BatchMemory},
    collected::{Place, not_after},
    rows::EntryRows,
};
use crate::{
    replay::{
        answer_rows::AnswerColumns,
        chunk_output::{AnswerBuffer, ChunkOutput},
    },
    rows::names::Named,
};

impl Batch<'_> {
    /// Writes the answers to rows of a table column by column, without the details of skips.
    pub(super) fn write_columns(
        &self,
        (rows, n): (&EntryRows, u64),
        memory: BatchMemory<'_>,
        output: &mut ChunkOutput,
    ) {
        let end = self.first.saturating_add(self.decisions.len());
        let (mut from, mut n) = (self.first, n);
        while from < end {
            let plain = (from..end).take_while(|row| rows.is_plain(*row)).count();
            let to = from.saturating_add(plain);
            if let AnswerBuffer::Table(columns) = &mut output.answers {
                PlainAnswers::new(self, rows, from..to, n).append(columns);
            }
            n = n.saturating_add(u64::try_from(plain).unwrap_or(u64::MAX));
            if to < end {
                self.answer((n, Place::Row(to)), memory.scratch, output);
                n = n.saturating_add(1);
            }
            from = to.saturating_add(1);
        }
    }
}

/// Answers to consecutive plain rows that were decided under one policy.
struct PlainAnswers<'a> {
    batch: &'a Batch<'a>,
    rows: &'a EntryRows,
    /// The indexes of the rows.
    range: Range<usize>,
    /// The number of the record of the first row.
    n: u64,
    outcomes: &'a [Outcome],
    /// The rows that are trades.
    trades: NullBuffer,
}

impl<'a> PlainAnswers<'a> {
    /// Prepares the answers to the rows in a range, which must all be plain. `n` is the number of the record of the first
    /// row.
    fn new(batch: &'a Batch<'a>, rows: &'a EntryRows, range: Range<usize>, n: u64) -> Self {
        let outcomes = batch.decided(batch.decisions.outcomes(), &range);
        let is_trade = |outcome: &Outcome| matches!(outcome, Outcome::Trade);
        let trades = BooleanBuffer::collect_bool(outcomes.len(), |index| {
            outcomes.get(index).is_some_and(is_trade)
        });
        Self {
            batch,
            rows,
            range,
            n,
            outcomes,
            trades: NullBuffer::new(trades),
        }
    }

    /// Appends the answers to all columns, without the details of skips.
    fn append(&self, to: &mut AnswerColumns) {
        let end = to.len().saturating_add(self.outcomes.len());
        self.append_record(to);
        self.append_decision(to);
        self.append_size(to);
        self.append_policy(to);
        to.pad(end);
    }

    fn append_record(&self, to: &mut AnswerColumns) {
        let rows = self.outcomes.len();
        if let Some(to) = &mut to.n {
            for n in (self.n..).take(rows) {
                to.append_option(i64::try_from(n).ok());
            }
        }
        if let Some(to) = &mut to.event {
            to.keys().append_value_n(key(RecordKind::Intent), rows);
        }
        if let Some(to) = &mut to.id {
            for (row, n) in self.range.clone().zip(self.n..) {
                match self.rows.id(row).map(std::str::from_utf8) {
                    Some(Ok(id)) => to.append_value(id),
                    Some(Err(_)) | None => to.append_value(n.to_string()),
                }
            }
        }
        if let Some(to) = &mut to.ts {
            for row in self.range.clone() {
                to.append_option(self.rows.emitted_at(row).map(Timestamp::as_millis));
            }
        }
        if let Some(to) = &mut to.symbol {
            for row in self.range.clone() {
                let symbol = self.batch.symbol(self.rows.symbol(row));
                to.append_option(symbol.map(|symbol| symbol.as_str()));
            }
        }
        if let Some(to) = &mut to.side {
            for row in self.range.clone() {
                let side = self.rows.side(row).map(AnswerSide::Order);
                to.keys().append_option(side.map(key));
            }
        }
    }

    fn append_decision(&self, to: &mut AnswerColumns) {
        let decisions = self.batch.decisions;
        if let Some(to) = &mut to.decision {
            let [trade, skip] = [Verdict::Trade, Verdict::Skip].map(key);
            let key = |outcome: &Outcome| match outcome {
                Outcome::Trade => trade,
                Outcome::Skip(_) | Outcome::ExitByOwner | Outcome::ExitByDelegate => skip,
            };
            let keys: Vec<i8> = self.outcomes.iter().map(key).collect();
            to.keys().append_slice(&keys);
        }
        if let Some(to) = &mut to.reason {
            let key = |outcome: &Outcome| match outcome {
                Outcome::Skip(reason) => key(*reason),
                Outcome::Trade | Outcome::ExitByOwner | Outcome::ExitByDelegate => 0,
            };
            let keys: Vec<i8> = self.outcomes.iter().map(key).collect();
            let skips = NullBuffer::new(!self.trades.inner());
            to.keys()
                .append_array(&Int8Array::new(keys.into(), Some(skips)));
        }
        self.append_trades(&mut to.leverage, decisions.leverages());
        self.append_trades(&mut to.notional_usd, decisions.notionals());
        if let Some(to) = &mut to.leverage_source {
            let sources = self
                .batch
                .decided(decisions.leverage_sources(), &self.range);
            for ((row, from), is_trade) in self.range.clone().zip(sources).zip(&self.trades) {
                let source = match from {
                    LeverageFrom::Intent => Some(Source::Intent("leverage")),
                    LeverageFrom::Position => Some(Source::Position("leverage")),
                    LeverageFrom::Policy => {
                        let symbol = self.batch.symbol(self.rows.symbol(row));
                        symbol.map(|symbol| Source::PolicyLeverage(*symbol))
                    }
                };
                to.push(source.filter(|_| is_trade));
            }
        }
        if let Some(to) = &mut to.leverage_requested {
            self.append_each(to, |row| self.rows.requested(row));
        }
    }

    fn append_size(&self, to: &mut AnswerColumns) {
        if let Some(to) = &mut to.size_usd {
            self.append_each(to, |row| self.rows.size(row).map(Size::usd));
        }
        if let Some(to) = &mut to.size_basis {
            for (row, is_trade) in self.range.clone().zip(&self.trades) {
                let basis = self.rows.size(row).map(|size| key(size.basis()));
                to.keys().append_option(basis.filter(|_| is_trade));
            }
        }
        if let Some(to) = &mut to.size_source {
            for (row, is_trade) in self.range.clone().zip(&self.trades) {
                let source = self.rows.size_source(row).filter(|_| is_trade);
                to.push(source.map(|source| Source::Intent(source.field())));
            }
        }
        if let Some(to) = &mut to.quantity {
            let notionals = self
                .batch
                .decided(self.batch.decisions.notionals(), &self.range);
            let rows = self.range.clone().zip(notionals);
            for ((row, notional), is_trade) in rows.zip(&self.trades) {
                let quantity = match is_trade {
                    true => self.rows.quantity(row, *notional),
                    false => None,
                };
                to.append_option(quantity);
            }
        }
    }

    fn append_policy(&self, to: &mut AnswerColumns) {
        let policy = self.batch.state.policy().ok();
        if let Some(to) = &mut to.not_after {
            for (row, is_trade) in self.range.clone().zip(&self.trades) {
                let not_after = match is_trade {
                    true => {
                        let now = self.batch.settings.now(row).or(self.rows.emitted_at(row));
                        not_after(self.batch.settings.engine, now, policy)
                    }
                    false => None,
                };
                to.append_option(not_after.map(Timestamp::as_millis));
            }
        }
        if let Some(to) = &mut to.policy_version {
            for outcome in self.outcomes {
                let policy = policy.filter(|_| names_policy(outcome));
                to.append_option(policy.map(Policy::version));
            }
        }
        if let Some(to) = &mut to.policy_hash {
            for outcome in self.outcomes {
                let policy = policy.filter(|_| names_policy(outcome));
                to.push(policy.map(Policy::hash));
            }
        }
    }

    /// Appends a number of each trade, and nulls for skips.
    fn append_trades(&self, to: &mut Option<Float64Builder>, numbers: &[f64]) {
        if let Some(to) = to {
            let numbers = self.batch.decided(numbers, &self.range).to_vec();
            let numbers =
                PrimitiveArray::<Float64Type>::new(numbers.into(), Some(self.trades.clone()));
            to.append_array(&numbers);
        }
    }

    fn append_each(&self, to: &mut Float64Builder, number: impl Fn(usize) -> Option<f64>) {
        for (row, is_trade) in self.range.clone().zip(&self.trades) {
            to.append_option(number(row).filter(|_| is_trade));
        }
    }
}

/// Returns true if the answer names the policy under which it was decided.
fn names_policy(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Trade => true,
        Outcome::Skip(reason) => skip_names_policy(*reason),
        // Entries are never exits.
        Outcome::ExitByOwner | Outcome::ExitByDelegate => false,
    }
}

/// Returns the key of a value in its dictionary.
fn key<T: Named>(value: T) -> i8 {
    i8::try_from(value.key()).unwrap_or_default()
}
