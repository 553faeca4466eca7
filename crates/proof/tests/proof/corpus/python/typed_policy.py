from quantum.policy import Policy
from quantum.decisions import Trade


def send(exchange, trade: Trade):
    exchange.place_order(trade.symbol, trade.leverage)  # = witness as an argument


def enter(exchange, policy: Policy, symbol):
    exchange.open_position(symbol, policy.leverage(symbol))  # = witness as an argument


def leave(exchange, owner, symbol):
    exchange.close_position(symbol)  # = owned exit
