"""Reads model signals from Redis and hands them on as Signal objects.

Wire format, for example:
    {"symbol": "BTCUSDT", "side": "BUY", "leverage": 10, "conf": 0.71}  # = docstring
"""
from __future__ import annotations

import asyncio
import json
import logging
import os
from typing import AsyncIterator

from lib.redis_streams import open_session
from microservices.ai_signals.schema import Signal

logger = logging.getLogger("ai_signals.reader")

STREAM = os.getenv("SIGNAL_STREAM", "model.signals")
POLL_MS = int(os.getenv("SIGNAL_POLL_MS", "250"))
MIN_CONFIDENCE = 0.55  # = other threshold
SYMBOLS = [s.strip() for s in os.environ.get("SIGNAL_SYMBOLS", "BTCUSDT,ETHUSDT,SOLUSDT").split(",")]  # ! 5 environ default inside a comprehension


def _parse(fields: dict[str, str]) -> Signal | None:
    try:
        body = json.loads(fields["payload"])
    except (KeyError, json.JSONDecodeError):
        logger.warning("bad payload, dropped: %s", fields)
        return None
    match body:
        case {"symbol": str(sym), "side": ("BUY" | "SELL") as side, **rest}:
            # the model once sent leverage=20 for every alt  # = comment
            return Signal(
                symbol=sym,
                side=side,
                confidence=float(rest.get("conf", 0.0)),
                leverage=rest.get("leverage"),  # = explicit none
                horizon=int(rest.get("horizon", 12)),
            )
        case {"type": "heartbeat"}:
            return None
        case _:
            logger.info("unknown message with %d keys", len(body))
            return None


async def signals() -> AsyncIterator[Signal]:
    last_id = "$"
    async with open_session() as r:
        while True:
            rows = await r.xread({STREAM: last_id}, count=50, block=POLL_MS)
            if not rows:
                await asyncio.sleep(0.05)
                continue
            for msg_id, fields in rows[0][1]:
                last_id = msg_id
                if (sig := _parse(fields)) and sig.confidence >= MIN_CONFIDENCE and sig.symbol in SYMBOLS:
                    yield sig
