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

use super::{
    Engine, SkipCode,
    batch_bounds::BatchBounds,
    block::{BLOCK, Numbers, Work},
    decision_columns::{DecisionColumns, Outcome},
    intent_columns::IntentColumns,
};
use crate::{guardrails::Guardrails, policy::PolicyState, types::Timestamp};

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
        // The numbers of the policy are read at a time at which it is in force. The validity is checked later, at
        // the time of each row.
        let bounds = BatchBounds::new(self, policy, now);
        let in_force = policy
            .policy()
            .ok()
            .and_then(|p| policy.in_force(p.valid_until()).ok());
        let bounds = in_force.map_or(bounds, |in_force| bounds.with_limits(self, in_force));
        answers.tables.fill(self, intents, in_force);
        answers.resize(intents.len());
        answers.read_candle_times(self.guardrails(), intents);
        let pass = Pass {
            bounds,
            now: now.map(Timestamp::as_micros),
            intents,
            answers,
        };
        // The widest vector instructions of this machine are used. The width does not change any
        // bit of the result.
        pulp::Arch::new().dispatch(pass);
        answers.deny_unsupported(self.guardrails(), intents);
    }
}

impl DecisionColumns {
    /// Computes the times of sending if the guardrail `timestamp_is` states for any source that its `timestamp` is the
    /// time of a candle. Otherwise the columns stay empty.
    fn read_candle_times(&mut self, guardrails: &Guardrails, intents: &IntentColumns) {
        self.earliest.clear();
        self.latest.clear();
        if !guardrails.has_candle_times() {
            return;
        }
        self.earliest.extend_from_slice(&intents.earliest);
        self.latest.extend_from_slice(&intents.latest);
        for stamped in &intents.stamped {
            let source = usize::try_from(stamped.source).ok();
            let source = source.and_then(|place| intents.sources.values.get(place));
            let candle = guardrails.candle_of(source.and_then(|name| name.as_deref()));
            if let (Some((earliest, latest)), Some(first), Some(last)) = (
                stamped.times.sent_between(candle),
                self.earliest.get_mut(stamped.row),
                self.latest.get_mut(stamped.row),
            ) {
                (*first, *last) = (earliest.as_micros(), latest.as_micros());
            }
        }
    }

    /// Applies the last rule of gate 1: an entry with a field that is not supported is denied, unless an earlier rule
    /// of gate 1 has denied it.
    fn deny_unsupported(&mut self, guardrails: &Guardrails, intents: &IntentColumns) {
        for row in &intents.unsupported {
            let place = row.row;
            if let (Some(outcome), Some(leverage), Some(notional)) = (
                self.outcome.get_mut(place),
                self.leverage.get_mut(place),
                self.notional.get_mut(place),
            ) && row.applies_to(intents.kind.get(place).copied())
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
            intents,
            answers,
        } = self;
        let tables = &answers.tables;
        let outcomes = answers.outcome.chunks_mut(BLOCK);
        let leverages = answers.leverage.chunks_mut(BLOCK);
        let notionals = answers.notional.chunks_mut(BLOCK);
        let origins = answers.leverage_from.chunks_mut(BLOCK);
        let mut work = Work::new();
        let mut start = 0;
        for (((outcome, leverage), notional), origin) in
            outcomes.zip(leverages).zip(notionals).zip(origins)
        {
            let kind = block(&intents.kind, start);
            let requested = block(&intents.requested, start);
            let source = block(&intents.source, start);
            work.look_up(tables, block(&intents.symbol, start), source);
            let numbers = Numbers {
                kinds: kind,
                requested,
                sizes: block(&intents.size, start),
                largest: block(&intents.largest, start),
                deviations: block(&intents.price_deviation, start),
                distances: block(&intents.stop_distance, start),
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
                None => work.time_each(bounds, block(&intents.event_time, start)),
            }
            if bounds.limits_age() {
                let times = (now, block(&intents.event_time, start));
                let (earliest, latest) = match answers.earliest.is_empty() {
                    true => (&intents.earliest, &intents.latest),
                    false => (&answers.earliest, &answers.latest),
                };
                let sent = (block(earliest, start), block(latest, start));
                match bounds.limits_lead() {
                    true => work.age_each::<true>(bounds, times, sent),
                    false => work.age_each::<false>(bounds, times, sent),
                }
            }
            work.answer(now.is_none(), kind, outcome, leverage, notional);
            work.write_origins(requested, origin);
            start += BLOCK;
        }
    }
}

/// Returns the part of a column that a block covers.
fn block<T>(column: &[T], start: usize) -> &[T] {
    let rest = column.get(start..).unwrap_or_default();
    rest.get(..BLOCK).unwrap_or(rest)
}
