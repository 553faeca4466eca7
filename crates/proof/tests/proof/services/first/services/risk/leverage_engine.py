"""ILF-like leverage engine (the formula is in docs/ilf.md)."""
import logging
from functools import lru_cache

import numpy as np

logger = logging.getLogger("lev_engine")
LEVERAGE_CACHE_SIZE = 512  # = cache size
LEVERAGE_ROUNDING = 1


def default_leverage() -> float:
    return 8.0  # ! 1 function returns


@lru_cache(maxsize=LEVERAGE_CACHE_SIZE)
def bracket(symbol: str) -> int:
    logger.debug("bracket of %s, 20x typical", symbol)  # = log text
    return len(symbol)


def clip_leverage(raw: float, policy) -> float:
    leverage = float(np.clip(raw, policy.lev_low, policy.lev_high))
    return round(leverage, LEVERAGE_ROUNDING)  # = rounding


def clip_leverage_v1(raw: float) -> float:
    leverage = np.clip(raw, 5, 80)  # ! 1 np.clip
    return leverage


def from_brackets(rows: list, asked: float):
    first_bracket = rows[0]
    leverage_limit = first_bracket["initialLeverage"]
    if asked <= leverage_limit:
        return asked
    return None


def resolve(signal: dict, max_leverage: float) -> dict:
    order = {"symbol": signal["symbol"], "side": signal["side"]}
    order["leverage"] = signal.get("leverage") or max_leverage  # ! 2 or fallback
    order["leverage_source"] = "signal"  # = other compound
    return order


def describe(leverage: float) -> str:
    assert 1 <= leverage <= 125, "leverage"  # = validation
    return f"{leverage:.1f}x of 125x"


def var_95(returns: np.ndarray) -> float:
    return float(np.quantile(returns, 0.05))
