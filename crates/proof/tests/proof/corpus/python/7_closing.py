"""Closes many things, no position among them."""

import json
from contextlib import closing
from datetime import time

MARKET_CLOSE = time(16, 0)  # = market hours


def tail(path):
    fh = open(path)
    try:
        return json.loads(fh.readlines()[-1])
    finally:
        fh.close()  # = closing a file


async def shut(session, ws, writer, pool):
    await session.close()  # = closing a session
    await ws.close(code=1000)  # = closing a session
    writer.close()  # = closing a session
    await pool.close_connections()  # = closing a session


def last(candles):
    close = candles[-1].close  # = candle close
    high_close = max(c["close"] for c in candles)  # = candle close
    return close, high_close


def is_over(now, calendar):
    return now >= calendar.market_close_time()  # = market hours


def position_of(fh):
    with closing(fh) as source:  # = closing a file
        source.seek(0)
        return source.tell()


def close_position(client, symbol, owner):  # = definition
    """Closes the position of one symbol.

    client.flatten(symbol) is for all.  # = docstring
    """
    return client.cancel_order(symbol)  # = cancel
