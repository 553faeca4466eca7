//! Many positions, one column a field.

use super::{Harvested, Market, Position, Stage, Standing};
use crate::domain::{Instant, PositionSide};

/// Many positions and their markets, as columns, to be judged together by
/// [`harvest_batch`](super::harvest_batch). Symbols stay with the caller: row `i` is the `i`th that was
/// pushed.
#[derive(Debug, Clone, Default)]
pub struct HarvestColumns {
    pub(super) flags: Vec<u8>,
    pub(super) entry: Vec<f64>,
    pub(super) current: Vec<f64>,
    pub(super) stop: Vec<f64>,
    pub(super) current_sl: Vec<f64>,
    pub(super) age_sec: Vec<f64>,
    pub(super) sigma: Vec<f64>,
    pub(super) ts: Vec<f64>,
    pub(super) p_trend: Vec<f64>,
    pub(super) p_mr: Vec<f64>,
    pub(super) p_chop: Vec<f64>,
    pub(super) position_as_of: Vec<i64>,
    pub(super) market_as_of: Vec<i64>,
}

/// What of a position is no number, as bits. The lowest three are the stage already taken, 0 to 3, and
/// [`HARVESTED_UNREADABLE`] above all of them.
pub(super) mod flag {
    pub(in super::super) const HARVESTED: u8 = 0b111;
    pub(in super::super) const HARVESTED_UNREADABLE: u8 = 4;
    pub(in super::super) const SHORT: u8 = 1 << 3;
    pub(in super::super) const SIDE_UNKNOWN: u8 = 1 << 4;
    pub(in super::super) const NO_POSITION: u8 = 1 << 5;
    pub(in super::super) const STOP_ABSENT: u8 = 1 << 6;
    pub(in super::super) const CURRENT_SL_ABSENT: u8 = 1 << 7;
}

/// Stands for an instant that is not known: earlier than any.
pub(super) const UNKNOWN: i64 = i64::MIN;

impl HarvestColumns {
    /// No rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flags.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// Forgets every row and keeps the room for them.
    pub fn clear(&mut self) {
        self.flags.clear();
        for column in [
            &mut self.entry,
            &mut self.current,
            &mut self.stop,
            &mut self.current_sl,
            &mut self.age_sec,
            &mut self.sigma,
            &mut self.ts,
            &mut self.p_trend,
            &mut self.p_mr,
            &mut self.p_chop,
        ] {
            column.clear();
        }
        self.position_as_of.clear();
        self.market_as_of.clear();
    }

    /// Adds one row.
    pub fn push(&mut self, position: &Position, market: Option<&Market>) {
        // NaN is refused wherever it stands, so it may stand for what is absent; where absent means
        // something else, a flag says so.
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let micros = |at: Option<Instant>| at.map_or(UNKNOWN, Instant::as_micros);
        self.flags.push(flags(position));
        self.entry.push(number(position.entry_price));
        self.current.push(number(position.current_price));
        self.stop.push(number(position.stop_dist_pct));
        self.current_sl.push(number(position.current_sl));
        self.age_sec.push(number(position.age_sec));
        self.position_as_of.push(micros(position.as_of));
        let of = |field: fn(&Market) -> Option<f64>| number(market.and_then(field));
        self.sigma.push(of(|market| market.sigma));
        self.ts.push(of(|market| market.ts));
        self.p_trend.push(of(|market| market.p_trend));
        self.p_mr.push(of(|market| market.p_mr));
        self.p_chop.push(of(|market| market.p_chop));
        self.market_as_of
            .push(micros(market.and_then(|market| market.as_of)));
    }
}

fn flags(position: &Position) -> u8 {
    let harvested = match position.harvested {
        Harvested::Stage(Stage::None) => 0,
        Harvested::Stage(Stage::Partial25) => 1,
        Harvested::Stage(Stage::Partial50) => 2,
        Harvested::Stage(Stage::Partial75) => 3,
        Harvested::Unreadable => flag::HARVESTED_UNREADABLE,
    };
    let side = match position.side {
        Some(Standing::Open(PositionSide::Long)) => 0,
        Some(Standing::Open(PositionSide::Short)) => flag::SHORT,
        Some(Standing::Flat | Standing::Unreadable) | None => flag::SIDE_UNKNOWN,
    };
    let if_so = |holds: bool, flag: u8| if holds { flag } else { 0 };
    harvested
        | side
        | if_so(position.is_flat(), flag::NO_POSITION)
        | if_so(position.stop_dist_pct.is_none(), flag::STOP_ABSENT)
        | if_so(position.current_sl.is_none(), flag::CURRENT_SL_ABSENT)
}
