//! Decisions over whole columns, for backtests.
//!
//! Each row gets the same answer as from [`Engine::decide`], but without evidence. To get the
//! evidence or a [`super::Trade`], decide the row alone.
//!
//! Reasons are numbered in the order of the gates, and the first gate that fails determines the
//! answer. The answer to a row is therefore the reason with the lowest number among those that
//! apply. Because of this, every gate can be checked for every row without branches, many rows at a
//! time.

use super::{
    Engine, LeverageFrom, SkipCode,
    decision_columns::{DecisionColumns, Outcome},
    gates::{freshness::Bounds, policy},
    intent_columns::{IntentColumns, NO_TIMESTAMP, row_kind},
    tables::{DENY, EXIT_BY_DELEGATE, EXIT_BY_OWNER, OPEN, Tables, reason_of_symbol},
};
use crate::{
    guardrails::Guardrails,
    policy::{InForce, PolicyState},
    types::{Fraction, Leverage, Margin, Notional, Timestamp},
};

/// Number of rows processed at a time; a block fits in the L1 cache.
const BLOCK: usize = 256;

const STALE_INTENT: u64 = SkipCode::IntentStale.number_wide();
const CLOCK: u64 = SkipCode::ClockUntrusted.number_wide();
const LEVERAGE: u64 = SkipCode::PolicyMissingLeverage.number_wide();
const SIZE: u64 = SkipCode::PolicyMissingSize.number_wide();
const LIMIT: u64 = SkipCode::PolicyLimitExceeded.number_wide();

/// A duration in microseconds that is longer than the age of any row with a timestamp, but shorter
/// than the age of any row without one.
const AGE_UNKNOWN: i64 = 1_000_000_000_000_000_000;

/// The outcome for each answer number of a row.
const OUTCOMES: [Outcome; 256] = {
    let mut outcomes = [Outcome::Trade; 256];
    let mut rest: &mut [Outcome] = &mut outcomes;
    let mut number = 0;
    while let Some((outcome, tail)) = rest.split_first_mut() {
        *outcome = match (SkipCode::from_number(number), number) {
            (Some(reason), _) => Outcome::Skip(reason),
            (None, EXIT_BY_OWNER) => Outcome::ExitByOwner,
            (None, EXIT_BY_DELEGATE) => Outcome::ExitByDelegate,
            (None, _) => Outcome::Trade,
        };
        number = number.wrapping_add(1);
        rest = tail;
    }
    outcomes
};

/// Bounds with which every row of a batch is compared. A bound that is not set accepts every value.
#[derive(Debug, Clone, Copy)]
struct BatchBounds {
    /// The number of the skip reason of gate 4 or 5 if it applies to every row, otherwise [`OPEN`].
    reason: u8,
    /// The earliest time, in microseconds, from which the remaining validity is within `max_validity_sec`.
    permitted_from: i64,
    valid_from: i64,
    valid_until: i64,
    /// The largest age, in microseconds. The age of a row without a timestamp is larger.
    age_max: i64,
    /// The smallest age, in microseconds. It is the largest lead, negated.
    age_min: i64,
    /// The largest age of a row with a timestamp, in microseconds. A row with a larger age has no
    /// timestamp, so its lead is unknown.
    lead_unknown: i64,
    leverage_max: f64,
    margin_max: f64,
    notional_max: f64,
    price_deviation_max: f64,
    stop_distance_max: f64,
}

