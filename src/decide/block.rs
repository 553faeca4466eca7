//! The gates for one block of rows, without branches.

use super::{
    LeverageFrom, SkipCode,
    batch_bounds::BatchBounds,
    decision_columns::Outcome,
    intent_columns::row_kind,
    tables::{DENY, EXIT_BY_DELEGATE, EXIT_BY_OWNER, OPEN, Tables, reason_of_symbol},
};

/// Number of rows processed at a time; a block fits in the L1 cache.
pub(super) const BLOCK: usize = 256;

const STALE_INTENT: u64 = SkipCode::IntentStale.number_wide();
const CLOCK: u64 = SkipCode::ClockUntrusted.number_wide();
const LEVERAGE: u64 = SkipCode::PolicyMissingLeverage.number_wide();
const SIZE: u64 = SkipCode::PolicyMissingSize.number_wide();
const LIMIT: u64 = SkipCode::PolicyLimitExceeded.number_wide();

/// The outcome for each number that a row can have as its answer; the number is the index.
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

/// The columns of one block that [`Work::check`] reads.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'a> {
    pub(super) kinds: &'a [u8],
    pub(super) requested: &'a [f64],
    pub(super) sizes: &'a [f64],
    pub(super) largest: &'a [f64],
    pub(super) deviations: &'a [f64],
    pub(super) distances: &'a [f64],
}

/// Working columns of one block.
pub(super) struct Work {
    /// The bits of the leverage of the policy, or of a NaN with the number of a skip reason of gate 3, 7 or 8.
    given: [u64; BLOCK],
    /// The lowest number among the skip reasons found so far.
    reason: [u8; BLOCK],
    /// The number of the answer that the row has if it is an exit.
    exit: [u8; BLOCK],
    /// The lowest number among the skip reasons of gates 3 and 6 to 10. The numbers are as wide as
    /// the `f64` values from which they are computed.
    late: [u64; BLOCK],
}

impl Work {
    pub(super) const fn new() -> Self {
        Self {
            given: [0; BLOCK],
            reason: [OPEN; BLOCK],
            exit: [DENY; BLOCK],
            late: [0; BLOCK],
        }
    }

    /// Looks up the leverage of each symbol, and applies gate 2.
    #[inline(always)]
    pub(super) fn look_up(&mut self, tables: &Tables, symbols: &[u32], sources: &[u32]) {
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

    /// Applies gates 3 and 7 to 10. The largest sizes are read only if some differ from the sizes (`SIZES_DIFFER`), and
    /// the fractions of prices only if they have bounds (`LIMITS_PRICES`).
    #[inline(always)]
    pub(super) fn check<const SIZES_DIFFER: bool, const LIMITS_PRICES: bool>(
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
    pub(super) fn time_all(&mut self, bounds: &BatchBounds, now: i64) {
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
    pub(super) fn time_each(&mut self, bounds: &BatchBounds, times: &[i64]) {
        for (reason, at) in self.reason.iter_mut().zip(times) {
            *reason = (*reason).min(bounds.at(*at));
        }
    }

    /// Applies gate 6. The latest times of sending are read only if there is a bound on the lead (`LIMITS_LEAD`).
    #[inline(always)]
    pub(super) fn age_each<const LIMITS_LEAD: bool>(
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
    pub(super) fn answer(
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

    /// Writes the origins of the leverages.
    #[inline(always)]
    pub(super) fn write_origins(&self, requested: &[f64], origins: &mut [LeverageFrom]) {
        let inputs = requested.iter().zip(&self.given);
        for (origin, (requested, given)) in origins.iter_mut().zip(inputs) {
            *origin = if *requested < f64::from_bits(*given) {
                LeverageFrom::Intent
            } else {
                LeverageFrom::Policy
            };
        }
    }
}
