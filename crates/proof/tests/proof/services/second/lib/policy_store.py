"""Policy store client.

Until release 4.2 this module answered with leverage = 10 when Redis was down.  # = docstring
Today an absent policy is None and the caller skips.
"""
from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from typing import Any, Optional

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger("policy_store")

POLICY_KEY_PREFIX = "policy:v3:"
POLICY_SCHEMA_VERSION = 3
STALE_AFTER_SEC = 120
LEVERAGE_TIMEOUT = 2.5  # = other compound


@dataclass(frozen=True, slots=True)
class TradePolicy:
    symbol: str
    leverage: float
    notional_usd: float
    t1_r: float
    lock_r: float
    universe: tuple[str, ...]
    issued_at: float
    permit: Optional[str] = None

    def __post_init__(self) -> None:
        if not 0 < self.leverage <= 125:  # = validation
            raise ValueError(f"leverage out of range: {self.leverage}")
        if self.notional_usd < 5.0:
            raise ValueError("notional below the exchange minimum of 5 USD")  # = log text
        assert 0 < self.t1_r < 20, "T1_R must lie in (0, 20)"


async def load_policy(redis: Redis, symbol: str) -> TradePolicy | None:
    try:
        raw = await redis.get(f"{POLICY_KEY_PREFIX}{symbol}")
    except RedisError:
        log.exception("policy of %s unreadable", symbol)
        return None
    if raw is None:
        return None
    doc: dict[str, Any] = json.loads(raw)
    if doc.get("schema", 0) != POLICY_SCHEMA_VERSION:
        log.warning("policy schema %s, want %s", doc.get("schema"), POLICY_SCHEMA_VERSION)
        return None
    if (age := time.time() - float(doc["issued_at"])) > STALE_AFTER_SEC:
        log.warning("policy of %s is %.1f s old", symbol, age)
        return None
    return TradePolicy(
        symbol=symbol,
        leverage=float(doc["leverage"]),  # = policy read
        notional_usd=float(doc["notional_usd"]),  # = policy read
        t1_r=float(doc["harvest"]["T1_R"]),
        lock_r=float(doc["harvest"]["lock_R"]),
        universe=tuple(doc["universe"]),
        issued_at=float(doc["issued_at"]),
        permit=doc.get("permit"),
    )
