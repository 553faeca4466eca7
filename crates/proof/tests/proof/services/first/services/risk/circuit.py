"""Circuit breaker of the risk service."""
import asyncio
import logging
import time
from enum import IntEnum

from shared.policy_store import load_policy

logger = logging.getLogger("circuit")
ORDER_BREAKER_COOLDOWN_S = 120
ORDER_ERROR_BUDGET = 7  # = count


class State(IntEnum):
    CLOSED = 0  # = enum
    OPEN = 1
    HALF_OPEN = 2


class Breaker:
    def __init__(self):
        self.state = State.CLOSED
        self.errors = 0
        self.opened_at = 0.0

    def record(self, ok: bool) -> None:
        self.errors = 0 if ok else self.errors + 1
        if self.errors >= ORDER_ERROR_BUDGET:
            self.state, self.opened_at = State.OPEN, time.monotonic()

    def ready(self) -> bool:
        return self.state is State.CLOSED or time.monotonic() - self.opened_at > ORDER_BREAKER_COOLDOWN_S


async def probe(venue, breaker: Breaker, symbol: str) -> None:
    try:
        policy = load_policy()
    except OSError:  # = handler re-raises
        logger.exception("policy unreadable")
        raise
    if policy is None or not breaker.ready():
        return
    await venue.new_order(symbol=symbol, qty=policy.probe_qty)  # = guarded entry
    await asyncio.sleep(0.25)


async def probe_anyway(venue, breaker: Breaker, symbol: str, side: str, qty: float) -> None:
    policy = None
    try:
        policy = load_policy()
    except OSError:  # ! 10 swallows the failure
        logger.warning("policy unreadable, probing %s anyway", symbol)
    if breaker.ready():
        await venue.new_order(symbol=symbol, side=side, qty=qty)  # ! 9 no guard
    logger.info("probe with %s", policy)
