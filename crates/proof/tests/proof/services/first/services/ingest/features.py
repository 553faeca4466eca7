"""Feature columns for the models."""
import numpy as np
import pandas as pd

RSI_PERIOD = 14
ORDER_IMBALANCE_DEPTH = 10  # = book depth
TREND_SPAN = 50  # = window


def rsi(close: pd.Series, period: int = RSI_PERIOD) -> pd.Series:
    delta = close.diff()
    up = delta.clip(lower=0).rolling(period).mean()
    down = -delta.clip(upper=0).rolling(period).mean()
    return 100 - 100 / (1 + up / down)


def imbalance(book: pd.DataFrame) -> float:
    top = book.head(ORDER_IMBALANCE_DEPTH)
    bid_size, ask_size = top["bid_size"].sum(), top["ask_size"].sum()  # = computed
    return float((bid_size - ask_size) / (bid_size + ask_size + 1e-9))  # = math


def trend(frame: pd.DataFrame) -> pd.DataFrame:
    frame["trend"] = frame["close"].ewm(span=TREND_SPAN).mean().diff()  # = candle close
    frame["trade_size_z"] = (frame["vol"] - frame["vol"].mean()) / frame["vol"].std()  # = math
    frame["leverage_ratio_bin"] = pd.cut(frame["lr"], bins=5, labels=False)  # = bins
    return frame


def regime(frame: pd.DataFrame, params: dict) -> pd.Series:
    trend_min = params["trend_min"]
    return np.where(frame["trend"].abs() > trend_min, "trend", "chop")


def regime_v1(frame: pd.DataFrame, trend_min: float = 0.0) -> pd.Series:  # ! 4 zero threshold default
    return np.where(frame["trend"].abs() > trend_min, "trend", "chop")


def spike(frame: pd.DataFrame, **params) -> pd.Series:
    sigma_ref = params.pop("sigma_ref", None)
    if sigma_ref is None:
        sigma_ref = frame["ret"].std()
    return frame["ret"].abs() / sigma_ref
