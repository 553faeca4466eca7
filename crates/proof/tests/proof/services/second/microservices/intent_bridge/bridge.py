"""Turns model signals into trade intents.

signal -> policy -> intent.  A symbol without a policy is skipped.
"""
from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from typing import Any

from lib.policy_store import TradePolicy, load_policy
from microservices.ai_signals.redis_reader import signals
from microservices.ai_signals.schema import Signal
from microservices.intent_bridge.config import DEDUP_WINDOW_SEC, INTENT_STREAM, BridgeConfig

log = logging.getLogger("intent_bridge")

_seen: deque[tuple[str, float]] = deque(maxlen=512)


def _is_duplicate(sig: Signal) -> bool:
    now = time.monotonic()
    while _seen and now - _seen[0][1] > DEDUP_WINDOW_SEC:
        _seen.popleft()
    if any(s == sig.symbol for s, _ in _seen):
        return True
    _seen.append((sig.symbol, now))
    return False


def _build_intent(sig: Signal, policy: TradePolicy) -> dict[str, Any]:
    lev = float(sig.leverage or policy.leverage)  # = policy read
    if lev > 20:  # = comparison
        log.info("%s asks %sx, above 20x", sig.symbol, lev)
    return {
        "symbol": sig.symbol,
        "side": sig.side,
        "leverage": min(lev, policy.leverage),  # = policy read
        "notional": policy.notional_usd,
        "reduce_only": False,  # = reduce_only given
        "ttl_ms": 3000,
        "v": 2,
    }


async def handle(redis, sig: Signal, cfg: BridgeConfig) -> None:
    if sig.confidence < cfg.min_conf or _is_duplicate(sig):
        return
    policy = await load_policy(redis, sig.symbol)
    if policy is None:
        log.info("no policy for %s, skipped", sig.symbol)
        return
    intent = _build_intent(sig, policy)
    if cfg.dry_run:
        log.info("dry run: %s", intent)
        return
    await redis.xadd(INTENT_STREAM, {"body": json.dumps(intent)}, maxlen=5000)  # = guarded entry


async def handle_fast_lane(redis, sig: Signal, cfg: BridgeConfig, strict: bool) -> None:
    """High-confidence path, no dedup."""
    if (policy := await load_policy(redis, sig.symbol)) is None and strict:
        return
    body = {"symbol": sig.symbol, "side": sig.side}
    if policy is not None:
        body |= _build_intent(sig, policy)
    await redis.xadd("trade.intent", {"body": json.dumps(body)})  # ! 9 guard leaves only when strict


async def handle_whale(redis, sig: Signal, cfg: BridgeConfig) -> None:
    policy = None
    try:
        policy = await load_policy(redis, sig.symbol)
    except Exception:  # ! 10 swallowed failure of the policy before an entry
        log.debug("whale lane: policy unreadable for %s", sig.symbol)
    intent: dict[str, Any] = {"symbol": sig.symbol, "side": sig.side}
    if policy:
        intent["leverage"] = policy.leverage
    await emit_intent(redis, intent)  # ! 9 no guard at all


async def emit_intent(redis, intent: dict[str, Any]) -> None:
    payload = json.dumps(intent, separators=(",", ":"))
    log.info("intent %s (%d bytes of at most 2048)", intent.get("symbol"), len(payload))
    await redis.set(f"last:{intent['symbol']}", payload, ex=600)


async def run(redis, cfg: BridgeConfig) -> None:
    sem = asyncio.Semaphore(8)  # = concurrency
    async for sig in signals():
        async with sem:
            try:
                await handle(redis, sig, cfg)
            except asyncio.CancelledError:
                raise
            except Exception:  # = handler skips
                log.exception("signal dropped")
                continue
