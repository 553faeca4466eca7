//! Positions as columns, one column per field.
//!
//! Checks that need no policy run when a row is pushed, and unusable values are stored as NaN. The arithmetic of a
//! batch therefore needs no checks: a NaN input makes the result NaN.

use super::{
    Market, Position, ReportedSide, Stage, code,
    evidence::{is_finite, is_not_negative, is_positive, is_share},
    kill_score::is_trend_outweighed,
    lots::Ladder,
    profit_lock,
};
use crate::types::{PositionSide, Timestamp};

/// Positions and their markets as columns, for [`harvest_batch`](super::harvest_batch). Symbols are not stored: row `i`
/// is the `i`th position that was pushed, counted from 0.
#[derive(Debug, Clone, Default)]
pub struct HarvestColumns {
    /// The parts of the rows that are not numbers, as bits of [`state`].
    pub(super) state: Vec<u16>,
    /// The entry prices, negative for a short; NaN if R cannot be computed under any policy.
    pub(super) entry: Vec<f64>,
    pub(super) current: Vec<f64>,
    /// The stop distances; [`STOP_ABSENT`] if only a fallback of the policy can supply one.
    pub(super) stop: Vec<f64>,
    /// The current stop prices. NaN if the profit lock is unavailable. If there is no stop, the
    /// value is −∞ for a long and +∞ for a short, so that every new stop is tighter.
    pub(super) current_sl: Vec<f64>,
    /// The volatilities; NaN if K cannot be computed under any policy.
    pub(super) sigma: Vec<f64>,
    pub(super) ts: Vec<f64>,
    /// The probabilities of a trend, or +∞ if `p_mr + p_chop` is at most 0.5. +∞ is never below
    /// `trend_min`, so there is no regime flip.
    pub(super) p_trend: Vec<f64>,
    pub(super) age_sec: Vec<f64>,
    /// The times of the position reports in microseconds, or [`UNKNOWN`].
    pub(super) position_as_of: Vec<i64>,
    /// The times of the market states in microseconds, or [`UNKNOWN`].
    pub(super) market_as_of: Vec<i64>,
}

/// The parts of a row that are not numbers, as bits.
pub(super) mod state {
    /// The bits of the stage already taken (0 to 3), together with [`LADDER_UNAVAILABLE`], which is
    /// greater than any stage.
    pub(in super::super) const TAKEN: u16 = 0b111;
    /// The bit that is set if the stage already taken, or a size, cannot be read.
    pub(in super::super) const LADDER_UNAVAILABLE: u16 = 1 << 2;
    /// The bit that is set if the current stop cannot be read.
    pub(in super::super) const LOCK_UNAVAILABLE: u16 = 1 << 3;
    /// Position of the bits with the result code that applies if neither R nor K is available.
    pub(in super::super) const SKIP_SHIFT: u16 = 4;
    /// Position of the bits with the lowest stage that closes at least one lot (0 to 3), or 4 if no stage does.
    pub(in super::super) const CLOSES_FROM_SHIFT: u16 = 8;
}

/// The value for a missing stop distance.
pub(super) const STOP_ABSENT: f64 = f64::NEG_INFINITY;

/// The value for an unknown time. It is earlier than every time.
pub(super) const UNKNOWN: i64 = i64::MIN;

impl HarvestColumns {
    /// Creates empty columns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// Returns true if there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.is_empty()
    }

    /// Removes all rows and keeps the allocated memory.
    pub fn clear(&mut self) {
        self.state.clear();
        for column in [
            &mut self.entry,
            &mut self.current,
            &mut self.stop,
            &mut self.current_sl,
            &mut self.sigma,
            &mut self.ts,
            &mut self.p_trend,
            &mut self.age_sec,
        ] {
            column.clear();
        }
        self.position_as_of.clear();
        self.market_as_of.clear();
    }

    /// Appends one row.
    #[inline]
    pub fn push(&mut self, position: &Position, market: Option<&Market>) {
        let micros = |at: Option<Timestamp>| at.map_or(UNKNOWN, Timestamp::as_micros);
        let r = RInputs::of(position);
        let k = KInputs::of(position, market);
        self.state.push(row_state(position, &r));
        self.entry.push(r.entry);
        self.current.push(r.current);
        self.stop.push(r.stop);
        self.current_sl.push(current_sl(position));
        self.sigma.push(k.sigma);
        self.ts.push(k.ts);
        self.p_trend.push(k.p_trend);
        self.age_sec.push(k.age_sec);
        self.position_as_of.push(micros(position.as_of));
        self.market_as_of
            .push(micros(market.and_then(|market| market.as_of)));
    }
}

