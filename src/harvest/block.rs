//! The arithmetic of a batch: blocks of rows without branches, so that the compiler vectorizes it.
//!
//! The formulas and the order of their operations are the same as in [`harvest`](super::harvest),
//! the call for a single position.

use super::{
    HarvestReason, code,
    columns::{HarvestColumns, state},
    evidence::is_finite,
    exp::exp_of_negative,
    kill_score, profit_lock, r_net,
};
use crate::policy::{Theta, ThetaInForce};

/// Number of rows per block, small enough for all intermediate columns to stay in the L1 cache.
pub(super) const ROWS: usize = 128;

/// The lowest bit of the result code in a row's state.
const NOT_MISSING_STOP: u64 = 1 << state::SKIP_SHIFT;
/// Position of the result code in a row's word, above the bits of the reasons.
const CODE_SHIFT: u32 = 16;

/// The bits of a row's state for an unavailable ladder and an unavailable profit lock. A shift by
/// `UNAVAILABLE_SHIFT` converts them to the bits of the corresponding reasons.
const UNAVAILABLE: u64 = 0b1100;
const UNAVAILABLE_SHIFT: u32 = 8;
const _: () = assert!(
    state::LADDER_UNAVAILABLE == 0b0100
        && state::LOCK_UNAVAILABLE == 0b1000
        && HarvestReason::LadderUnavailable.bit() == 0b0100 << UNAVAILABLE_SHIFT
        && HarvestReason::ProfitLockUnavailable.bit() == 0b1000 << UNAVAILABLE_SHIFT
);

/// One column of a block.
type Column = [f64; ROWS];

/// The results of a block; NaN marks a number that is unavailable.
pub(super) struct Block {
    state: [u64; ROWS],
    /// The bits of the reasons, and the result code above them.
    words: [u64; ROWS],
    r_net: Column,
    stop: Column,
    k: Column,
    pub(super) outcome: [u8; ROWS],
    pub(super) reasons: [u16; ROWS],
}

/// The numbers of a policy with which every row is compared.
pub(super) struct Terms {
    t1: f64,
    t2: f64,
    t3: f64,
    lock: f64,
    be_plus: f64,
    cost_bps: f64,
    /// The fallback stop distance. It is NaN if the policy has none, so that R becomes NaN as well.
    fallback: f64,
    /// [`NOT_MISSING_STOP`] if the policy has a fallback stop distance, otherwise 0.
    fallback_mark: u64,
    kill_threshold: f64,
    weights: [f64; 4],
    trend_min: f64,
    sigma_ref: f64,
    sigma_cap: f64,
    ts_ref: f64,
    ts_cap: f64,
    age_max: f64,
    /// The earliest time, in microseconds, at which a position is not too old, if the policy limits its age.
    position_since: Option<i64>,
    market_since: Option<i64>,
}

impl Terms {
    pub(super) fn of(in_force: ThetaInForce<'_>) -> Self {
        let theta: &Theta = in_force.theta();
        let limits = in_force.limits();
        let now = in_force.now().as_micros();
        // The result is later than the value for an unknown time.
        let since = |age_max: i64| now.saturating_sub(age_max).max(i64::MIN + 1);
        let fallback = theta.fallback_stop_pct();
        Self {
            t1: theta.t1_r().value().get(),
            t2: theta.t2_r().value().get(),
            t3: theta.t3_r().value().get(),
            lock: theta.lock_r().value().get(),
            be_plus: theta.be_plus_pct().value(),
            cost_bps: theta.cost_bps().value(),
            fallback: fallback.map_or(f64::NAN, |pct| pct.value()),
            fallback_mark: mask(fallback.is_some()) & NOT_MISSING_STOP,
            kill_threshold: theta.kill_threshold().value(),
            weights: [
                theta.k_regime_flip().value(),
                theta.k_sigma_spike().value(),
                theta.k_ts_drop().value(),
                theta.k_age_penalty().value(),
            ],
            trend_min: theta.trend_min().value(),
            sigma_ref: theta.sigma_ref().value(),
            sigma_cap: theta.sigma_spike_cap().value(),
            ts_ref: theta.ts_ref().value(),
            ts_cap: theta.ts_drop_cap().value(),
            age_max: theta.max_age_sec().value(),
            position_since: limits.max_position_age().map(|age| since(age.as_micros())),
            market_since: limits.max_market_age().map(|age| since(age.as_micros())),
        }
    }
}

/// The input columns of a block.
struct Inputs<'a> {
    state: &'a [u16; ROWS],
    entry: &'a Column,
    current: &'a Column,
    stop: &'a Column,
    current_sl: &'a Column,
    sigma: &'a Column,
    ts: &'a Column,
    p_trend: &'a Column,
    age_sec: &'a Column,
    position_as_of: &'a [i64; ROWS],
    market_as_of: &'a [i64; ROWS],
}

/// Buffers for the columns of a partial block, and for columns in which the values of rows that are
/// too old are cleared.
pub(super) struct Spare {
    state: [u16; ROWS],
    numbers: [Column; 8],
    as_of: [[i64; ROWS]; 2],
    entry: Column,
    sigma: Column,
}