impl BatchBounds {
    fn new(engine: &Engine, state: PolicyState<'_>, now: Option<Timestamp>) -> Self {
        let mut bounds = Self {
            reason: OPEN,
            permitted_from: i64::MIN,
            valid_from: i64::MIN,
            valid_until: i64::MAX,
            age_max: i64::MAX,
            age_min: i64::MIN,
            lead_unknown: i64::MAX,
            leverage_max: f64::MAX,
            margin_max: f64::MAX,
            notional_max: f64::MAX,
            price_deviation_max: f64::INFINITY,
            stop_distance_max: f64::INFINITY,
        };
        let policy = match state.policy() {
            Ok(policy) => policy,
            Err(unavailable) => {
                bounds.reason = SkipCode::from(unavailable).number();
                return bounds;
            }
        };
        let guardrails = engine.guardrails();
        // The remaining validity is 0 at the expiry of the policy, so a guardrail that is violated
        // at that time is violated at every other time as well.
        let at = now.unwrap_or(policy.valid_until());
        if let Err(denial) = policy::check(guardrails, state, at) {
            bounds.reason = denial.reason().number();
        }
        if !state.is_assumed() {
            bounds.valid_from = policy.valid_from().map_or(i64::MIN, Timestamp::as_micros);
            bounds.valid_until = policy.valid_until().as_micros();
            if let (None, Some(longest)) = (policy.valid_from(), guardrails.max_validity()) {
                bounds.permitted_from = bounds.valid_until.saturating_sub(longest.as_micros());
            }
        }
        bounds
    }

    fn limits_prices(&self) -> bool {
        self.price_deviation_max != f64::INFINITY || self.stop_distance_max != f64::INFINITY
    }

    fn limits_age(&self) -> bool {
        self.age_max != i64::MAX || self.limits_lead()
    }

    fn limits_lead(&self) -> bool {
        self.age_min != i64::MIN
    }

    /// Returns the lowest number among the skip reasons of gates 1 (no timestamp), 4 and 5 at the
    /// time `now`.
    #[inline(always)]
    fn at(&self, now: i64) -> u8 {
        let number = if now > self.valid_until {
            SkipCode::PolicyStale.number()
        } else {
            OPEN
        };
        let number = if now < self.valid_from {
            SkipCode::PolicyNotYetValid.number()
        } else {
            number
        };
        let number = if now < self.permitted_from {
            SkipCode::PolicyConstraintViolation.number()
        } else {
            number
        };
        let number = number.min(self.reason);
        if now == NO_TIMESTAMP {
            SkipCode::IntentInvalid.number()
        } else {
            number
        }
    }

    fn with_limits(mut self, engine: &Engine, in_force: InForce<'_>) -> Self {
        let (limits, guardrails) = (in_force.limits(), engine.guardrails());
        let fresh = Bounds::new(limits, guardrails);
        if let Some(age_max) = fresh.age_max {
            self.age_max = age_max.value().as_micros().min(AGE_UNKNOWN);
        }
        if let Some(lead_max) = fresh.lead_max {
            self.age_min = lead_max.value().as_micros().saturating_neg();
            self.lead_unknown = AGE_UNKNOWN;
        }
        let lowest =
            |bounds: [Option<f64>; 2]| bounds.into_iter().flatten().fold(f64::MAX, f64::min);
        self.leverage_max = lowest([
            limits.max_leverage().map(Leverage::get),
            guardrails.max_leverage().map(Leverage::get),
        ]);
        self.margin_max = lowest([
            limits.max_position_usd().map(Margin::get),
            guardrails.max_position_usd().map(Margin::get),
        ]);
        self.notional_max = lowest([
            limits.max_notional_usd().map(Notional::get),
            guardrails.max_notional_usd().map(Notional::get),
        ]);
        let fraction = |bound: Option<Fraction>| bound.map_or(f64::INFINITY, Fraction::get);
        self.price_deviation_max = fraction(guardrails.max_price_deviation());
        self.stop_distance_max = fraction(guardrails.max_stop_distance());
        self
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
    /// Computes the times of sending if the guardrails give the `timestamp` of a source another meaning. Otherwise the
    /// columns stay empty.
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

    /// Applies the last rule of gate 1: an entry with a field that is not supported is denied unless an earlier rule of
    /// that gate denied it.
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
        let mut work = Work {
            given: [0; BLOCK],
            reason: [OPEN; BLOCK],
            exit: [DENY; BLOCK],
            late: [0; BLOCK],
        };
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
            let given = work.given.iter();
            for ((origin, requested), given) in origin.iter_mut().zip(requested).zip(given) {
                *origin = if *requested < f64::from_bits(*given) {
                    LeverageFrom::Intent
                } else {
                    LeverageFrom::Policy
                };
            }
            start += BLOCK;
        }
    }
}

