"""Exits without and with an owner."""

import logging

log = logging.getLogger(__name__)
EXIT_STREAM = "orders.exit"


class Guard:
    def __init__(self, client, me, ledger):
        self.client = client
        self.me = me
        self.ledger = ledger

    def stop_out(self, position):
        # the owner was asked on entry
        return self.client.close_position(position.symbol)  # ! 7 close_position

    def panic(self, positions):
        for position in positions:
            self.client.flatten(position)  # ! 7 flatten

    def reduce(self, position, qty):
        return self.client.place_order(  # ! 7 reduce_only
            symbol=position.symbol,
            side=position.exit_side,
            quantity=qty,
            reduce_only=True,
        )

    def reduce_ccxt(self, symbol, side, qty):
        params = {"reduceOnly": True}
        return self.client.create_order(symbol, "market", side, qty, None, {"reduceOnly": True, **params})  # ! 7 reduceOnly

    async def stream(self, redis, trade):
        owner = trade.owner
        self.last_owner = owner
        await redis.xadd("orders", {"id": trade.id, "reduce_only": True})  # ! 7 stream

    def late(self, trade):
        self.client.exit_position(trade.symbol)  # ! 7 check after
        if trade.owner != self.me:
            log.error("closed a position of another owner")

    def stop_owned(self, position):
        if position.owner != self.me:
            return None
        return self.client.close_position(position.symbol)  # = owner check

    def stop_checked(self, trade):
        self.ledger.assert_ownership(trade.id)
        return self.client.market_close(trade.symbol)  # = owner check

    def stop_by_parameter(self, symbol, owner):
        return self.client.exit_position(symbol, tag=owner)  # = owner check

    def stop_with_permit(self, position, permit: "ExitPermit"):
        return self.client.place_order(  # = exit permit
            symbol=position.symbol,
            side=position.exit_side,
            quantity=position.quantity,
            reduce_only=True,
        )

    def sweep(self, trades):
        for trade in trades:
            if not self.ledger.is_owner(self.me, trade):
                continue
            self.client.flatten(trade.symbol)  # = owner check


def market_out(client, symbol):
    """Ownership is the caller's business."""
    return client.market_close(symbol)  # ! 7 market_close


def helper(client, trade):
    def inner():
        client.close_order(trade.id)  # ! 7 nested function

    return inner


def outer(client, trade, me):
    if trade.owner == me:
        helper(client, trade)()


close_all = lambda client, symbols: [client.close_position(s) for s in symbols]  # ! 7 lambda


def by_order(client, order_id, exit_permit):
    return client.close_order(order_id)  # = exit permit
