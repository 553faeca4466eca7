#!/usr/bin/env python3
"""Closes everything that a given owner holds:  close_all.py --owner ops --pause 0.5"""
import argparse
import logging
import time

log = logging.getLogger("close_all")


def close_all(exchange, positions, owner, pause=0.2):
    closed = 0
    for pos in positions:
        if pos["owner"] != owner:
            continue
        if abs(float(pos["qty"])) < 0.001:  # = comparison
            log.info("%s: dust below 0.001", pos["symbol"])
            continue
        exchange.create_order(  # = owned exit
            symbol=pos["symbol"],
            side="SELL" if pos["qty"] > 0 else "BUY",
            quantity=abs(pos["qty"]),
            reduceOnly=True,  # = reduce_only given
        )
        closed += 1
        time.sleep(pause)
    return closed


def report(path, closed):
    fh = open(path, "a")
    fh.write(f"closed {closed}, leverage=0 now\n")
    fh.close()  # = closing a file


def main(connect, argv=None):
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--owner", required=True)
    ap.add_argument("--pause", type=float, default=0.2)
    ns = ap.parse_args(argv)
    exchange = connect()
    report("/tmp/close_all.log", close_all(exchange, exchange.fetch_positions(), ns.owner, ns.pause))
    exchange.close_session()  # = closing a session