/// The columns of one block that [`Work::check`] reads.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    kinds: &'a [u8],
    requested: &'a [f64],
    sizes: &'a [f64],
    largest: &'a [f64],
    deviations: &'a [f64],
    distances: &'a [f64],
}

/// Working columns of one block.
struct Work {
    /// The bits of the leverage of the policy, or of a NaN with the number of a skip reason of gate 3, 7 or 8.
    given: [u64; BLOCK],
    /// The lowest number among the skip reasons found so far.
    reason: [u8; BLOCK],
    /// The number of the answer if the row is an exit.
    exit: [u8; BLOCK],
    /// The lowest number among the skip reasons of gates 3 and 6 to 10. The numbers are as wide as
    /// the `f64` values from which they are computed.
    late: [u64; BLOCK],
}

impl Work {
    /// Looks up the leverage of each symbol, and applies gate 2.
    #[inline(always)]
    fn look_up(&mut self, tables: &Tables, symbols: &[u32], sources: &[u32]) {
        tables.write_symbols(symbols, &mut self.given);
        if let Some(source) = tables.only_source(sources) {
            self.reason.fill(source.reason);
            self.exit.fill(source.exit);
            return;
        }
        let work = self.reason.iter_mut().zip(&mut self.exit);
        for ((reason, exit), source) in work.zip(sources) {
            let source = tables.source(*source);
            *reason = source.reason;
            *exit = source.exit;
        }
    }

    /// Applies gates 3 and 7 to 10. The largest sizes are read only if some differ from the sizes (`SIZES_DIFFER`), and the
    /// fractions of prices only if they have bounds (`LIMITS_PRICES`).
    #[inline(always)]
    fn check<const SIZES_DIFFER: bool, const LIMITS_PRICES: bool>(
        &mut self,
        bounds: &BatchBounds,
        numbers: Numbers<'_>,
        leverages: &mut [f64],
        notionals: &mut [f64],
    ) {
        let requested = numbers.requested;
        let inputs = numbers
            .kinds
            .iter()
            .zip(requested)
            .zip(numbers.sizes)
            .zip(&self.given);
        let checked = numbers
            .largest
            .iter()
            .zip(numbers.deviations)
            .zip(numbers.distances);
        let outputs = leverages.iter_mut().zip(notionals).zip(&mut self.late);
        for (
            ((((kind, requested), size), given), ((largest, deviation), distance)),
            ((leverage_out, notional_out), late),
        ) in inputs.zip(checked).zip(outputs)
        {
            let early = reason_of_symbol(*given);
            let given = f64::from_bits(*given);
            let leverage = if *requested < given {
                *requested
            } else {
                given
            };
            let on_margin = *kind == row_kind::MARGIN;
            let (product, quotient) = (size * leverage, size / leverage);
            let notional = if on_margin { product } else { *size };
            let margin = if on_margin { *size } else { quotient };
            let (largest_notional, largest_margin) = if SIZES_DIFFER {
                let (product, quotient) = (largest * leverage, largest / leverage);
                let notional = if on_margin { product } else { *largest };
                (notional, if on_margin { *largest } else { quotient })
            } else {
                (notional, margin)
            };
            let prices_within = !LIMITS_PRICES
                | ((*deviation <= bounds.price_deviation_max)
                    & (*distance <= bounds.stop_distance_max));
            let within = (leverage <= bounds.leverage_max)
                & (largest_margin <= bounds.margin_max)
                & (margin > 0.0)
                & (largest_notional <= bounds.notional_max)
                & (notional > 0.0)
                & prices_within;
            let late_at_size = if size.is_nan() { SIZE } else { LIMIT };
            let late_at_size = if within {
                u64::from(OPEN)
            } else {
                late_at_size
            };
            let late_at_leverage = if requested.is_nan() {
                LEVERAGE
            } else {
                late_at_size
            };
            *late = early.min(late_at_leverage);
            *leverage_out = leverage;
            *notional_out = notional;
        }
    }

