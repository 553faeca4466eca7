//! The simulation loop: candles and orders in time order.

use std::collections::{BTreeMap, VecDeque};

use portcullis::{
    answer::Answer,
    decide::SkipCode,
    harvest::{HarvestAction, HarvestDecision, harvest},
    types::{PositionSide, Side, Symbol, Timestamp},
};

use super::{
    Costs, Outcome, RejectReason, Settings,
    account::{Account, LedgerEntry, NotOpened},
    candles::{Candle, Series},
    equity::Curve,
    market::Window,
    orders::{Closing, Opening, Order, OrderKind},
    position::{Close, OpenPosition, Refused},
    units::{AmountOverflow, Price, Quantity},
};
use crate::replay::{RecordedDecision, Replayer};

/// The funding interval: eight hours, counted from midnight UTC.
const FUNDING_MICROS: i64 = 8 * 3600 * 1_000_000;

/// The two events of a candle. At equal timestamps, candle ends are processed before candle starts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    End,
    Begin,
}

/// The state of one symbol: its candles, waiting orders and market window.
struct Lane<'a> {
    series: &'a Series,
    next: usize,
    moment: Moment,
    window: Option<Window>,
    orders: VecDeque<Order>,
    /// The time up to which funding has been charged.
    funded: Timestamp,
}

pub(super) struct Run<'a> {
    pub(super) judge: &'a Replayer,
    pub(super) decided: &'a RecordedDecision,
    pub(super) settings: &'a Settings,
}

/// Counts of orders, positions and harvest evaluations.
#[derive(Default)]
struct Tally {
    not_done: BTreeMap<RejectReason, u64>,
    opened: u64,
    harvests: BTreeMap<&'static str, u64>,
    without_stop: u64,
}

impl Run<'_> {
    pub(super) fn run(
        &self,
        series: &[Series],
        orders: Vec<Order>,
        hear: &mut dyn FnMut(&LedgerEntry),
        progress: &mut dyn FnMut(u64),
    ) -> Result<Outcome, AmountOverflow> {
        let costs = self.settings.costs;
        let mut book = Account::new(self.settings.cash, costs, hear);
        let mut tally = Tally::default();
        let mut lanes = self.lanes(series, orders, &mut tally);
        let mut curve = Curve::new(self.settings.cash);
        let mut done = 0;
        while let Some((at, _, place)) = next_moment(&lanes) {
            let Some(lane) = lanes.get_mut(place) else {
                break;
            };
            let Some(candle) = lane.candle() else { break };
            match lane.moment {
                Moment::Begin => {
                    begin(lane, candle, costs, &mut book, &mut tally)?;
                    lane.moment = Moment::End;
                }
                Moment::End => {
                    let end = lane.end(candle);
                    within(&lane.series.symbol, (candle, end), costs, &mut book)?;
                    self.end(lane, candle, end, &mut book, &mut tally)?;
                    lane.moment = Moment::Begin;
                    lane.next += 1;
                    done += 1;
                    let more = next_moment(&lanes);
                    if more.is_none_or(|(next, moment, _)| (next, moment) > (at, Moment::End)) {
                        curve.push(end, [book.equity()?, book.cash, book.exposure()?])?;
                    }
                    if done % 4096 == 0 {
                        progress(done);
                    }
                }
            }
        }
        for lane in &lanes {
            let none = u64::try_from(lane.orders.len()).unwrap_or(u64::MAX);
            tally.add(RejectReason::NoLaterCandle, none);
        }
        let cash = book.cash;
        let equity = book.equity()?;
        let open = book.all_held().count();
        let (trips, closes) = book.finish()?;
        Ok(Outcome {
            cash_at_start: self.settings.cash,
            cash,
            equity,
            opened: tally.opened,
            still_open: u64::try_from(open).unwrap_or(u64::MAX),
            without_stop: tally.without_stop,
            closes: closes
                .into_iter()
                .map(|(why, n)| (why.as_str(), n))
                .collect(),
            not_done: tally
                .not_done
                .into_iter()
                .map(|(why, n)| (why.as_str(), n))
                .collect(),
            harvests: tally.harvests,
            curve: curve.finish(),
            trips,
        })
    }

    /// Creates the state of each symbol with candles. Orders for other symbols are counted as `no_candles`.
    fn lanes<'s>(
        &self,
        series: &'s [Series],
        orders: Vec<Order>,
        tally: &mut Tally,
    ) -> Vec<Lane<'s>> {
        let mut lanes: Vec<Lane<'s>> = series
            .iter()
            .map(|series| Lane {
                series,
                next: 0,
                moment: Moment::Begin,
                window: self
                    .settings
                    .market
                    .map(|rule| Window::new(rule, series.interval)),
                orders: VecDeque::new(),
                funded: series.candles.first().map_or(Timestamp::MIN, |it| it.start),
            })
            .collect();
        let mut orders = orders;
        orders.sort_by_key(|order| (order.at, order.n));
        for order in orders {
            let mut own = lanes.iter_mut();
            match own.find(|lane| lane.series.symbol == order.symbol) {
                Some(lane) => lane.orders.push_back(order),
                None => tally.add(RejectReason::NoCandles, 1),
            }
        }
        lanes
    }

    /// Processes the end of a candle: updates the mark price and the market window, then evaluates harvest.
    fn end(
        &self,
        lane: &mut Lane<'_>,
        candle: Candle,
        end: Timestamp,
        book: &mut Account<'_>,
        tally: &mut Tally,
    ) -> Result<(), AmountOverflow> {
        if let Some(window) = &mut lane.window {
            window.push(candle.start, end, candle.close.to_f64());
        }
        let symbol = lane.series.symbol;
        let Some(held) = book.held_mut(&symbol) else {
            return Ok(());
        };
        held.mark = candle.close;
        let position = held.snapshot(end);
        let market = lane.window.as_ref().and_then(Window::state);
        let state = self.judge.state(self.decided.timeline.at(end).state);
        let answer = harvest(state, &position, market.as_ref(), end);
        let (named, pending, stop) = match &answer {
            HarvestDecision::Harvest(it) => (
                it.action().as_str(),
                pending(it.action()),
                it.stop()
                    .and_then(|stop| Price::nearest(stop.value().get())),
            ),
            HarvestDecision::Skip(_) => {
                let reason = Answer::harvest(&answer, state).reason;
                (reason.map_or("SKIP", SkipCode::code), None, None)
            }
        };
        *tally.harvests.entry(named).or_insert(0) += 1;
        held.pending = pending;
        if let Some(stop) = stop {
            book.move_stop(&symbol, stop, end);
        }
        Ok(())
    }
}

