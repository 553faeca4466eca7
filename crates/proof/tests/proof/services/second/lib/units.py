from decimal import ROUND_DOWN, Decimal

BPS = 10_000
QTY_PRECISION = 3  # = precision
PRICE_TICK_SIZE = Decimal("0.10")  # = tick size
MIN_QTY = Decimal("0.001")


def cost_fraction(cost_bps: float) -> float:
    return cost_bps / 10_000


def toCostBps(cost_frac: float) -> float:
    cost_bps = cost_frac * 10_000  # = unit conversion
    return cost_bps


def be_price(entry: float, be_plus_pct: float, long: bool) -> float:
    """Break-even price; be_plus_pct = 0.2 means 0.2 percent."""  # = docstring
    sign = 1 if long else -1
    return entry * (1 + sign * be_plus_pct / 100)  # = unit conversion


def round_qty(qty: Decimal, step: Decimal) -> Decimal:
    qty = (qty / step).to_integral_value(rounding=ROUND_DOWN) * step
    return qty.quantize(Decimal("0.001"))  # = precision


def round_leverage(leverage: float) -> float:
    leverage = round(leverage, 2)
    return leverage


def stop_loss_price(entry: float, stop_loss_pct: float) -> float:
    assert 0 < stop_loss_pct < 100  # = validation
    return entry * (1.0 - stop_loss_pct / 100.0)  # = unit conversion


def notional_from_risk(equity: float, risk_pct: float, stop_pct: float) -> float:
    notional = equity * (risk_pct / 100) / (stop_pct / 100)  # = unit conversion
    return notional


def clamp01(value: float) -> float:
    return max(0.0, min(1.0, value))
