"""How the pilot chose its leverage."""

import asyncio
import logging
from dataclasses import replace

import numpy as np

log = logging.getLogger(__name__)
LEVERAGE_KEY = "leverage"  # = key name
BOOKS = {}


class Sizer:
    leverage = 4  # ! 1 class attribute
    leverage_window = 48  # = window

    def __init__(self, policy, base):
        self.policy = policy
        self.leverage = policy.leverage  # = policy read
        self.base = base

    def reset(self):
        self.leverage = 3.0  # ! 1 attribute

    def doubled(self):
        leverage = self.base * 2  # ! 1 literal factor
        return leverage

    def liquidation_distance(self):
        return 1.0 / self.policy.leverage  # = math


def by_regime(regime, policy):
    match regime:
        case "trend":
            leverage = 10  # ! 1 match arm
        case "range":
            leverage = policy.leverage  # = policy read
        case _:
            leverage = None  # = explicit none
    return leverage


def default_leverage():
    return 10.0  # ! 1 function return


def get_leverage(regime):
    return 8 if regime == "trend" else 3  # ! 1 function return


pick_leverage = lambda regime: 6  # ! 1 lambda


def spread(names, params, plan):
    rows = [{"symbol": s, "leverage": 5} for s in names]  # ! 1 comprehension
    params["leverage"] = 10  # ! 1 map entry
    params.update(leverage=9)  # ! 1 keyword
    other = replace(plan, leverage=2)  # ! 1 keyword
    merged = dict(params, **{"leverage": 7})  # ! 1 map
    total = sum(row["leverage"] for row in rows)  # = read
    return rows, other, merged, total


def bounded(asked):
    leverage = min(asked, 20)  # ! 1 min
    leverage = max(leverage, 2)  # ! 1 max
    lev = np.clip(asked, 1, 25)  # ! 1 clip
    return leverage, lev


def checked(leverage):
    if leverage > 125:  # = bound
        raise ValueError("leverage above 125")  # = log text
    assert 0 < leverage <= 50, "leverage out of range"  # = validation
    if leverage > 20:  # = bound
        leverage = 20  # ! 1 assignment
    return leverage


async def refresh(feed):
    leverage = 0.0  # = zero start
    async for row in feed:
        leverage += row.leverage  # = read
    await asyncio.sleep(10)  # = timing
    if (lev := 10) and feed.degraded:  # ! 1 walrus
        log.info("leverage 10 while degraded")  # = log text
        return lev
    log.debug("leverage is %.2f", leverage)  # = log text
    return leverage
