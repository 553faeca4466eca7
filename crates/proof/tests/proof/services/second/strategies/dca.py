"""Dollar cost averaging worker."""
from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Sequence

log = logging.getLogger("strategies.dca")


@dataclass(frozen=True)
class RetryPolicy:
    attempts: int = 4
    pause_s: float = 1.5


class Dca:
    interval_h = 8

    def __init__(self, exchange: Any, budget_source: Any) -> None:
        self.exchange = exchange
        self.budget_source = budget_source
        self.spent_usd = 0.0

    async def buy(self, symbol: str, retry_policy: RetryPolicy) -> dict | None:
        amount_usd = await self.budget_source.next_amount(symbol)
        if not amount_usd:
            return None
        for attempt in range(retry_policy.attempts):
            try:
                order = await self.exchange.create_order(symbol=symbol, side="BUY", type="MARKET", quoteOrderQty=amount_usd)  # ! 8 only a RetryPolicy, no trading policy
            except asyncio.TimeoutError:
                await asyncio.sleep(retry_policy.pause_s * 2**attempt)
                continue
            self.spent_usd += amount_usd
            return order
        return None

    async def run(self, symbols: Sequence[str], retry_policy: RetryPolicy) -> None:
        while symbols:
            await asyncio.gather(*(self.buy(s, retry_policy) for s in symbols))
            await asyncio.sleep(self.interval_h * 3600)
