//! The arithmetic of a batch: some rows at a time, without branches, so that it vectorises.
//!
//! Every formula is the one of the single call, in its order; only the choice between "there" and "not
//! there" is made by selecting a NaN in place of by returning early.

use super::{
    HarvestReason,
    columns::{HarvestColumns, flag},
    evidence::{is_finite, is_not_negative, is_positive, is_share},
    kill_score, profit_lock, r_net,
};
use crate::policy::{Theta, ThetaInForce};

/// Rows worked on at a time: few enough for every intermediate column to stay in the nearest cache.
pub(super) const ROWS: usize = 128;

// Bits of the state of a row, above the eight flags.
const POSITION_TOO_OLD: u64 = 1 << 8;
const MARKET_TOO_OLD: u64 = 1 << 9;
const STOP_MISSING: u64 = 1 << 10;

const SHORT: u64 = widen(flag::SHORT);
const STOP_ABSENT: u64 = widen(flag::STOP_ABSENT);
const CURRENT_SL_ABSENT: u64 = widen(flag::CURRENT_SL_ABSENT);
const NO_POSITION: u64 = widen(flag::NO_POSITION);
const NO_R: u64 = widen(flag::SIDE_UNKNOWN) | NO_POSITION | POSITION_TOO_OLD;
const NO_K: u64 = NO_POSITION | POSITION_TOO_OLD | MARKET_TOO_OLD;

/// The codes of what a row comes to; 0 to 4 are the actions.
pub(super) mod code {
    pub(in super::super) const FULL_CLOSE: u8 = 4;
    pub(in super::super) const NO_POSITION: u8 = 5;
    pub(in super::super) const MISSING_STOP: u8 = 6;
    pub(in super::super) const INVALID_INPUT: u8 = 7;
}

/// One column of a block.
type Column = [f64; ROWS];

/// What a block comes to; NaN where there is nothing.
pub(super) struct Block {
    state: [u64; ROWS],
    bits: [u64; ROWS],
    codes: [u64; ROWS],
    r_net: Column,
    risk_unit: Column,
    cost: Column,
    stop: Column,
    k: Column,
    spike: Column,
    drop: Column,
    age: Column,
    pub(super) outcome: [u8; ROWS],
    pub(super) reasons: [u16; ROWS],
}

/// The numbers of a policy that every row is held against.
pub(super) struct Terms {
    t1: f64,
    t2: f64,
    t3: f64,
    lock: f64,
    be_plus: f64,
    cost_bps: f64,
    /// NaN where the policy has none: it fails as an absent stop does.
    fallback: f64,
    /// All bits where the policy has no fallback.
    no_fallback: u64,
    kill_threshold: f64,
    weights: [f64; 4],
    trend_min: f64,
    sigma_ref: f64,
    sigma_cap: f64,
    ts_ref: f64,
    ts_cap: f64,
    age_max: f64,
    /// The earliest instant at which a position is not too old, where the policy says.
    position_since: Option<i64>,
    market_since: Option<i64>,
}

impl Terms {
    pub(super) fn of(witness: ThetaInForce<'_>) -> Self {
        let theta: &Theta = witness.theta();
        let limits = witness.limits();
        let now = witness.now().as_micros();
        // Later than what stands for an instant not known.
        let since = |age_max: i64| now.saturating_sub(age_max).max(i64::MIN + 1);
        Self {
            t1: theta.t1_r().get(),
            t2: theta.t2_r().get(),
            t3: theta.t3_r().get(),
            lock: theta.lock_r().get(),
            be_plus: theta.be_plus_pct(),
            cost_bps: theta.cost_bps(),
            fallback: theta.fallback_stop_pct().unwrap_or(f64::NAN),
            no_fallback: mask(theta.fallback_stop_pct().is_none()),
            kill_threshold: theta.kill_threshold(),
            weights: [
                theta.k_regime_flip(),
                theta.k_sigma_spike(),
                theta.k_ts_drop(),
                theta.k_age_penalty(),
            ],
            trend_min: theta.trend_min(),
            sigma_ref: theta.sigma_ref(),
            sigma_cap: theta.sigma_spike_cap(),
            ts_ref: theta.ts_ref(),
            ts_cap: theta.ts_drop_cap(),
            age_max: theta.max_age_sec(),
            position_since: limits.max_position_age().map(|age| since(age.as_micros())),
            market_since: limits.max_market_age().map(|age| since(age.as_micros())),
        }
    }
}

impl Block {
    pub(super) const fn new() -> Self {
        const NOTHING: Column = [f64::NAN; ROWS];
        Self {
            state: [0; ROWS],
            bits: [0; ROWS],
            codes: [0; ROWS],
            r_net: NOTHING,
            risk_unit: NOTHING,
            cost: NOTHING,
            stop: NOTHING,
            k: NOTHING,
            spike: NOTHING,
            drop: NOTHING,
            age: NOTHING,
            outcome: [0; ROWS],
            reasons: [0; ROWS],
        }
    }

