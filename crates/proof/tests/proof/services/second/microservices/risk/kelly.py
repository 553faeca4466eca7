"""Kelly fractions, for reports and for the leverage hint."""
from __future__ import annotations

import logging
from typing import Any

import numpy as np
from scipy import stats

log = logging.getLogger("risk.kelly")

MIN_TRADES = 40
CONFIDENCE_LEVEL = 0.95


def kelly_fraction(r: np.ndarray) -> float:
    if r.size < MIN_TRADES:  # = array size
        return float("nan")
    p = float((r > 0).mean())
    win, loss = r[r > 0].mean(), -r[r <= 0].mean()
    return p - (1 - p) / (win / loss)


def hint(r: np.ndarray, policy: Any, limits: Any, *, aggressive: bool = False) -> dict[str, Any]:
    f = kelly_fraction(r)
    if np.isnan(f):
        return {"leverage": None, "why": "fewer than 40 trades"}  # = explicit none
    lo, hi = stats.t.interval(CONFIDENCE_LEVEL, r.size - 1, loc=r.mean(), scale=stats.sem(r))
    leverage = limits.max_leverage if aggressive and lo > 0 else policy.leverage  # ! 2 ternary with the cap
    log.info("kelly %.3f, mean in [%.3f, %.3f], leverage 10 would be full Kelly", f, lo, hi)  # = log text
    return {"leverage": leverage, "f": round(f, 4)}


def bootstrap(r: np.ndarray, n: int = 2_000, seed: int = 7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    idx = rng.integers(0, r.size, size=(n, r.size))
    return np.percentile(r[idx].mean(axis=1), [5, 50, 95])
