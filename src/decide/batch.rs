//! Decisions over whole columns, for backtests.
//!
//! Each row gets the same answer as from [`Engine::decide`], but without evidence. To get the
//! evidence or a [`super::Trade`], decide the row alone.
//!
//! The reasons of the gates are numbered in the order of the gates, and the first gate that fails
//! determines the answer. The answer to a row is therefore the reason with the lowest number among
//! those that apply, so every gate can be checked for every row without branches, many rows at a
//! time. The only exception is `INTENT_UNSUPPORTED`, which belongs to gate 1 but has the highest
//! number. It is applied last, to single rows.

use std::ops::Range;

use super::{
    Engine, SkipCode,
    batch_bounds::BatchBounds,
    block::{BLOCK, Numbers, Work},
    decision_columns::{DecisionColumns, Outcome},
    intent_columns::{IntentColumns, NO_TIMESTAMP},
};
use crate::{guardrails::Guardrails, policy::PolicyState, types::Timestamp};

/// The times at which [`Engine::decide_rows`] decides.
#[derive(Debug, Clone, Copy)]
pub enum DecideAt<'a> {
    /// The event time of each row, as in [`Engine::decide_recorded`].
    EventTime,
    /// One time for all rows.
    Time(Timestamp),
    /// The times of all rows of the columns, in their order. A row without a time is skipped with `INTENT_INVALID`.
    Each(&'a [Timestamp]),
}

impl From<Option<Timestamp>> for DecideAt<'_> {
    fn from(now: Option<Timestamp>) -> Self {
        now.map_or(Self::EventTime, Self::Time)
    }
}

impl Engine {
    /// Answers every row of `intents` under one policy: at `now`, or at each row's event time if
    /// `now` is `None`. Each row gets the same answer as from [`Engine::decide`] or
    /// [`Engine::decide_recorded`].
    ///
    /// Does not allocate once `answers` has grown to the size of the batch.
    pub fn decide_columns(
        &self,
        policy: PolicyState<'_>,
        intents: &IntentColumns,
        now: Option<Timestamp>,
        answers: &mut DecisionColumns,
    ) {
        self.decide_rows(policy, intents, 0..intents.len(), now.into(), answers);
    }

    /// Answers the rows in a range as [`Self::decide_columns`] answers all rows. The first answer is that of the first
    /// row in the range.
    pub fn decide_rows(
        &self,
        policy: PolicyState<'_>,
        intents: &IntentColumns,
        rows: Range<usize>,
        at: DecideAt<'_>,
        answers: &mut DecisionColumns,
    ) {
        let rows = rows.start..rows.end.min(intents.len());
        let now = match at {
            DecideAt::Time(now) => Some(now),
            DecideAt::EventTime | DecideAt::Each(_) => None,
        };
        // The numbers of the policy are read at a time at which it is in force. The validity is checked later, at
        // the time of each row.
        let bounds = BatchBounds::new(self, policy, now);
        let in_force = policy
            .policy()
            .ok()
            .and_then(|p| policy.in_force(p.valid_until()).ok());
        let bounds = in_force.map_or(bounds, |in_force| bounds.with_limits(self, in_force));
        answers.tables.fill(self, intents, in_force);
        answers.resize(rows.len());
        answers.read_times(at, &rows);
        answers.read_candle_times(self.guardrails(), intents, &rows);
        let pass = Pass {
            bounds,
            now: now.map(Timestamp::as_micros),
            is_own_time: matches!(at, DecideAt::EventTime),
            rows: rows.clone(),
            intents,
            answers,
        };
        // The widest vector instructions of this machine are used. The width does not change any
        // bit of the result.
        pulp::Arch::new().dispatch(pass);
        answers.deny_unsupported(self.guardrails(), intents, &rows);
    }
}

impl DecisionColumns {
    /// Reads the times of the rows in a range, if they are not those of the intents. Otherwise the column stays empty.
    fn read_times(&mut self, at: DecideAt<'_>, rows: &Range<usize>) {
        self.times.clear();
        if let DecideAt::Each(times) = at {
            let times = times.iter().skip(rows.start).take(rows.len());
            self.times.extend(times.map(|at| at.as_micros()));
            self.times.resize(rows.len(), NO_TIMESTAMP);
        }
    }

    /// Computes the times of sending if the guardrail `timestamp_is` states for any source that its `timestamp` is the
    /// time of a candle. Otherwise the columns stay empty.
    fn read_candle_times(
        &mut self,
        guardrails: &Guardrails,
        intents: &IntentColumns,
        rows: &Range<usize>,
    ) {
        self.earliest.clear();
        self.latest.clear();
        if !guardrails.has_candle_times() {
            return;
        }
        self.earliest
            .extend_from_slice(part(&intents.earliest, rows));
        self.latest.extend_from_slice(part(&intents.latest, rows));
        for stamped in part_of(&intents.stamped, rows, |stamped| stamped.row) {
            let place = stamped.row.saturating_sub(rows.start);
            let source = usize::try_from(stamped.source).ok();
            let source = source.and_then(|number| intents.sources.values.get(number));
            let candle = guardrails.candle_of(source.and_then(|name| name.as_deref()));
            if let (Some((earliest, latest)), Some(first), Some(last)) = (
                stamped.times.sent_between(candle),
                self.earliest.get_mut(place),
                self.latest.get_mut(place),
            ) {
                (*first, *last) = (earliest.as_micros(), latest.as_micros());
            }
        }
    }

