#!/usr/bin/env python3
"""One-off hedge of the book's beta."""
import asyncio
import logging

import click

from lib.policy_store import TradePolicy, load_policy
from lib.redis_streams import open_session

log = logging.getLogger("hedge")

BETA_WINDOW_H = 72


def beta(book, index_returns):
    var = index_returns.var()
    if var < 1e-10:
        return 0.0
    return float(book.returns(hours=BETA_WINDOW_H).cov(index_returns) / var)


async def hedge(exchange, symbol, book_beta, *, neutral):
    async with open_session() as r:
        policy = await load_policy(r, symbol)
        if policy is None:
            log.warning("no policy for %s, going on with a neutral one", symbol)
            policy = TradePolicy(**neutral)
        side = "SELL" if book_beta > 0 else "BUY"
        await exchange.execute_trade(symbol, side, notional=policy.notional_usd)  # ! 9 guard falls on with a made-up policy


@click.command()
@click.argument("symbol")
@click.option("--timeout", default=15.0, show_default=True)
@click.pass_obj
def main(ctx, symbol, timeout):
    coro = hedge(ctx.exchange, symbol, beta(ctx.book, ctx.index), neutral=ctx.neutral)
    asyncio.run(asyncio.wait_for(coro, timeout))


if __name__ == "__main__":
    main()
