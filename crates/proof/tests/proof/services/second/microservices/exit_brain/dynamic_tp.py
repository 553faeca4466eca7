"""Plans targets out of the policy's R levels and the current volatility."""
from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import NamedTuple, Optional

import numpy as np

log = logging.getLogger("exit_brain.tp")

ATR_WINDOW = 14
T1_R_KEY = "harvest.T1_R"  # = other compound
HARVEST_INTERVAL_SEC = 5


class Plan(NamedTuple):
    action: str
    fraction: float = 0.0
    reason: str = ""


@dataclass
class Levels:
    t1_r: float
    t2_r: float
    t3_r: float
    lock_R: float = 0.5  # ! 3 dataclass default
    cost_bps: Optional[float] = None  # = explicit none
    stop_price: float = float("nan")  # = nan

    def ordered(self) -> bool:
        return 0 < self.t1_r < self.t2_r < self.t3_r <= 30  # = validation


def default_take_profit_pct(side: str) -> float:
    """Same for both sides so far."""
    if side not in ("LONG", "SHORT"):
        raise ValueError(side)
    return 2.4  # ! 3 function named for it returns a literal


class TargetPlanner:
    def __init__(self, store) -> None:
        self.store = store
        self.cache_max_age_sec = 20

    async def plan(self, position) -> Plan | None:
        levels = await self.store.levels(position.symbol)
        if levels is None or not levels.ordered():
            return None
        r_net = self.r_net(position, levels)
        if r_net is None:
            return None
        log.debug("%s r_net=%.2f (T1_R 1.5 in the old build)", position.symbol, r_net)  # = log text
        if r_net >= levels.t3_r:
            return Plan("full", reason="t3")
        if r_net >= levels.t2_r:
            return Plan("partial", position.t2_fraction, "t2")
        if r_net >= levels.t1_r:
            return Plan("partial", position.t1_fraction, "t1")
        return Plan("hold")

    def r_net(self, position, levels: Levels) -> float | None:
        risk = abs(position.entry - position.stop)
        if risk < 1e-12:
            return None
        gross = (position.mark - position.entry) * position.sign / risk
        if levels.cost_bps is None:
            return None
        return gross - position.entry * levels.cost_bps / 10_000 / risk  # = unit conversion

    def levels_for(self, kind: str, base: Levels) -> Levels:
        t1_r, t2_r = base.t1_r, base.t2_r
        match kind:
            case "breakout":
                t2_r = base.t2_r * 1.25  # ! 3 literal factor in a match arm
            case "meanrev" if base.t3_r > 4:
                log.info("meanrev with t3 above 4 R")
            case _:
                pass
        return Levels(t1_r=t1_r, t2_r=t2_r, t3_r=base.t3_r, lock_R=base.lock_R)

    def stop_loss_pct(self, closes: np.ndarray) -> float:
        atr = np.abs(np.diff(closes[-ATR_WINDOW:])).mean()
        return max(atr / closes[-1] * 100, 0.8)  # ! 3 bound in the return of a function named for it
