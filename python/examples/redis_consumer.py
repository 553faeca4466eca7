"""A consumer of intents on Redis: it decides each intent with the policy of a feed, and acknowledges it afterwards.

Trades and exits are written to the stream of orders. The write and the acknowledgement are one transaction, so that a crash
between them is impossible; an intent that was delivered and not acknowledged is decided again after a restart, with the time
of that decision.

    python redis_consumer.py redis://127.0.0.1:6379 PUBLIC_KEY /var/lib/gate/sequence
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from portcullis_engine import Engine, Exit, Guardrails, Trade
from portcullis_engine.store import Feed, RedisStore

INTENTS = "quantum:stream:trade.intent"
ORDERS = "quantum:stream:example.orders"
SKIPS = "quantum:stream:example.skips"
GROUP = "example-gate"


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


async def consume(
    server: Redis, engine: Engine, feed: Feed, name: str, clock: Callable[[], datetime] = utc_now
) -> None:
    """Decide intents until the task is cancelled."""
    try:
        await server.xgroup_create(INTENTS, GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise
    # First the intents that an earlier process of this name did not acknowledge, then new ones.
    start = "0"
    while True:
        streams = await server.xreadgroup(GROUP, name, {INTENTS: start}, count=64, block=1_000)
        entries = [entry for _, entries in streams for entry in entries]
        if start != ">" and not entries:
            start = ">"
        for number, fields in entries:
            await answer(server, engine, feed, number, fields, clock())


async def answer(
    server: Redis,
    engine: Engine,
    feed: Feed,
    number: bytes,
    fields: Mapping[bytes, bytes] | None,
    now: datetime,
) -> None:
    """Decide one intent, and write the result and the acknowledgement in one transaction."""
    # The fields of an intent that was trimmed are absent; the empty intent is a skip.
    texts = {name.decode(): value.decode() for name, value in (fields or {}).items()}
    intent = texts.get("payload") or json.dumps(texts)
    decision = engine.decide(feed, intent, now=now)
    target = ORDERS if isinstance(decision, (Trade, Exit)) else SKIPS
    async with server.pipeline(transaction=True) as step:
        step.xadd(target, {"intent": number, "answer": decision.to_json()})
        step.xack(INTENTS, GROUP, number)
        await step.execute()


async def main(url: str, public_key: str, sequence_file: str) -> None:
    engine = Engine(
        Guardrails.from_dict({"max_intent_age_sec": 60}),
        exit_owner="exitbrain_v3_5",
        exit_delegates=["manual_close"],
    )
    store = RedisStore(url)
    with Feed(store, trusted_keys=[public_key], sequence_file=sequence_file) as feed:
        async with Redis.from_url(url) as server:
            await consume(server, engine, feed, "gate-1")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