    /// The columns of numbers.
    pub(super) const fn numbers(&self) -> [&Column; 8] {
        [
            &self.r_net,
            &self.risk_unit,
            &self.cost,
            &self.stop,
            &self.k,
            &self.spike,
            &self.drop,
            &self.age,
        ]
    }

    /// Works out the rows from `start` on, as many as a block holds or as there are.
    #[inline(always)]
    pub(super) fn fill(&mut self, terms: &Terms, columns: &HarvestColumns, start: usize) {
        self.fill_state(terms, columns, start);
        self.fill_r(terms, columns, start);
        self.fill_stop(terms, columns, start);
        self.fill_k(terms, columns, start);
        self.fill_codes(terms);
        self.narrow();
    }

    #[inline(always)]
    fn fill_state(&mut self, terms: &Terms, columns: &HarvestColumns, start: usize) {
        for (state, flags) in self.state.iter_mut().zip(rows(&columns.flags, start)) {
            *state = u64::from(*flags);
        }
        if let Some(since) = terms.position_since {
            let as_of = rows(&columns.position_as_of, start);
            mark_older(&mut self.state, as_of, since, POSITION_TOO_OLD);
        }
        if let Some(since) = terms.market_since {
            let as_of = rows(&columns.market_as_of, start);
            mark_older(&mut self.state, as_of, since, MARKET_TOO_OLD);
        }
    }

    #[inline(always)]
    fn fill_r(&mut self, terms: &Terms, columns: &HarvestColumns, start: usize) {
        let inputs = rows(&columns.entry, start)
            .iter()
            .zip(rows(&columns.current, start))
            .zip(rows(&columns.stop, start));
        let outputs = self
            .r_net
            .iter_mut()
            .zip(&mut self.risk_unit)
            .zip(&mut self.cost)
            .zip(&mut self.state);
        for (((entry, current), stop), (((r_out, unit_out), cost_out), state)) in
            inputs.zip(outputs)
        {
            let (entry, current) = (*entry, *current);
            let stop_absent = *state & STOP_ABSENT;
            let stop = if stop_absent == 0 {
                *stop
            } else {
                terms.fallback
            };
            let unit = r_net::risk_unit(entry, stop);
            let cost = r_net::cost(entry, terms.cost_bps);
            let r = r_net::r_net(sign(*state), entry, current, cost, unit);
            let sides_and_prices = is_positive(entry) & is_positive(current) & (*state & NO_R == 0);
            let sound = sides_and_prices & is_positive(stop) & is_finite(unit) & is_finite(r);
            *r_out = select(sound, r);
            *unit_out = select(sound, unit);
            *cost_out = select(sound, cost);
            // STOP_ABSENT becomes STOP_MISSING where that, and nothing before it, is why there is no R.
            *state |= (stop_absent << 4) & terms.no_fallback & mask(sides_and_prices);
        }
    }

    #[inline(always)]
    fn fill_stop(&mut self, terms: &Terms, columns: &HarvestColumns, start: usize) {
        let inputs = rows(&columns.entry, start)
            .iter()
            .zip(rows(&columns.current, start))
            .zip(rows(&columns.current_sl, start));
        let work = self
            .stop
            .iter_mut()
            .zip(&mut self.bits)
            .zip(&self.r_net)
            .zip(&self.state);
        for (((entry, current), sl), (((stop_out, bits), r), state)) in inputs.zip(work) {
            let sign = sign(*state);
            let stop = profit_lock::locked(sign, *entry, terms.be_plus);
            let sl_absent = *state & CURRENT_SL_ABSENT != 0;
            let sl_sound = is_positive(*sl);
            let tightens = sl_absent | (sl_sound & profit_lock::is_beyond(sign, stop, *sl));
            let proposed =
                (*r >= terms.lock) & tightens & profit_lock::is_beyond(sign, *current, stop);
            *stop_out = select(proposed, stop);
            *bits = if_so(proposed, HarvestReason::ProfitLock)
                | if_so(
                    !(sl_absent | sl_sound),
                    HarvestReason::ProfitLockUnavailable,
                );
        }
    }

