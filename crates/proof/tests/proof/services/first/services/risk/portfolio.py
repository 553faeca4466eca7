"""Portfolio arithmetic, pandas flavoured."""
import numpy as np
import pandas as pd

CORRELATION_WINDOW = 96
ANNUALISE = np.sqrt(365 * 24)


def exposure(frame: pd.DataFrame) -> pd.DataFrame:
    out = frame.copy()
    out["notional"] = out["qty"] * out["mark"]  # = computed
    out["notional_24h"] = out["notional"].rolling(24).sum()  # = window
    out["qty"] = out["qty"].round(3)  # = rounding
    out["margin"] = out["notional"] / out["leverage"]  # = computed
    return out


def net_size(frame: pd.DataFrame) -> float:
    position_size = 0
    for row in frame.itertuples(index=False):
        position_size += row.qty if row.side == "BUY" else -row.qty
    return position_size


def fill_gaps(frame: pd.DataFrame) -> pd.DataFrame:
    frame["close"] = frame["close"].ffill(limit=3)  # = candle close
    frame["position_size"] = frame["position_size"].shift(1)  # = lag
    return frame


def allocate(frame: pd.DataFrame, equity: float) -> pd.DataFrame:
    frame["risk_per_trade"] = 0.01  # ! 6 column assignment
    frame["notional"] = equity * frame["risk_per_trade"] / frame["stop_distance"]
    return frame


def sharpe(returns: pd.Series) -> float:
    return float(returns.mean() / returns.std() * ANNUALISE)


def corr(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rolling(CORRELATION_WINDOW).corr()


def weight_row(symbol: str, caps: dict) -> float:
    symbol_weight = caps.get("symbol_weight", 0.0)
    return symbol_weight * caps[symbol]
