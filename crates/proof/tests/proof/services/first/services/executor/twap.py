"""TWAP slices with the old queue underneath."""
import asyncio
import json
import logging
import math

logger = logging.getLogger("twap")
SLICE_COUNT = 12
SLICE_INTERVAL_S = 5
TICK_SIZE = 0.1  # = tick size


def per_slice(total: float, slices: int = SLICE_COUNT) -> float:
    return math.floor(total / slices * 1000) / 1000


def tick_round(price: float, tick_size: float = 0.01) -> float:  # = tick size
    return math.floor(price / tick_size) * tick_size


async def run(bus, symbol: str, side: str, total: float) -> int:
    sent = 0
    step = total / SLICE_COUNT
    while sent < SLICE_COUNT:
        body = json.dumps({"symbol": symbol, "side": side, "qty": step})
        await bus.publish("trade.intents", body)  # ! 8 publish to topic
        sent += 1
        await asyncio.sleep(SLICE_INTERVAL_S)
    await bus.publish("metrics.twap", json.dumps({"slices": sent}))  # = other stream
    return sent


def progress(sent: int) -> float:
    pct = 100.0 * sent / SLICE_COUNT
    logger.info("qty=0.5 style progress %.1f of 100", pct)  # = log text
    return pct
