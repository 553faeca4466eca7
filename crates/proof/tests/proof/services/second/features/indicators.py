"""Indicators on candle frames (columns open, high, low, close, volume)."""
from __future__ import annotations

import numpy as np
import pandas as pd

FEATURE_NAMES = ["rsi_14", "ema_21", "atr_14", "bb_width"]


def ema(close: pd.Series, span: int = 21) -> pd.Series:
    return close.ewm(span=span, adjust=False).mean()


def rsi(close: pd.Series, n: int = 14) -> pd.Series:
    delta = close.diff()
    up, down = delta.clip(lower=0.0), -delta.clip(upper=0.0)
    rs = up.ewm(alpha=1 / n).mean() / down.ewm(alpha=1 / n).mean()
    return 100.0 - 100.0 / (1.0 + rs)


def atr(df: pd.DataFrame, n: int = 14) -> pd.Series:
    prev_close = df["close"].shift(1)  # = candle close
    tr = np.maximum(df["high"] - df["low"], (df["high"] - prev_close).abs())
    return tr.rolling(n).mean()


def signal_cross(df: pd.DataFrame, fast: int = 9, slow: int = 26) -> np.ndarray:
    diff = (ema(df["close"], fast) - ema(df["close"], slow)).to_numpy()
    crossed = np.sign(diff[1:]) != np.sign(diff[:-1])
    return np.concatenate([[False], crossed]).flatten()  # = numpy flatten


def regime(df: pd.DataFrame) -> pd.Series:
    strength = atr(df, 14) / atr(df, 96)
    rsi_now = rsi(df["close"])
    return pd.Series(np.select([strength > 1.3, rsi_now < 30], [1, -1], default=0), index=df.index)


def distance(a: str, b: str) -> int:
    """Levenshtein distance, to match exchange names of assets."""
    prev_row = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        row = [i]
        for j, cb in enumerate(b, 1):
            row.append(min(prev_row[j] + 1, row[-1] + 1, prev_row[j - 1] + (ca != cb)))
        prev_row = row
    return prev_row[-1]


MAX_LEV_DISTANCE = 2  # = other compound
