//! Fills of orders, stops, targets and liquidations at candle prices.

use portcullis::types::{PositionSide, Side, Symbol, Timestamp};

use super::{
    account::Account,
    candles::Candle,
    order::{CloseQuantity, Opening, Order, OrderKind},
    position::{CloseReason, OpenPosition},
    reject::{OrderError, RejectReason},
    settings::{Costs, Settings},
    state::{SymbolState, Tally},
    units::{AmountOverflow, Price, Quantity},
};

/// The funding interval in microseconds: eight hours, counted from midnight UTC.
const FUNDING_MICROS: i64 = 8 * 3600 * 1_000_000;

/// Processes the start of a candle at its open price: funding, then a stop or liquidation that the open price has
/// reached, then pending harvest closes, then orders.
pub(super) fn fill_at_open(
    symbol_state: &mut SymbolState<'_>,
    candle: Candle,
    settings: &Settings,
    account: &mut Account<'_>,
    tally: &mut Tally,
) -> Result<(), AmountOverflow> {
    let symbol = symbol_state.series.symbol;
    let costs = settings.costs;
    let fill = (candle.open, candle.start);
    let due = |at: Timestamp| at.as_micros().div_euclid(FUNDING_MICROS);
    let times = due(candle.start) - due(symbol_state.funded);
    symbol_state.funded = candle.start;
    account.fund(&symbol, fill, times)?;
    close_at_open(&symbol, fill, costs, account)?;
    let pending = account
        .position_mut(&symbol)
        .and_then(|position| position.pending.take());
    if let (Some(reason), Some(position)) = (pending, account.position(&symbol)) {
        let quantity = part(position, reason)?;
        account.close(&symbol, quantity, fill, reason)?;
    }
    let is_first = symbol_state.next == 0;
    let rejects_late = symbol_state.is_after_gap() && (is_first || !settings.fill_after_gap);
    let interval = symbol_state.series.interval;
    while symbol_state
        .orders
        .front()
        .is_some_and(|order| order.at < candle.start)
    {
        let Some(order) = symbol_state.orders.pop_front() else {
            break;
        };
        let is_late = rejects_late && interval.after(order.at) < candle.start;
        let filled = match &order.kind {
            OrderKind::Open(_) if is_late => Err(OrderError::Rejected(RejectReason::Gap)),
            OrderKind::Open(opening) => open(&order, opening, fill, account, tally),
            OrderKind::Close {
                is_resting: true, ..
            } => Err(OrderError::Rejected(RejectReason::Resting)),
            OrderKind::Close { side, quantity, .. } => {
                exit(&symbol, *side, *quantity, fill, account)
            }
        };
        match filled {
            Ok(()) => {}
            Err(OrderError::Rejected(reason)) => tally.reject(reason, 1),
            Err(OrderError::Overflow(error)) => return Err(error),
        }
    }
    Ok(())
}

/// Executes a liquidation or a stop that the open price has reached. The stop is filled at the open price.
fn close_at_open(
    symbol: &Symbol,
    (price, at): (Price, Timestamp),
    costs: Costs,
    account: &mut Account<'_>,
) -> Result<(), AmountOverflow> {
    let Some(position) = account.position(symbol) else {
        return Ok(());
    };
    if position.is_liquidated_at(price, costs.maintenance_margin)? {
        return account.liquidate(symbol, at);
    }
    match position.stop {
        Some(stop) if position.is_at_or_beyond(price, stop) => {
            let quantity = position.quantity;
            account.close(symbol, quantity, (price, at), CloseReason::Stop)
        }
        Some(_) | None => Ok(()),
    }
}

fn open(
    order: &Order,
    opening: &Opening,
    fill: (Price, Timestamp),
    account: &mut Account<'_>,
    tally: &mut Tally,
) -> Result<(), OrderError> {
    if account.position(&order.symbol).is_some() {
        return Err(OrderError::Rejected(RejectReason::AlreadyOpen));
    }
    let position = OpenPosition::open((order.n, order.symbol), opening, fill)?;
    let has_stop = position.stop.is_some();
    account.open(position)?;
    tally.opened += 1;
    tally.without_stop += u64::from(!has_stop);
    Ok(())
}

fn exit(
    symbol: &Symbol,
    side: Option<Side>,
    closing: CloseQuantity,
    fill: (Price, Timestamp),
    account: &mut Account<'_>,
) -> Result<(), OrderError> {
    let Some(position) = account.position(symbol) else {
        return Err(OrderError::Rejected(RejectReason::NoPosition));
    };
    let would_add = matches!(
        (position.side, side),
        (PositionSide::Long, Some(Side::Buy)) | (PositionSide::Short, Some(Side::Sell))
    );
    if would_add {
        return Err(OrderError::Rejected(RejectReason::OtherSide));
    }
    let quantity = match closing {
        CloseQuantity::All => Some(position.quantity),
        CloseQuantity::Units(units) => Quantity::truncate(units),
        CloseQuantity::Fraction(fraction) if fraction >= 1.0 => Some(position.quantity),
        CloseQuantity::Fraction(fraction) => {
            Quantity::truncate(position.quantity.to_f64() * fraction)
        }
        CloseQuantity::Unknown => None,
    };
    let quantity = quantity.ok_or(OrderError::Rejected(RejectReason::NoQuantity))?;
    account.close(symbol, quantity, fill, CloseReason::Exit)?;
    Ok(())
}

/// Executes a liquidation, stop or target inside a candle, in this order, because the worse outcome is assumed.
///
/// The time inside the candle is unknown, so the event gets the timestamp of the candle's end.
pub(super) fn fill_within(
    symbol: &Symbol,
    (candle, at): (Candle, Timestamp),
    costs: Costs,
    account: &mut Account<'_>,
) -> Result<(), AmountOverflow> {
    let Some(position) = account.position(symbol) else {
        return Ok(());
    };
    let (worst, best) = match position.side {
        PositionSide::Long => (candle.low, candle.high),
        PositionSide::Short => (candle.high, candle.low),
    };
    let quantity = position.quantity;
    let stop = position
        .stop
        .filter(|stop| position.is_at_or_beyond(worst, *stop));
    // The margin may be lost before the price reaches the stop.
    if position.is_liquidated_at(stop.unwrap_or(worst), costs.maintenance_margin)? {
        return account.liquidate(symbol, at);
    }
    let target = position
        .target
        .filter(|target| position.has_reached(best, *target));
    match (stop, target) {
        (Some(stop), _) => account.close(symbol, quantity, (stop, at), CloseReason::Stop),
        (None, Some(target)) => account.close(symbol, quantity, (target, at), CloseReason::Target),
        (None, None) => Ok(()),
    }
}

/// Returns the quantity that a close with this reason closes.
fn part(position: &OpenPosition, reason: CloseReason) -> Result<Quantity, AmountOverflow> {
    match reason {
        CloseReason::Partial25 => position.quantity.quarters(1),
        CloseReason::Partial50 => position.quantity.quarters(2),
        CloseReason::Partial75 => position.quantity.quarters(3),
        CloseReason::FullClose
        | CloseReason::Liquidation
        | CloseReason::Stop
        | CloseReason::Target
        | CloseReason::Exit => Ok(position.quantity),
    }
}
