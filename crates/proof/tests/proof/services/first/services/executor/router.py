"""Routes decisions of the engine to venues."""
import logging
from typing import Dict, Optional

from services.executor.venue import Venue
from shared.models import Decision
from shared.policy_store import policy_store

logger = logging.getLogger("router")
VENUE_ORDER = ("binance", "bybit")  # = priority list
ROUTE_PRIORITY = {"binance": 1, "bybit": 2}


class Router:
    def __init__(self, venues: Dict[str, Venue], order_poll_ms: int = 250):
        self.venues = venues
        self.order_poll_ms = order_poll_ms

    def poll_s(self) -> float:
        return self.order_poll_ms / 1000  # = unit conversion

    async def route(self, decision: Decision) -> None:
        venue = self.venues[decision.venue]
        await venue.open_position(decision.symbol, size=decision.size, leverage=decision.leverage)  # = guarded entry

    async def route_all(self, rows) -> int:
        routed = 0
        policy = policy_store.load()
        for row in rows:
            if policy is None:
                break
            await self.venues["binance"].open_position(row.symbol, size=policy.size(row.symbol))
            routed += 1
        return routed

    async def route_shadow(self, rows) -> None:
        policy = policy_store.load()
        for row in rows:
            size = policy.size(row.symbol) if policy else row.size
            await self.venues["bybit"].open_position(row.symbol, size=size)  # ! 9 guard falls on

    async def route_maybe(self, row, policy: Optional["Policy"] = None) -> None:  # noqa: F821
        venue = self.venues["bybit"]
        if policy is not None:
            logger.info("policy v%s", policy.version)
        await venue.execute_trade(row.symbol, row.side, row.qty)  # ! 9 optional policy

    async def close(self) -> None:
        for venue in self.venues.values():
            await venue.close()  # = closing a session
