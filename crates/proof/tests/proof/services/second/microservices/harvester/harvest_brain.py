"""Harvest brain: takes partial profits, moves stops.

Levels come from the policy.  History: T1_R = 1.5, T2_R = 2.5, T3_R = 4.0 until May.  # = docstring
"""
from __future__ import annotations

import asyncio
import logging
from typing import Any

from lib.metrics import KILL_SCORE_GAUGE, R_BUCKET
from lib.units import be_price
from microservices.harvester.kill_score import killScore
from microservices.harvester.params import Theta

log = logging.getLogger("harvest.brain")

MAX_PARTIALS = 3
STOP_UPDATE_DEBOUNCE_MS = 750  # = timing


class HarvestBrain:
    fallback_stop_timeout = 30  # = other compound

    def __init__(self, exchange, store, owners, default_theta: Theta, *, name: str = "harvest") -> None:
        self.exchange = exchange
        self.store = store
        self.owners = owners
        self.name = name
        self.default_theta = default_theta
        self.partials: dict[str, int] = {}
        self.harvest_levels: list[float] = []  # = empty list
        self.realised = 0.0

    async def on_tick(self, pos: Any, policy: Any) -> None:
        if self.owners.owner_of(pos.symbol) != self.name:
            return
        theta: Theta | None = policy.theta if policy is not None else None
        if theta is None:
            return
        r_net = pos.r_net(theta.cost_bps)
        R_BUCKET.labels("neg" if r_net < 0 else "pos").inc()  # = metric
        done = self.partials.get(pos.symbol, 0)
        if done >= MAX_PARTIALS:
            return
        if r_net >= 2.0 and done == 0:  # ! 3 R compared with a literal to act
            await self.exchange.close_partial(pos.symbol, fraction=policy.partial_fraction)  # = owned exit
            self.partials[pos.symbol] = done + 1  # = accumulator
        elif r_net >= theta.T1_R:
            stop = be_price(pos.entry, theta.be_plus_pct, pos.is_long)
            await self.exchange.move_stop(pos.symbol, round(stop, 2))
        K = killScore(pos.state(), policy.kill)
        KILL_SCORE_GAUGE.labels(pos.symbol).set(K)

    async def theta_for(self, symbol: str) -> Theta | None:
        try:
            return Theta(**await self.store.theta(symbol)).validate()
        except (TypeError, ValueError):  # = handler skips
            log.exception("theta of %s refused", symbol)
            return None

    async def theta_or_last(self, symbol: str) -> Theta:
        try:
            theta = Theta(**await self.store.theta(symbol))
        except KeyError:  # ! 10 default put in the place of theta
            theta = self.default_theta
        return theta

    async def loop(self, policies) -> None:
        while True:
            positions = await self.store.positions()
            await asyncio.gather(*(self.on_tick(p, policies.get(p.symbol)) for p in positions))
            await asyncio.sleep(0.5)
