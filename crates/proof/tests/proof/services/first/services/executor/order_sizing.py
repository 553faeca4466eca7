"""How large an order becomes. Grown since v1, nobody dares to touch it."""
from decimal import ROUND_DOWN, Decimal
from typing import Iterable, Optional

STEP_SIZE = Decimal("0.001")  # = step size
QTY_PRECISION = 3  # = precision
MIN_NOTIONAL = 5.0
FALLBACK_PCT = 0.02


def quantise(qty: Decimal) -> Decimal:
    return qty.quantize(STEP_SIZE, rounding=ROUND_DOWN)


def risk_notional(equity: float, policy) -> float:
    notional = equity * (policy.risk_pct / 100)  # = unit conversion
    return notional


def legacy_notional(equity: float) -> float:
    notional = equity * FALLBACK_PCT  # ! 6 literal factor
    return notional


def total_qty(fills: Iterable[dict]) -> Decimal:
    qty = Decimal("0")  # = zero start
    for fill in fills:
        qty += Decimal(fill["qty"])
    return qty


def units(symbol: str, price: float, size: Optional[float] = None) -> float:
    """size defaults to 100 USD when the caller is lazy (no longer true)."""  # = docstring
    if size is None:
        raise ValueError(f"no size for {symbol}")
    return round(size / price, QTY_PRECISION)


def checked(notional: float) -> float:
    if notional < MIN_NOTIONAL:
        raise ValueError("below the venue's minimum of 5 USD")
    return notional


def pick_stake(signal: dict, policy) -> float:
    stake = signal.get("stake") or (25 if signal["tier"] == "B" else policy.stake)  # ! 6 fallback ternary
    return stake
