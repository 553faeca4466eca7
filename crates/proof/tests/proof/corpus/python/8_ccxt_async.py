"""Arbitrage leg over ccxt."""

import asyncio


async def leg(exchange, symbol, side, qty):
    await exchange.load_markets()
    return await exchange.create_order(symbol, "market", side, qty)  # ! 8 create_order


async def both(a, b, symbol, qty):
    return await asyncio.gather(leg(a, symbol, "buy", qty), leg(b, symbol, "sell", qty))
