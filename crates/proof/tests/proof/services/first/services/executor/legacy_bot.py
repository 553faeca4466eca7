"""The bot of 2022. Still running on one box."""
import argparse
import asyncio
import logging

from services.executor.venue import Venue

logger = logging.getLogger("legacy")
SLIPPAGE_RETRY = 2


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description="legacy bot, leverage 10 by tradition")  # = text
    parser.add_argument("--symbols", default="BTCUSDT,ETHUSDT", help="comma separated")  # ! 5 cli default
    parser.add_argument("--leverage", type=int, required=True, help="e.g. 10")  # = text
    parser.add_argument("--order-timeout", type=float, default=4.0)
    parser.add_argument("--trade-log-size", type=int, default=1000)  # = log size
    parser.add_argument("--port", type=int, default=8011)
    return parser.parse_args(argv)


async def trade(venue: Venue, symbol: str, signal: dict, args) -> None:
    order = dict(symbol=symbol, side=signal["side"], leverage=args.leverage)  # = cli read
    for _ in range(SLIPPAGE_RETRY):
        result = await venue.submit_order(qty=signal["qty"], **order)  # ! 8 no policy in module
        if result["status"] == "FILLED":
            return
        await asyncio.sleep(0.5)


async def loop(args) -> None:
    venue = Venue(timeout=args.order_timeout)
    try:
        while True:
            for symbol in args.symbols.split(","):
                signal = await venue.signal(symbol)
                if signal["confidence"] < 0.6:
                    continue
                await trade(venue, symbol, signal, args)
            await asyncio.sleep(30)
    finally:
        await venue.close()  # = closing a session


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(loop(parse_args()))