impl Spare {
    pub(super) const fn new() -> Self {
        const NOTHING: Column = [f64::NAN; ROWS];
        Self {
            state: [0; ROWS],
            numbers: [NOTHING; 8],
            as_of: [[0; ROWS]; 2],
            entry: NOTHING,
            sigma: NOTHING,
        }
    }
}

impl Block {
    pub(super) const fn new() -> Self {
        const NOTHING: Column = [f64::NAN; ROWS];
        Self {
            state: [0; ROWS],
            words: [0; ROWS],
            r_net: NOTHING,
            stop: NOTHING,
            k: NOTHING,
            outcome: [0; ROWS],
            reasons: [0; ROWS],
        }
    }

    /// Returns the columns of numbers.
    pub(super) const fn numbers(&self) -> [&Column; 3] {
        [&self.r_net, &self.stop, &self.k]
    }

    /// Computes the rows from `start` on: a full block, or the remaining rows.
    #[inline(always)]
    pub(super) fn fill(
        &mut self,
        terms: &Terms,
        columns: &HarvestColumns,
        start: usize,
        spare: &mut Spare,
    ) {
        let Spare {
            state,
            numbers: [n0, n1, n2, n3, n4, n5, n6, n7],
            as_of: [at0, at1],
            entry,
            sigma,
        } = spare;
        let mut inputs = Inputs {
            state: rows(&columns.state, start, state),
            entry: rows(&columns.entry, start, n0),
            current: rows(&columns.current, start, n1),
            stop: rows(&columns.stop, start, n2),
            current_sl: rows(&columns.current_sl, start, n3),
            sigma: rows(&columns.sigma, start, n4),
            ts: rows(&columns.ts, start, n5),
            p_trend: rows(&columns.p_trend, start, n6),
            age_sec: rows(&columns.age_sec, start, n7),
            position_as_of: rows(&columns.position_as_of, start, at0),
            market_as_of: rows(&columns.market_as_of, start, at1),
        };
        for (state, bits) in self.state.iter_mut().zip(inputs.state) {
            *state = u64::from(*bits);
        }
        if terms.position_since.is_some() || terms.market_since.is_some() {
            *entry = *inputs.entry;
            *sigma = *inputs.sigma;
            if let Some(since) = terms.position_since {
                clear_older(entry, inputs.position_as_of, since);
                clear_older(sigma, inputs.position_as_of, since);
                for (state, at) in self.state.iter_mut().zip(inputs.position_as_of) {
                    *state |= mask(*at < since) & NOT_MISSING_STOP;
                }
            }
            if let Some(since) = terms.market_since {
                clear_older(sigma, inputs.market_as_of, since);
            }
            inputs.entry = entry;
            inputs.sigma = sigma;
        }
        self.fill_r(terms, &inputs);
        self.fill_components(terms, &inputs);
        // These are separate loops, because one long dependency chain would stall the processor.
        for x in &mut self.k {
            *x = exp_of_negative(*x);
        }
        for (x, sigma) in self.k.iter_mut().zip(inputs.sigma) {
            *x = select(!sigma.is_nan(), kill_score::score(*x));
        }
        self.fill_words(terms);
        self.narrow();
    }

    /// Computes R and the stop of the profit lock.
    #[inline(always)]
    fn fill_r(&mut self, terms: &Terms, inputs: &Inputs<'_>) {
        let columns = inputs
            .entry
            .iter()
            .zip(inputs.current)
            .zip(inputs.stop)
            .zip(inputs.current_sl);
        let outputs = self.r_net.iter_mut().zip(&mut self.stop);
        for ((((entry, current), stop), sl), (r_out, stop_out)) in columns.zip(outputs) {
            let sign = 1.0_f64.copysign(*entry);
            let entry = entry.abs();
            let stop = if *stop < 0.0 { terms.fallback } else { *stop };
            let unit = r_net::risk_unit(entry, stop);
            let cost = r_net::cost(entry, terms.cost_bps);
            let r = r_net::r_net(sign, entry, *current, cost, unit);
            let r = select(is_finite(unit) & is_finite(r), r);
            *r_out = r;

            let stop = profit_lock::locked(sign, entry, terms.be_plus);
            let proposed = (r >= terms.lock)
                & profit_lock::is_beyond(sign, stop, *sl)
                & profit_lock::is_beyond(sign, *current, stop);
            *stop_out = select(proposed, stop);
        }
    }

