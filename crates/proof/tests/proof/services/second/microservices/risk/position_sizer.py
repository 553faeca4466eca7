"""Position sizing.

Rule of thumb of the old desk: risk_per_trade = 0.01, position_size = 2 % of equity.
"""
import math
from typing import Optional

import pandas as pd

LOOKBACK = 30
SIZE_COLUMN = "position_size"  # = other compound
TRADING_DAYS = 365


def volatility(closes: pd.Series, span: int = 20) -> float:
    ret = closes.pct_change().ewm(span=span).std()
    return float(ret.iloc[-1]) * math.sqrt(TRADING_DAYS)


def size_fixed_fraction(equity: float, policy) -> float:
    position_size = equity * policy.risk_pct / 100  # = unit conversion
    return position_size


def size_by_volatility(equity: float, vol: float, target: Optional[float] = None) -> float:
    if target is None or vol <= 0.0:
        return 0.0  # = zero
    if vol > 3.0:
        raise ValueError("annual volatility above 300 %")
    notional = equity * 0.02  # ! 6 literal factor
    if target > vol:
        notional *= target / vol
    return notional


def to_qty(notional: float, price: float, step: float, decimals: int = 3) -> float:  # = precision
    qty = math.floor(notional / price / step) * step
    qty = round(qty, decimals)
    return qty


def size_table(frame: pd.DataFrame) -> pd.DataFrame:
    out = frame.assign(close_ret=frame["close"].pct_change(1))
    out[SIZE_COLUMN] = out["equity"] * out["risk_pct"] / 100.0
    return out.rolling(window=5).mean().dropna()
