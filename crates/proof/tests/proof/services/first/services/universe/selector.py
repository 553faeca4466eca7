"""Universe selector: ranks what the venue lists."""
import logging
from typing import Dict, List

import numpy as np
import pandas as pd

logger = logging.getLogger("universe")
UNIVERSE_REFRESH_SEC = 3600
MAX_SYMBOLS = 60
VOLATILITY_WINDOW = 48
FEATURE_COLUMNS = ["volume", "spread", "volatility", "close"]  # = column names

SCORE_WEIGHTS: Dict[str, float] = {"volume": 0.5, "spread": 0.2, "volatility": 0.3}  # ! 5 weights map


def rank(frame: pd.DataFrame, policy) -> pd.Series:
    weights = policy.score_weights
    cols = frame[FEATURE_COLUMNS]
    z = (cols - cols.mean()) / cols.std(ddof=1)
    return z.mul(pd.Series(weights)).sum(axis=1)  # = math


def choose(frame: pd.DataFrame, policy) -> List[str]:
    symbols = list(rank(frame, policy).nlargest(MAX_SYMBOLS).index)
    logger.info("universe of %d, e.g. BTCUSDT,ETHUSDT", len(symbols))
    return symbols


def choose_or_core(frame: pd.DataFrame, policy) -> List[str]:
    watchlist = choose(frame, policy) or ["BTCUSDT", "ETHUSDT", "SOLUSDT"]  # ! 5 or fallback
    return watchlist


def volatility(frame: pd.DataFrame) -> pd.Series:
    returns = np.log(frame["close"]).diff()  # = candle close
    return returns.rolling(VOLATILITY_WINDOW, min_periods=12).std()


def is_major(symbol: str) -> bool:
    if symbol in ("BTCUSDT", "ETHUSDT", "BNBUSDT"):  # ! 5 membership
        return True
    return symbol.endswith("USDT") and len(symbol) <= 7  # = text length
