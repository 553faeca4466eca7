#!/usr/bin/env python3
"""Entry point: python -m microservices.intent_bridge.main --workers 4"""
import argparse
import asyncio
import logging
import sys

from lib.redis_streams import open_session
from microservices.intent_bridge import config as bridge_config
from microservices.intent_bridge.bridge import run


def parse_args(argv=None):
    ap = argparse.ArgumentParser(description="intent bridge (old default: --leverage 10)")  # = help text
    ap.add_argument("--workers", type=int, default=4)
    ap.add_argument("--port", type=int, default=8085)
    ap.add_argument("--leverage", type=float, default=None, help="override, 1 to 125")
    ap.add_argument("--max-retries", type=int, default=3)  # = retries
    ap.add_argument("--universe-refresh-sec", type=float, default=60)
    ap.add_argument("--symbol-column", default="symbol")
    ap.add_argument(
        "--order-size",
        type=float,
        default=25.0,  # ! 6 argparse default over several lines
        help="USD per order",
    )
    ap.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING"])
    return ap.parse_args(argv)


async def amain(ns) -> int:
    cfg = bridge_config.load()
    if ns.leverage is not None and not 1 <= ns.leverage <= cfg_max():  # = validation
        logging.error("--leverage must be within 1..20")
        return 2
    cfg.leverage = ns.leverage
    async with open_session(port=cfg.redis_port) as r:
        await run(r, cfg)
    return 0


def cfg_max() -> int:
    return bridge_config.MAX_LEVERAGE


if __name__ == "__main__":
    args = parse_args()
    logging.basicConfig(level=args.log_level, format="%(asctime)s %(levelname)-8s %(message)s")
    sys.exit(asyncio.run(amain(args)))
