"""Replays a day of signals against the paper venue."""
import argparse
import asyncio
import gzip
import json
import pathlib

SPEEDUP = 60
CHUNK_SIZE = 65_536  # = chunk size


def read(path: pathlib.Path):
    with gzip.open(path, "rt") as handle:
        for number, line in enumerate(handle, start=1):
            if line.strip():
                yield number, json.loads(line)


async def replay(venue, path: pathlib.Path, cfg) -> dict:
    stats = {"orders": 0, "errors": 0}  # = zero start
    for number, signal in read(path):
        params = dict(symbol=signal["symbol"], side=signal["side"], qty=signal["qty"])
        if cfg.aggressive:
            params["leverage"] = cfg.max_leverage  # ! 2 map entry
        try:
            await venue.futures_create_order(**params)  # ! 8 keyword map, no policy
            stats["orders"] += 1
        except ConnectionError:  # = handler skips
            stats["errors"] += 1
            continue
        await asyncio.sleep(signal["gap_ms"] / 1000 / SPEEDUP)
    return stats


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=pathlib.Path)
    parser.add_argument("--order-batch-size", type=int, default=50)  # = batch size
    parser.add_argument("--symbol", required=True, help="BTCUSDT or so")
    args = parser.parse_args()
    print("replaying", args.path, args.symbol, args.order_batch_size)


if __name__ == "__main__":
    main()