struct RInputs {
    entry: f64,
    current: f64,
    stop: f64,
}

impl RInputs {
    const NONE: Self = Self {
        entry: f64::NAN,
        current: f64::NAN,
        stop: f64::NAN,
    };

    #[inline]
    fn of(position: &Position) -> Self {
        let (Some(entry), Some(current)) = (position.entry_price, position.current_price) else {
            return Self::NONE;
        };
        let sign = match position.side {
            Some(ReportedSide::Open(side)) => side.sign(),
            Some(ReportedSide::Flat | ReportedSide::Unreadable) | None => return Self::NONE,
        };
        let stop = position.stop_dist_pct;
        let sound = is_positive(entry) & is_positive(current) & stop.is_none_or(is_positive);
        if position.is_flat() | !sound {
            return Self::NONE;
        }
        Self {
            entry: sign * entry,
            current,
            stop: stop.unwrap_or(STOP_ABSENT),
        }
    }
}

struct KInputs {
    sigma: f64,
    ts: f64,
    p_trend: f64,
    age_sec: f64,
}

impl KInputs {
    const NONE: Self = Self {
        sigma: f64::NAN,
        ts: f64::NAN,
        p_trend: f64::NAN,
        age_sec: f64::NAN,
    };

    #[inline]
    fn of(position: &Position, market: Option<&Market>) -> Self {
        let Some(&Market {
            sigma: Some(sigma),
            ts: Some(ts),
            p_trend: Some(p_trend),
            p_mr: Some(p_mr),
            p_chop: Some(p_chop),
            as_of: _,
        }) = market
        else {
            return Self::NONE;
        };
        let Some(age_sec) = position.age_sec else {
            return Self::NONE;
        };
        let sound = is_not_negative(sigma)
            & is_finite(ts)
            & is_share(p_trend)
            & is_share(p_mr)
            & is_share(p_chop)
            & is_not_negative(age_sec);
        if position.is_flat() | !sound {
            return Self::NONE;
        }
        let outweighed = is_trend_outweighed(p_mr, p_chop);
        Self {
            sigma,
            ts,
            p_trend: if outweighed { p_trend } else { f64::INFINITY },
            age_sec,
        }
    }
}

fn current_sl(position: &Position) -> f64 {
    match (position.current_sl, position.side) {
        (Some(sl), _) if is_positive(sl) => sl,
        (Some(_), _) => f64::NAN,
        (None, Some(ReportedSide::Open(PositionSide::Short))) => f64::INFINITY,
        (None, _) => f64::NEG_INFINITY,
    }
}

const fn stage_number(stage: Stage) -> u16 {
    match stage {
        Stage::None => 0,
        Stage::Partial25 => 1,
        Stage::Partial50 => 2,
        Stage::Partial75 => 3,
    }
}

fn row_state(position: &Position, r: &RInputs) -> u16 {
    let ladder = Ladder::of(position);
    let taken = ladder.taken.map_or(state::LADDER_UNAVAILABLE, stage_number);
    let closes_from = ladder.closes_from.map_or(4, stage_number);
    let lock = if profit_lock::is_readable(position.current_sl) {
        0
    } else {
        state::LOCK_UNAVAILABLE
    };
    let skip = if position.is_flat() {
        code::NO_POSITION
    } else if r.stop < 0.0 {
        code::MISSING_STOP
    } else {
        code::INVALID_INPUT
    };
    taken | lock | u16::from(skip) << state::SKIP_SHIFT | closes_from << state::CLOSES_FROM_SHIFT
}
