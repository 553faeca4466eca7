"""Copies the trades of another account."""

from copybook.execution import execute_trade


def mirror(leader, account, ratio):
    for fill in leader.fills():
        if fill.seen:
            continue
        execute_trade(account, fill.symbol, fill.side, fill.qty * ratio)  # ! 8 execute_trade