impl Tally {
    fn add(&mut self, why: RejectReason, count: u64) {
        if count > 0 {
            *self.not_done.entry(why).or_insert(0) += count;
        }
    }
}

impl Lane<'_> {
    fn candle(&self) -> Option<Candle> {
        self.series.candles.get(self.next).copied()
    }

    fn end(&self, candle: Candle) -> Timestamp {
        candle.start.saturating_add(self.series.interval)
    }
}

/// Returns the next event of all symbols, ordered by time, then candle ends before starts, then by symbol.
fn next_moment(lanes: &[Lane<'_>]) -> Option<(Timestamp, Moment, usize)> {
    let moments = lanes.iter().enumerate().filter_map(|(place, lane)| {
        let candle = lane.candle()?;
        let at = match lane.moment {
            Moment::Begin => candle.start,
            Moment::End => lane.end(candle),
        };
        Some((at, lane.moment, place))
    });
    moments.min()
}

/// Processes the start of a candle at its open price: funding, then a stop or liquidation that the open price has
/// reached, then pending harvest closes, then orders.
fn begin(
    lane: &mut Lane<'_>,
    candle: Candle,
    costs: Costs,
    book: &mut Account<'_>,
    tally: &mut Tally,
) -> Result<(), AmountOverflow> {
    let symbol = lane.series.symbol;
    let fill = (candle.open, candle.start);
    let due = |at: Timestamp| at.as_micros().div_euclid(FUNDING_MICROS);
    let times = due(candle.start) - due(lane.funded);
    lane.funded = candle.start;
    book.fund(&symbol, fill, times)?;
    jumped(&symbol, fill, costs, book)?;
    let waiting = book.held_mut(&symbol).and_then(|held| held.pending.take());
    if let (Some(why), Some(held)) = (waiting, book.held(&symbol)) {
        let quantity = part(held, why)?;
        book.close(&symbol, quantity, fill, why)?;
    }
    while lane
        .orders
        .front()
        .is_some_and(|order| order.at < candle.start)
    {
        let Some(order) = lane.orders.pop_front() else {
            break;
        };
        let is_late = candle.start.since(order.at) > lane.series.interval;
        let not_done = match &order.wish {
            OrderKind::Open(_) if is_late => Some(RejectReason::Gap),
            OrderKind::Open(wish) => open(&order, wish, fill, book, tally)?,
            OrderKind::Close { side, quantity } => exit(&symbol, *side, *quantity, fill, book)?,
        };
        if let Some(why) = not_done {
            tally.add(why, 1);
        }
    }
    Ok(())
}

/// Executes a liquidation or a stop that the open price has reached. The stop is filled at the open price.
fn jumped(
    symbol: &Symbol,
    (price, at): (Price, Timestamp),
    costs: Costs,
    book: &mut Account<'_>,
) -> Result<(), AmountOverflow> {
    let Some(held) = book.held(symbol) else {
        return Ok(());
    };
    if held.is_eaten_up(price, costs.maintenance_margin)? {
        return book.liquidate(symbol, at);
    }
    match held.stop {
        Some(stop) if held.is_at_or_beyond(price, stop) => {
            let quantity = held.quantity;
            book.close(symbol, quantity, (price, at), Close::Stop)
        }
        Some(_) | None => Ok(()),
    }
}

fn open(
    order: &Order,
    wish: &Opening,
    fill: (Price, Timestamp),
    book: &mut Account<'_>,
    tally: &mut Tally,
) -> Result<Option<RejectReason>, AmountOverflow> {
    if book.held(&order.symbol).is_some() {
        return Ok(Some(RejectReason::AlreadyOpen));
    }
    let held = match OpenPosition::open((order.n, order.symbol), wish, fill)? {
        Ok(held) => held,
        Err(Refused::TooSmall) => return Ok(Some(RejectReason::TooSmall)),
        Err(Refused::BeyondStop) => return Ok(Some(RejectReason::BeyondStop)),
    };
    let has_stop = held.stop.is_some();
    Ok(match book.open(held)? {
        Err(NotOpened::NoCash) => Some(RejectReason::NoCash),
        Ok(()) => {
            tally.opened += 1;
            tally.without_stop += u64::from(!has_stop);
            None
        }
    })
}

fn exit(
    symbol: &Symbol,
    side: Option<Side>,
    closing: Closing,
    fill: (Price, Timestamp),
    book: &mut Account<'_>,
) -> Result<Option<RejectReason>, AmountOverflow> {
    let Some(held) = book.held(symbol) else {
        return Ok(Some(RejectReason::NoPosition));
    };
    let would_add = matches!(
        (held.side, side),
        (PositionSide::Long, Some(Side::Buy)) | (PositionSide::Short, Some(Side::Sell))
    );
    if would_add {
        return Ok(Some(RejectReason::OtherSide));
    }
    let quantity = match closing {
        Closing::All => Some(held.quantity),
        Closing::Units(units) => Quantity::cut_off(units),
        Closing::Unsaid => None,
    };
    match quantity {
        Some(quantity) => book
            .close(symbol, quantity, fill, Close::Exit)
            .map(|()| None),
        None => Ok(Some(RejectReason::QuantityUnsaid)),
    }
}

/// Executes a liquidation, stop or target inside a candle, in this order, because the worse outcome is assumed.
///
/// The time inside the candle is unknown, so the event gets the timestamp of the candle's end.
fn within(
    symbol: &Symbol,
    (candle, at): (Candle, Timestamp),
    costs: Costs,
    book: &mut Account<'_>,
) -> Result<(), AmountOverflow> {
    let Some(held) = book.held(symbol) else {
        return Ok(());
    };
    let (worst, best) = match held.side {
        PositionSide::Long => (candle.low, candle.high),
        PositionSide::Short => (candle.high, candle.low),
    };
    let quantity = held.quantity;
    let stop = held.stop.filter(|stop| held.is_at_or_beyond(worst, *stop));
    // The margin may be used up before the price reaches the stop.
    if held.is_eaten_up(stop.unwrap_or(worst), costs.maintenance_margin)? {
        return book.liquidate(symbol, at);
    }
    let target = held.target.filter(|target| held.has_reached(best, *target));
    match (stop, target) {
        (Some(stop), _) => book.close(symbol, quantity, (stop, at), Close::Stop),
        (None, Some(target)) => book.close(symbol, quantity, (target, at), Close::Target),
        (None, None) => Ok(()),
    }
}

const fn pending(action: HarvestAction) -> Option<Close> {
    match action {
        HarvestAction::None => None,
        HarvestAction::Partial25 => Some(Close::Partial25),
        HarvestAction::Partial50 => Some(Close::Partial50),
        HarvestAction::Partial75 => Some(Close::Partial75),
        HarvestAction::FullCloseProposed => Some(Close::FullClose),
    }
}

/// Returns the quantity that a close with this reason closes.
fn part(held: &OpenPosition, why: Close) -> Result<Quantity, AmountOverflow> {
    match why {
        Close::Partial25 => held.quantity.quarters(1),
        Close::Partial50 => held.quantity.quarters(2),
        Close::Partial75 => held.quantity.quarters(3),
        Close::FullClose | Close::Liquidation | Close::Stop | Close::Target | Close::Exit => {
            Ok(held.quantity)
        }
    }
}