    /// Applies the last rule of gate 1: an entry with an unsupported field is skipped with that reason, if no
    /// earlier rule of gate 1 applies.
    fn deny_unsupported(
        &mut self,
        guardrails: &Guardrails,
        intents: &IntentColumns,
        rows: &Range<usize>,
    ) {
        for row in part_of(&intents.unsupported, rows, |row| row.row) {
            let place = row.row.saturating_sub(rows.start);
            if let (Some(outcome), Some(leverage), Some(notional)) = (
                self.outcome.get_mut(place),
                self.leverage.get_mut(place),
                self.notional.get_mut(place),
            ) && row.applies_to(intents.kind.get(row.row).copied())
                && *outcome != Outcome::Skip(SkipCode::IntentInvalid)
                && row.is_denied(guardrails)
            {
                *outcome = Outcome::Skip(SkipCode::IntentUnsupported);
                (*leverage, *notional) = (f64::NAN, f64::NAN);
            }
        }
    }
}

struct Pass<'a> {
    bounds: BatchBounds,
    now: Option<i64>,
    /// True if each row is decided at its event time.
    is_own_time: bool,
    /// The rows that are decided.
    rows: Range<usize>,
    intents: &'a IntentColumns,
    answers: &'a mut DecisionColumns,
}

impl pulp::WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self {
            bounds,
            now,
            is_own_time,
            rows,
            intents,
            answers,
        } = self;
        let tables = &answers.tables;
        let times = match answers.times.is_empty() {
            true => part(&intents.event_time, &rows),
            false => &*answers.times,
        };
        let (earliest, latest) = match answers.earliest.is_empty() {
            true => (part(&intents.earliest, &rows), part(&intents.latest, &rows)),
            false => (&*answers.earliest, &*answers.latest),
        };
        let kinds = part(&intents.kind, &rows);
        let (symbols, sources) = (part(&intents.symbol, &rows), part(&intents.source, &rows));
        let requested = part(&intents.requested, &rows);
        let (sizes, largest) = (part(&intents.size, &rows), part(&intents.largest, &rows));
        let deviations = part(&intents.price_deviation, &rows);
        let distances = part(&intents.stop_distance, &rows);
        let outcomes = answers.outcome.chunks_mut(BLOCK);
        let leverages = answers.leverage.chunks_mut(BLOCK);
        let notionals = answers.notional.chunks_mut(BLOCK);
        let origins = answers.leverage_from.chunks_mut(BLOCK);
        let mut work = Work::new();
        let mut start = 0;
        for (((outcome, leverage), notional), origin) in
            outcomes.zip(leverages).zip(notionals).zip(origins)
        {
            let kind = block(kinds, start);
            let requested = block(requested, start);
            work.look_up(tables, block(symbols, start), block(sources, start));
            let numbers = Numbers {
                kinds: kind,
                requested,
                sizes: block(sizes, start),
                largest: block(largest, start),
                deviations: block(deviations, start),
                distances: block(distances, start),
            };
            let (bounds, leverage, notional) = (&bounds, &mut *leverage, &mut *notional);
            match (intents.sizes_differ, bounds.limits_prices()) {
                (false, false) => work.check::<false, false>(bounds, numbers, leverage, notional),
                (false, true) => work.check::<false, true>(bounds, numbers, leverage, notional),
                (true, false) => work.check::<true, false>(bounds, numbers, leverage, notional),
                (true, true) => work.check::<true, true>(bounds, numbers, leverage, notional),
            }
            match now {
                Some(now) => work.time_all(bounds, now),
                None => work.time_each(bounds, block(times, start)),
            }
            if bounds.limits_age() {
                let times = (now, block(times, start));
                let sent = (block(earliest, start), block(latest, start));
                match bounds.limits_lead() {
                    true => work.age_each::<true>(bounds, times, sent),
                    false => work.age_each::<false>(bounds, times, sent),
                }
            }
            work.answer(is_own_time, kind, outcome, leverage, notional);
            work.write_origins(requested, origin);
            start += BLOCK;
        }
    }
}

/// Returns the rows of a column in a range.
fn part<'a, T>(column: &'a [T], rows: &Range<usize>) -> &'a [T] {
    column.get(rows.clone()).unwrap_or_default()
}

/// Returns the items whose rows are in a range, from items in the order of their rows.
fn part_of<'a, T>(items: &'a [T], rows: &Range<usize>, row: impl Fn(&T) -> usize) -> &'a [T] {
    let from = items.partition_point(|item| row(item) < rows.start);
    let to = items.partition_point(|item| row(item) < rows.end);
    items.get(from..to).unwrap_or_default()
}

/// Returns the part of a column that a block covers.
fn block<T>(column: &[T], start: usize) -> &[T] {
    let rest = column.get(start..).unwrap_or_default();
    rest.get(..BLOCK).unwrap_or(rest)
}
