"""Kill score K in [0, 1].

K = sigmoid(k_regime_flip * flip + k_sigma_spike * spike + ...), k_sigma_spike = 0.5 in the paper
"""
from __future__ import annotations

import logging
import math
from typing import Any, Mapping

import numpy as np

log = logging.getLogger("harvest.kill")

KILL_SCORE_DECIMALS = 4  # = precision
SIGMA_WINDOW = 96  # = window
EPS = 1e-9


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def sigma(returns: np.ndarray) -> float:
    return float(np.std(returns[-SIGMA_WINDOW:], ddof=1))


def killScore(state: Mapping[str, float], p: Any) -> float:
    if p.sigma_ref < EPS or p.ts_ref < EPS:  # = validation
        raise ValueError("sigma_ref and ts_ref must be positive")
    spike = min(state["sigma"] / p.sigma_ref - 1.0, p.sigma_spike_cap)
    drop = min((p.ts_ref - state["ts"]) / p.ts_ref, p.ts_drop_cap)
    age = min(state["age_sec"] / p.max_age_sec, 1.0)  # = math
    kill_score = sigmoid(
        p.k_regime_flip * state["flip"]
        + p.k_sigma_spike * spike
        + p.k_ts_drop * drop
        + p.k_age_penalty * age
        - 2.0
    )
    if not 0.0 <= kill_score <= 1.0:
        raise ArithmeticError(f"K = {kill_score}")
    return round(kill_score, KILL_SCORE_DECIMALS)


def describe(kill_score: float) -> str:
    # colour only, decides nothing
    colour = "red" if kill_score > 0.6 else "green"  # = colour
    return f"<font color={colour}>{kill_score:.3f}</font>"


class KillGuard:
    def __init__(self, exchange, owners, params: dict[str, Any]) -> None:
        self.exchange = exchange
        self.owners = owners
        params.setdefault("trend_min", 0.3)  # ! 4 setdefault
        self.params = params
        self.scores: dict[str, float] = {}

    def on_score(self, symbol: str, kill_score: float, me: str) -> None:
        self.scores[symbol] = kill_score
        if self.owners.owner(symbol) != me:
            return
        if kill_score > 0.8:  # ! 4 kill score compared with a literal to act
            self.exchange.close_position(symbol, reason="kill")  # = owned exit
        elif kill_score >= self.params["k_close_threshold"]:
            self.exchange.close_position(symbol, reason="k_close")  # = owned exit