    #[inline(always)]
    fn fill_k(&mut self, terms: &Terms, columns: &HarvestColumns, start: usize) {
        let inputs = rows(&columns.sigma, start)
            .iter()
            .zip(rows(&columns.ts, start))
            .zip(rows(&columns.p_trend, start))
            .zip(rows(&columns.p_mr, start))
            .zip(rows(&columns.p_chop, start))
            .zip(rows(&columns.age_sec, start));
        let outputs = self
            .k
            .iter_mut()
            .zip(&mut self.spike)
            .zip(&mut self.drop)
            .zip(&mut self.age)
            .zip(&mut self.bits)
            .zip(&self.state);
        for (
            (((((sigma, ts), p_trend), p_mr), p_chop), age_sec),
            (((((k_out, spike_out), drop_out), age_out), bits), state),
        ) in inputs.zip(outputs)
        {
            let flips = kill_score::is_flip(*p_trend, *p_mr, *p_chop, terms.trend_min);
            let flip = if flips { 1.0 } else { 0.0 };
            let spike = kill_score::spike(*sigma, terms.sigma_ref, terms.sigma_cap);
            let drop = kill_score::drop(*ts, terms.ts_ref, terms.ts_cap);
            let age = kill_score::age(*age_sec, terms.age_max);
            let k = kill_score::score(terms.weights, flip, spike, drop, age);
            let sound = is_not_negative(*sigma)
                & is_finite(*ts)
                & is_share(*p_trend)
                & is_share(*p_mr)
                & is_share(*p_chop)
                & is_not_negative(*age_sec)
                & (*state & NO_K == 0);
            *k_out = select(sound, k);
            *spike_out = select(sound, spike);
            *drop_out = select(sound, drop);
            *age_out = select(sound, age);
            *bits |= if_so(sound & flips, HarvestReason::RegimeFlip)
                | if_so(sound & (spike > 0.0), HarvestReason::SigmaSpike)
                | if_so(sound & (drop > 0.0), HarvestReason::TsDrop)
                | if_so(sound & (age > 0.0), HarvestReason::AgePenalty)
                | if_so(!sound, HarvestReason::KillScoreUnavailable)
                | if_so(
                    sound & (k >= terms.kill_threshold),
                    HarvestReason::KillScoreTriggered,
                );
        }
    }

    #[inline(always)]
    fn fill_codes(&mut self, terms: &Terms) {
        let work = self
            .bits
            .iter_mut()
            .zip(&mut self.codes)
            .zip(&self.state)
            .zip(&self.r_net);
        for (((bits, code), state), r) in work {
            // A NaN reaches no step.
            let step1 = mask(*r >= terms.t1);
            let step2 = mask(*r >= terms.t2);
            let step3 = mask(*r >= terms.t3);
            let reached = (step1 & 1).wrapping_add(step2 & 1).wrapping_add(step3 & 1);
            let taken = *state & widen(flag::HARVESTED);
            // All bits where the stage reached is above the one taken: the difference is negative.
            let above = (taken.wrapping_sub(reached) >> 63).wrapping_neg();
            let stage = reached & above;
            let r_missing = mask(r.is_nan());
            *bits |= above
                & ((step1 & !step2 & bit(HarvestReason::Partial25))
                    | (step2 & !step3 & bit(HarvestReason::Partial50))
                    | (step3 & bit(HarvestReason::Partial75)));
            *bits |= (r_missing & bit(HarvestReason::RUnavailable))
                | (mask(taken & widen(flag::HARVESTED_UNREADABLE) != 0)
                    & bit(HarvestReason::LadderUnavailable));

            let killed = mask(*bits & bit(HarvestReason::KillScoreTriggered) != 0);
            let k_missing = mask(*bits & bit(HarvestReason::KillScoreUnavailable) != 0);
            let action = choose(killed, widen(code::FULL_CLOSE), stage);
            let skip = choose(
                mask(*state & STOP_MISSING != 0),
                widen(code::MISSING_STOP),
                widen(code::INVALID_INPUT),
            );
            let skip = choose(
                mask(*state & NO_POSITION != 0),
                widen(code::NO_POSITION),
                skip,
            );
            let skipped = r_missing & k_missing;
            *code = choose(skipped, skip, action);
            *bits &= !skipped;
        }
    }

    #[inline(always)]
    fn narrow(&mut self) {
        for (wide, narrow) in self.codes.iter().zip(&mut self.outcome) {
            let [low, ..] = wide.to_le_bytes();
            *narrow = low;
        }
        for (wide, narrow) in self.bits.iter().zip(&mut self.reasons) {
            let [low, high, ..] = wide.to_le_bytes();
            *narrow = u16::from_le_bytes([low, high]);
        }
    }
}

/// The rows of a column from `start` on, as many as a block holds or as there are.
#[inline(always)]
fn rows<T>(column: &[T], start: usize) -> &[T] {
    let rest = column.get(start..).unwrap_or_default();
    rest.get(..ROWS).unwrap_or(rest)
}

#[inline(always)]
fn mark_older(state: &mut [u64], as_of: &[i64], since: i64, mark: u64) {
    for (state, at) in state.iter_mut().zip(as_of) {
        *state |= mask(*at < since) & mark;
    }
}

/// +1 for a long, −1 for a short.
#[inline(always)]
fn sign(state: u64) -> f64 {
    f64::from_bits(1.0_f64.to_bits() | (state & SHORT) << 60)
}

#[inline(always)]
fn select(sound: bool, x: f64) -> f64 {
    if sound { x } else { f64::NAN }
}

/// All bits, or none.
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

const fn widen(byte: u8) -> u64 {
    u64::from_le_bytes([byte, 0, 0, 0, 0, 0, 0, 0])
}