    /// Applies gates 4 and 5 at one time for all rows.
    #[inline(always)]
    fn time_all(&mut self, bounds: &BatchBounds, now: i64) {
        let number = bounds.at(now);
        if number == OPEN {
            return;
        }
        for reason in &mut self.reason {
            *reason = (*reason).min(number);
        }
    }

    /// Applies gates 4 and 5 at each row's event time.
    #[inline(always)]
    fn time_each(&mut self, bounds: &BatchBounds, times: &[i64]) {
        for (reason, at) in self.reason.iter_mut().zip(times) {
            *reason = (*reason).min(bounds.at(*at));
        }
    }

    /// Applies gate 6. The latest times of sending are read only if there is a bound on the lead (`LIMITS_LEAD`).
    #[inline(always)]
    fn age_each<const LIMITS_LEAD: bool>(
        &mut self,
        bounds: &BatchBounds,
        (now, times): (Option<i64>, &[i64]),
        (earliest, latest): (&[i64], &[i64]),
    ) {
        let sent = earliest.iter().zip(latest);
        for ((late, at), (earliest, latest)) in self.late.iter_mut().zip(times).zip(sent) {
            let age = now.unwrap_or(*at).wrapping_sub(*earliest);
            let least_age = now.unwrap_or(*at).wrapping_sub(*latest);
            let ahead = LIMITS_LEAD & ((least_age < bounds.age_min) | (age > bounds.lead_unknown));
            let number = if ahead { CLOCK } else { u64::from(OPEN) };
            let number = if age > bounds.age_max {
                STALE_INTENT
            } else {
                number
            };
            *late = number.min(*late);
        }
    }

    /// Applies gate 1 and writes the outcomes.
    #[inline(always)]
    fn answer(
        &mut self,
        own_times: bool,
        kinds: &[u8],
        outcomes: &mut [Outcome],
        leverages: &mut [f64],
        notionals: &mut [f64],
    ) {
        for (reason, late) in self.reason.iter_mut().zip(&self.late) {
            let [number, ..] = late.to_le_bytes();
            *reason = (*reason).min(number);
        }
        let inputs = kinds.iter().zip(&self.exit);
        for (reason, (kind, exit)) in self.reason.iter_mut().zip(inputs) {
            let entry = (*kind == row_kind::NOTIONAL) | (*kind == row_kind::MARGIN);
            let untimed = |number| {
                if own_times {
                    SkipCode::IntentInvalid.number()
                } else {
                    number
                }
            };
            let fault = match *kind {
                row_kind::AMBIGUOUS_UNTIMED => untimed(SkipCode::IntentAmbiguous.number()),
                row_kind::HOLD_UNTIMED => untimed(SkipCode::IntentNotActionable.number()),
                number => number,
            };
            let unclear = if *exit == DENY {
                SkipCode::IntentAmbiguous.number()
            } else {
                *exit
            };
            let other = match *kind {
                row_kind::EXIT => *exit,
                row_kind::EXIT_UNCLEAR => unclear,
                _ => fault,
            };
            *reason = if entry { *reason } else { other };
        }
        for (outcome, number) in outcomes.iter_mut().zip(&self.reason) {
            *outcome = OUTCOMES
                .get(usize::from(*number))
                .copied()
                .unwrap_or(Outcome::Skip(SkipCode::PolicyMissing));
        }
        let outputs = leverages.iter_mut().zip(notionals);
        for ((leverage, notional), number) in outputs.zip(&self.reason) {
            // The bits of NaN turn every positive number into a NaN. A choice between the number and NaN would become a
            // masked store, which is several times as slow.
            let nan = if *number == OPEN {
                0
            } else {
                f64::NAN.to_bits()
            };
            *leverage = f64::from_bits(leverage.to_bits() | nan);
            *notional = f64::from_bits(notional.to_bits() | nan);
        }
    }
}

/// Returns the part of a column that a block covers.
fn block<T>(column: &[T], start: usize) -> &[T] {
    let rest = column.get(start..).unwrap_or_default();
    rest.get(..BLOCK).unwrap_or(rest)
}
