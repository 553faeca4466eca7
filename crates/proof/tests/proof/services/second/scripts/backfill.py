#!/usr/bin/env python3
"""Backfills candles into Postgres."""
import asyncio
import logging
from datetime import datetime, timedelta, timezone

import asyncpg

log = logging.getLogger("backfill")

DDL = """
CREATE TABLE IF NOT EXISTS candles (
    symbol varchar(20) NOT NULL,
    ts timestamptz NOT NULL,
    close numeric(18, 8),
    leverage numeric(6, 2) DEFAULT 10,
    qty numeric(18, 8) DEFAULT 0
);
"""
INSERT = "INSERT INTO candles (symbol, ts, close, qty) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
DAYS_BACK = 90
CONCURRENCY = 6


async def fetch_symbol(client, pool, symbol: str, since: datetime, page: int = 1000) -> int:
    n = 0
    while since < datetime.now(timezone.utc) - timedelta(minutes=5):
        rows = await client.klines(symbol, "5m", since, page)
        if not rows:
            break
        async with pool.acquire(timeout=5) as con, con.transaction():
            await con.executemany(INSERT, [(symbol, r[0], float(r[4]), float(r[5])) for r in rows])
        since = rows[-1][0] + timedelta(milliseconds=1)
        n += len(rows)
    return n


async def create_order_index(con) -> None:
    await con.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders ON orders (symbol, ts)")


async def main(client, symbols: list[str], dsn: str) -> None:
    since = datetime.now(timezone.utc) - timedelta(days=DAYS_BACK)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=CONCURRENCY)
    sem = asyncio.Semaphore(CONCURRENCY)

    async def one(sym: str) -> int:
        async with sem:
            return await fetch_symbol(client, pool, sym, since)

    async with pool.acquire() as con:
        await con.execute(DDL)
        await create_order_index(con)  # = noun not emission
    counts = await asyncio.gather(*map(one, symbols), return_exceptions=True)
    log.info("rows: %s", dict(zip(symbols, counts)))
    await pool.close()
