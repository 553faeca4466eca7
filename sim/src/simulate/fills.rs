//! Fills of orders, stops, targets and liquidations at candle prices.

use portcullis::{
    harvest::SizeRules,
    types::{PositionSide, Side, Symbol, Timestamp},
};

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

/// Processes the start of a candle at its open price: funding, then a liquidation, stop or target that the open price
/// has reached, then pending harvest closes, then orders.
pub(super) fn fill_at_open(
    symbol_state: &mut SymbolState<'_>,
    candle: Candle,
    settings: &Settings,
    account: &mut Account<'_>,
    tally: &mut Tally,
) -> Result<(), AmountOverflow> {
    let symbol = symbol_state.series.symbol;
    let costs = settings.costs;
    let sizes = settings.sizes.get(&symbol).copied().unwrap_or_default();
    let fill = (candle.open, candle.start);
    let due = |at: Timestamp| at.as_micros().div_euclid(FUNDING_MICROS);
    let times = due(candle.start) - due(symbol_state.funded);
    symbol_state.funded = candle.start;
    account.fund(&symbol, fill, times)?;
    close_at_open(&symbol, fill, costs, account)?;
    let pending = account
        .position_mut(&symbol)
        .and_then(|position| position.pending.take());
    if let Some((reason, quantity)) = pending {
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
            _ if is_late && is_first => Err(OrderError::Rejected(RejectReason::BeforeCandles)),
            OrderKind::Open(_) if is_late => Err(OrderError::Rejected(RejectReason::Gap)),
            OrderKind::Open(opening) => open(&order, (opening, sizes), fill, account, tally),
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

/// Executes a liquidation, a stop or a target that the open price has reached. A liquidation and a stop are filled at
/// the open price; a target is a resting limit order, which is filled at its own price.
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
        let excess = position.beyond_margin(price)?;
        return account.liquidate(symbol, (price, at), Some(excess));
    }
    match (position.stop, position.target) {
        (Some(stop), _) if position.is_at_or_beyond(price, stop) => {
            let quantity = position.quantity;
            account.close(symbol, quantity, (price, at), CloseReason::Stop)
        }
        (_, Some(target)) if position.has_reached(price, target) => {
            account.close_at_target(symbol, (target, price), at)
        }
        (Some(_) | None, _) => Ok(()),
    }
}

fn open(
    order: &Order,
    (opening, sizes): (&Opening, SizeRules),
    fill: (Price, Timestamp),
    account: &mut Account<'_>,
    tally: &mut Tally,
) -> Result<(), OrderError> {
    if account.position(&order.symbol).is_some() {
        return Err(OrderError::Rejected(RejectReason::AlreadyOpen));
    }
    let position = OpenPosition::open((order.n, order.symbol), opening, fill, sizes)?;
    let has_stop = position.stop.is_some();
    let exceeds = exceeded(opening, &position)?;
    account.open(position, exceeds.clone())?;
    for limit in exceeds {
        *tally.exceeded.entry(limit).or_insert(0) += 1;
    }
    tally.opened += 1;
    tally.without_stop += u64::from(!has_stop);
    Ok(())
}

/// Returns the names of the limits that a fill exceeds. The engine has checked the limits at the price of the intent. A
/// quantity that the intent states can cost more at the fill price.
fn exceeded(
    opening: &Opening,
    position: &OpenPosition,
) -> Result<Vec<&'static str>, AmountOverflow> {
    let notional = position.entry.times(position.quantity)?;
    let [max_notional, max_margin] = opening.limits_usd;
    let limits = [
        ("max_notional_usd", notional, max_notional),
        ("max_position_usd", position.margin, max_margin),
    ];
    let exceeded = limits
        .into_iter()
        .filter(|(_, amount, limit)| limit.is_some_and(|limit| amount.is_above(limit)));
    Ok(exceeded.map(|(name, _, _)| name).collect())
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
        CloseQuantity::All => position.quantity,
        CloseQuantity::Units(units) => Quantity::stated(units, Some(position.lot))?,
        CloseQuantity::Fraction(fraction) => position.quantity.fraction(fraction, position.lot)?,
        CloseQuantity::Unknown => return Err(OrderError::Rejected(RejectReason::NoQuantity)),
    };
    if quantity.is_zero() {
        return Err(OrderError::Rejected(RejectReason::BelowLot));
    }
    account.close(symbol, quantity, fill, CloseReason::Exit)?;
    Ok(())
}

/// Executes the liquidation, the stop or the target that the price reaches inside a candle. If the price reaches
/// several, the worse outcome is assumed: the stop has precedence over the target, and a liquidation has precedence
/// over the target and over a stop that is beyond the liquidation price.
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
        let range = (candle.low, candle.high);
        let price = position.liquidation_price(costs.maintenance_margin, range);
        return account.liquidate(symbol, (price, at), None);
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
