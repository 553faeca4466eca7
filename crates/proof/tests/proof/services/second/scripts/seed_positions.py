#!/usr/bin/env python3
"""Replays yesterday's fills as intents, to warm up a new account."""
import json
import logging
import sys

import redis

log = logging.getLogger("seed")

SOURCE_COLUMNS = ("symbol", "side", "qty", "leverage")
STREAM_PREFIX = "trade"


def rows(path):
    with open(path) as fh:
        for i, line in enumerate(fh):
            if i == 0 or line.startswith("#"):
                continue
            parts = line.rstrip().split(";")
            if len(parts) != 4:
                log.warning("line %d: %d fields, want 4", i, len(parts))
                continue
            leverage = float(parts[3])
            yield {"symbol": parts[0], "side": parts[1], "qty": float(parts[2]), "leverage": leverage}  # = index


def main(path, host="localhost", port=6379):
    r = redis.Redis(host=host, port=port, socket_timeout=5)
    n = 0
    for row in rows(path):
        r.xadd("trade.intents", {"body": json.dumps(row)}, maxlen=5000)  # ! 8 xadd to an intent stream
        n += 1
    r.close()
    print(f"{n} intents written")


if __name__ == "__main__":
    main(*sys.argv[1:])