    /// Computes z, which is stored in the column of K, and the reasons for its components.
    #[inline(always)]
    fn fill_components(&mut self, terms: &Terms, inputs: &Inputs<'_>) {
        let columns = inputs
            .sigma
            .iter()
            .zip(inputs.ts)
            .zip(inputs.p_trend)
            .zip(inputs.age_sec);
        let outputs = self.k.iter_mut().zip(&mut self.words);
        for ((((sigma, ts), p_trend), age_sec), (z, word)) in columns.zip(outputs) {
            let flips = *p_trend < terms.trend_min;
            let flip = if flips { 1.0 } else { 0.0 };
            let spike = kill_score::spike(*sigma, terms.sigma_ref, terms.sigma_cap);
            let drop = kill_score::drop(*ts, terms.ts_ref, terms.ts_cap);
            let age = kill_score::age(*age_sec, terms.age_max);
            *z = kill_score::weigh(terms.weights, flip, spike, drop, age);
            *word = if_so(flips, HarvestReason::RegimeFlip)
                | if_so(spike > 0.0, HarvestReason::SigmaSpike)
                | if_so(drop > 0.0, HarvestReason::TsDrop)
                | if_so(age > 0.0, HarvestReason::AgePenalty);
        }
    }

    /// Computes the ladder stage, the reasons and the result code.
    #[inline(always)]
    fn fill_words(&mut self, terms: &Terms) {
        let work = self
            .words
            .iter_mut()
            .zip(&self.state)
            .zip(&self.r_net)
            .zip(&self.stop)
            .zip(&self.k);
        for ((((word, state), r), stop), k) in work {
            // A comparison with NaN is false, so a NaN does not reach a step.
            let steps = [
                mask(*r >= terms.t1),
                mask(*r >= terms.t2),
                mask(*r >= terms.t3),
            ];
            let [step1, step2, step3] = steps;
            let reached = (step1 & 1).wrapping_add(step2 & 1).wrapping_add(step3 & 1);
            let taken = *state & u64::from(state::TAKEN);
            let above = mask(as_float(reached) > as_float(taken));
            let closes_from = (*state >> state::CLOSES_FROM_SHIFT) & 0b111;
            let closes = mask(as_float(reached) >= as_float(closes_from));
            let stage = reached & above & closes;
            // Stages 1, 2 and 3 have the reason bits 1, 2 and 4.
            let ladder = stage.wrapping_add(step3 & above & closes & 1);

            let no_r = mask(r.is_nan());
            let no_k = mask(k.is_nan());
            let killed = mask(*k >= terms.kill_threshold);
            let reasons = (*word & !no_k)
                | ladder
                | if_so(!stop.is_nan(), HarvestReason::ProfitLock)
                | (killed & bit(HarvestReason::KillScoreTriggered))
                | (no_r & bit(HarvestReason::RUnavailable))
                | (no_k & bit(HarvestReason::KillScoreUnavailable))
                | (above & !closes & bit(HarvestReason::BelowLot))
                | (*state & UNAVAILABLE) << UNAVAILABLE_SHIFT;

            let action = choose(killed, u64::from(code::FULL_CLOSE), stage);
            let skip = ((*state | terms.fallback_mark) >> state::SKIP_SHIFT) & 0b111;
            let skipped = no_r & no_k;
            *word = (reasons & !skipped) | choose(skipped, skip, action) << CODE_SHIFT;
        }
    }

    #[inline(always)]
    fn narrow(&mut self) {
        for ((word, reasons), outcome) in self
            .words
            .iter()
            .zip(&mut self.reasons)
            .zip(&mut self.outcome)
        {
            let [low, high, code, ..] = word.to_le_bytes();
            *reasons = u16::from_le_bytes([low, high]);
            *outcome = code;
        }
    }
}

/// Returns a block of a column from `start` on. If fewer rows remain, they are copied to `spare`; the rows after them
/// have arbitrary values.
#[inline(always)]
fn rows<'a, T: Copy>(column: &'a [T], start: usize, spare: &'a mut [T; ROWS]) -> &'a [T; ROWS] {
    let rest = column.get(start..).unwrap_or_default();
    if let Some(full) = rest.first_chunk() {
        return full;
    }
    for (to, from) in spare.iter_mut().zip(rest) {
        *to = *from;
    }
    spare
}

/// Sets the values with a time before `since` to NaN.
#[inline(always)]
fn clear_older(column: &mut Column, as_of: &[i64; ROWS], since: i64) {
    for (x, at) in column.iter_mut().zip(as_of) {
        *x = select(*at >= since, *x);
    }
}

#[inline(always)]
fn select(holds: bool, x: f64) -> f64 {
    if holds { x } else { f64::NAN }
}

/// Returns all bits set if `holds`, else 0.
#[inline(always)]
fn mask(holds: bool) -> u64 {
    u64::from(holds).wrapping_neg()
}

#[inline(always)]
fn choose(mask: u64, a: u64, b: u64) -> u64 {
    (mask & a) | (!mask & b)
}

#[inline(always)]
fn if_so(holds: bool, reason: HarvestReason) -> u64 {
    mask(holds) & bit(reason)
}

#[inline(always)]
fn bit(reason: HarvestReason) -> u64 {
    u64::from(reason.bit())
}

/// Returns a small whole number plus 2^52 as a float, because every instruction set can compare two
/// floats with one instruction.
#[inline(always)]
fn as_float(small: u64) -> f64 {
    f64::from_bits(4_503_599_627_370_496.0_f64.to_bits() | small)
}
