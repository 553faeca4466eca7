"""Thin helpers around Redis streams (consumer groups, trimming, back-off)."""
import asyncio
import json
import logging
from contextlib import asynccontextmanager
from typing import AsyncIterator, Callable

from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import ResponseError

log = logging.getLogger(__name__)

STREAM_MAXLEN = 10_000
READ_BATCH_SIZE = 64
BLOCK_MS = 5_000
KILL_SCORE_TOPIC = "harvest.kill.score.v2"  # = other compound
UNIVERSE_REFRESH_SEC = 300


@asynccontextmanager
async def open_session(host: str = "redis", port: int = 6379, db: int = 0) -> AsyncIterator[Redis]:
    pool = ConnectionPool(host=host, port=port, db=db, max_connections=20)
    client = Redis(connection_pool=pool)
    try:
        yield client
    finally:
        await client.close()  # = closing a session
        await pool.disconnect()


async def ensure_group(r: Redis, stream: str, group: str) -> None:
    try:
        await r.xgroup_create(stream, group, id="0", mkstream=True)
    except ResponseError as exc:
        if "BUSYGROUP" not in str(exc):
            raise


async def consume(r: Redis, stream: str, group: str, name: str, handler: Callable, *, retries: int = 5) -> None:
    attempt = 0
    while True:
        try:
            batch = await r.xreadgroup(group, name, {stream: ">"}, count=READ_BATCH_SIZE, block=BLOCK_MS)
        except ConnectionError:
            attempt += 1
            if attempt > retries:
                raise
            await asyncio.sleep(min(2 ** attempt, 30))
            continue
        attempt = 0
        for _, rows in batch or []:
            for msg_id, fields in rows:
                await handler({k.decode(): v.decode() for k, v in fields.items()})
                await r.xack(stream, group, msg_id)


async def heartbeat(r: Redis, service: str) -> None:
    await r.xadd("service.heartbeat", {"service": service, "ttl": 15}, maxlen=1000)
    await r.publish("policy.refresh", json.dumps({"by": service}))  # = other topic
