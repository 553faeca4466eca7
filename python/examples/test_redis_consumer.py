"""The consumer with a real Redis server."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from conftest import engine_with, policy_with
from portcullis_engine import Guardrails
from portcullis_engine.store import Feed, RedisStore
from redis_consumer import GROUP, INTENTS, ORDERS, SKIPS, consume, utc_now
from store_support import RedisServer

INTENT = {"symbol": "BTCUSDT", "side": "BUY", "position_size_usd": 250, "leverage": 5}


async def answers(server: Redis, stream: str, count: int) -> list[dict[str, Any]]:
    """Wait until the stream has this number of answers."""
    while await server.xlen(stream) < count:
        await asyncio.sleep(0.01)
    return [json.loads(fields[b"answer"]) for _, fields in await server.xrange(stream)]


async def run(url: str, feed: Feed) -> None:
    async with Redis.from_url(url) as server:
        payload = {"event_type": "trade.intent", "payload": json.dumps(INTENT)}
        await server.xadd(INTENTS, payload)
        await server.xgroup_create(INTENTS, GROUP, id="0")
        # Another process of this name has read the intent and ended before the acknowledgement.
        await server.xreadgroup(GROUP, "gate", {INTENTS: ">"})
        await server.xadd(INTENTS, {"symbol": "DOGEUSDT", "side": "BUY", "position_size_usd": "250"})
        await server.xadd(INTENTS, {"symbol": "ethusdt", "action": "CLOSE", "source": "exit-service"})
        task = asyncio.create_task(consume(server, engine_with(), feed, "gate"))
        trade, close = await answers(server, ORDERS, 2)
        assert (trade["decision"], trade["leverage"], trade["notional_usd"]) == ("TRADE", 5.0, 250.0)
        assert (close["decision"], close["symbol"]) == ("EXIT", "ETHUSDT")
        (skip,) = await answers(server, SKIPS, 1)
        assert skip["reason"] == "POLICY_UNIVERSE_FILTER"
        assert (await server.xpending(INTENTS, GROUP))["pending"] == 0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_intents_are_decided_and_acknowledged(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        store, now = RedisStore(server.url), utc_now()
        policy = policy_with(valid_until_epoch=(now + timedelta(hours=1)).timestamp())
        store.publish(policy, Guardrails.none(), "ada", expected=None, now=now)
        with Feed(store, trusted_keys=[], sequence_file=None) as feed:
            assert feed.wait(0, timeout=60)
            asyncio.run(run(server.url, feed))
