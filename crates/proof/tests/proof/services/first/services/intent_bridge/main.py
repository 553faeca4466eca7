"""Intent bridge: decision stream -> trade intents."""
import asyncio
import json
import logging

import redis.asyncio as aioredis

from shared.policy_store import load_policy
from services.intent_bridge.settings import load

logger = logging.getLogger("intent_bridge")
INTENT_STREAM = "quantum:stream:trade.intent"
HEARTBEAT_STREAM = "quantum:stream:heartbeat"
BLOCK_MS = 2000


async def handle(client: aioredis.Redis, payload: dict) -> None:
    policy = load_policy()
    symbol = payload["symbol"]
    if policy is None:
        logger.warning("no policy, leverage 10 would have been guessed here, skipping %s", symbol)
        return
    intent = {
        "symbol": symbol,
        "side": payload["side"],
        "leverage": policy.leverage_for(symbol),  # = policy read
        "qty": policy.size_for(symbol),  # = policy read
        "reduce_only": False,  # = explicit reduce_only
        "ts_ms": int(payload["ts"] * 1000),
    }
    await client.xadd(INTENT_STREAM, {"data": json.dumps(intent)}, maxlen=10_000)


async def handle_v2(client: aioredis.Redis, payload: dict) -> None:
    policy = load_policy()
    if policy is None:
        logger.error("policy missing for %s, continuing with the payload's own numbers", payload["symbol"])
    body = {"symbol": payload["symbol"], "side": payload["side"], "source": "v2"}
    await client.xadd(INTENT_STREAM, {"data": json.dumps(body)})  # ! 9 guard only logs


async def beat(client: aioredis.Redis) -> None:
    await client.xadd(HEARTBEAT_STREAM, {"service": "intent_bridge"}, maxlen=500)  # = other stream


async def main() -> None:
    settings = load()
    client = aioredis.from_url(settings.redis_url)
    last = "$"
    while True:
        await beat(client)
        rows = await client.xread({settings.stream_in: last}, count=settings.batch_size, block=BLOCK_MS)
        for _, entries in rows:
            for last, fields in entries:
                await handle(client, json.loads(fields[b"data"]))


if __name__ == "__main__":
    asyncio.run(main())
