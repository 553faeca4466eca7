"""Interfaces of the broker: definitions only."""

from typing import Protocol


class Broker(Protocol):
    async def place_order(self, symbol: str, side: str, quantity: float) -> str: ...  # = definition

    async def cancel_order(self, order_id: str) -> None: ...


def submit_order(queue, order):  # = definition
    queue.append(order)


def describe(session, orders):
    session.query(orders).order_by("id")  # = other name
    session.create_order_table()  # = other compound
    print("place_order(symbol, side) is called by the engine")  # = log text
    return getattr(session, "place_order", None)  # = explicit none
