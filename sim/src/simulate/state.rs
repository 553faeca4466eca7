//! The state of a simulation, except for the account.

use std::collections::{BTreeMap, VecDeque};

use portcullis::types::Timestamp;

use super::{
    candles::{Candle, Series},
    market::Window,
    order::Order,
    reject::RejectReason,
};

/// The two events of a candle. At equal timestamps, the close of a candle is processed before the open of the next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CandleEvent {
    Close,
    Open,
}

/// The state of one symbol: its candles, waiting orders and market window.
pub(super) struct SymbolState<'a> {
    pub(super) series: &'a Series,
    pub(super) next: usize,
    pub(super) event: CandleEvent,
    pub(super) window: Option<Window>,
    pub(super) orders: VecDeque<Order>,
    /// The time up to which funding has been charged.
    pub(super) funded: Timestamp,
}

/// Counts of orders, positions and harvest evaluations.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rejected: BTreeMap<RejectReason, u64>,
    pub(super) opened: u64,
    pub(super) harvests: BTreeMap<&'static str, u64>,
    pub(super) without_stop: u64,
    /// The number of entries whose fill exceeds a limit, by its name.
    pub(super) exceeded: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(super) fn reject(&mut self, reason: RejectReason, count: u64) {
        if count > 0 {
            *self.rejected.entry(reason).or_insert(0) += count;
        }
    }
}

impl SymbolState<'_> {
    pub(super) fn candle(&self) -> Option<Candle> {
        self.series.candles.get(self.next).copied()
    }

    /// Returns true if the current candle is the first one, or begins later than the previous one ends.
    pub(super) fn is_after_gap(&self) -> bool {
        let previous = self.next.checked_sub(1);
        let previous = previous.and_then(|place| self.series.candles.get(place));
        let ends = previous.zip(self.candle());
        ends.is_none_or(|(previous, candle)| previous.end < candle.start)
    }
}

/// Returns the next event of all symbols. Of events at the same time, candle ends come before
/// candle starts; then the order of the symbols decides.
pub(super) fn next_event(symbols: &[SymbolState<'_>]) -> Option<(Timestamp, CandleEvent, usize)> {
    let events = symbols.iter().enumerate().filter_map(|(place, symbol)| {
        let candle = symbol.candle()?;
        let at = match symbol.event {
            CandleEvent::Open => candle.start,
            CandleEvent::Close => candle.end,
        };
        Some((at, symbol.event, place))
    });
    events.min()
}
