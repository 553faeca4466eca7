"""Candle ingest over websockets."""
import asyncio
import json
import logging
from contextlib import suppress

import pandas as pd
import websockets

logger = logging.getLogger("candles")
WS_PING_INTERVAL = 20
RECONNECT_MAX = 10
OHLC = ("open", "high", "low", "close")  # = column names
SYMBOLS = "BTCUSDT,ETHUSDT,XRPUSDT".split(",")  # ! 5 text split


async def stream(url: str, symbols, sink) -> None:
    tries = 0
    while tries < RECONNECT_MAX:
        try:
            async with websockets.connect(url, ping_interval=WS_PING_INTERVAL) as ws:
                async for raw in ws:
                    await sink(json.loads(raw))
        except OSError:  # = handler skips
            tries += 1
            logger.warning("reconnect %d of 10", tries)
            await asyncio.sleep(min(60, 2 ** tries))


def to_frame(rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(OHLC))
    close = frame["close"].astype(float)  # = candle close
    frame["ret"] = close.pct_change(1)
    frame["ema"] = close.ewm(span=21).mean()  # = window
    frame["is_closed"] = True
    return frame


def pairs_of(frames: dict) -> list:
    names = sorted(frames)
    pairs = list(zip(names, names[1:]))  # = computed
    return pairs


async def stop(ws, handle) -> None:
    with suppress(ConnectionError):
        await ws.close(code=1000)  # = closing a socket
    handle.close()  # = closing a file
