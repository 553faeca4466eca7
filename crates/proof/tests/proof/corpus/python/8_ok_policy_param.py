"""Sizing and entry under a policy that is handed in."""

from policy.types import Policy


def enter(client, symbol, side, policy: Policy):
    quantity = policy.size_for(symbol)  # = policy read
    leverage = policy.leverage  # = policy read
    return client.submit_order(symbol, side, quantity, leverage=leverage)  # = policy param
