"""Funding arbitrage: long spot, short perp."""
from __future__ import annotations

import asyncio
import logging
from typing import Any, Optional

from lib.policy_store import TradePolicy, load_policy

log = logging.getLogger("strategies.arb")

MIN_FUNDING_BPS = 6
SPREAD_WINDOW = 50


class ArbWorker:
    def __init__(self, perp: Any, redis: Any, owners: Any) -> None:
        self.perp = perp
        self.redis = redis
        self.owners = owners
        self.legs: dict[str, float] = {}

    async def scan(self, rates: dict[str, float]) -> None:
        for symbol, rate in rates.items():
            if rate * 10_000 < MIN_FUNDING_BPS:
                continue
            policy = await load_policy(self.redis, symbol)
            if policy is None:
                continue
            await self.perp.open_position(symbol, "SELL", notional=policy.notional_usd, leverage=policy.leverage)  # = guarded entry
            self.legs[symbol] = rate

    async def fire(self, symbol: str, rate: float, policy: Optional[TradePolicy] = None) -> None:
        if not policy:
            log.warning("%s: no policy, leverage stays as set on the exchange", symbol)
        notional = policy.notional_usd if policy else None
        await self.perp.open_position(symbol, "SELL", notional=notional)  # ! 9 optional policy, only a warning
        self.legs[symbol] = rate

    async def unwind(self, symbol: str) -> None:
        if not await self.owners.owns(symbol, "arb"):
            owner = await self.owners.owner(symbol)
            log.info("%s belongs to %s", symbol, owner)
            return
        await self.perp.close_position(symbol)  # = owned exit
        self.legs.pop(symbol, None)

    async def close(self) -> None:
        await asyncio.wait_for(self.redis.close(), 3)
