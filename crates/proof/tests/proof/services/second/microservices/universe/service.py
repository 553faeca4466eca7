"""Publishes the universe."""
import asyncio
import json
import logging
import time

from lib.redis_streams import open_session
from microservices.universe.config import UNIVERSE_KEY, UNIVERSE_REFRESH_SEC, UniverseConfig
from microservices.universe.selector import UniverseSelector

log = logging.getLogger("universe.service")

TTL_FACTOR = 3


async def publish_universe(r, symbols):
    doc = {"symbols": symbols, "ts": time.time(), "version": 4}
    await r.set(UNIVERSE_KEY, json.dumps(doc), ex=UNIVERSE_REFRESH_SEC * TTL_FACTOR)
    await r.publish("universe.updated", json.dumps({"n": len(symbols)}))  # = other topic


async def main(exchange, policy_store, fallback=None):
    selector = UniverseSelector(UniverseConfig(), policy_store, fallback)
    failures = 0
    async with open_session(port=6380) as r:
        while True:
            try:
                symbols = selector.select(await exchange.exchange_info())
            except Exception:  # = handler skips
                failures += 1
                log.exception("selection failed %d times, universe left as it is", failures)
                await asyncio.sleep(10)
                continue
            await publish_universe(r, symbols)
            await asyncio.sleep(UNIVERSE_REFRESH_SEC)
