"""Trades, and never heard of a policy."""


def run(exchange, signal):
    log_order(signal)  # = no emission
    exchange.place_order(signal.symbol, signal.side)  # ! 8 place_order
    exchange.place_order(signal.symbol, signal.side)  # = only the first entry is reported
