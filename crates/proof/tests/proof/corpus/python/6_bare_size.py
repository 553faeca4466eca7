"""A bare size or amount: the surroundings decide."""

import asyncio
from dataclasses import dataclass

from strategy.config import unit


@dataclass
class OrderDraft:
    symbol: str
    side: str
    size: float = 10.0  # ! 6 bare size


@dataclass
class Font:
    family: str
    size: float = 10.0  # = other size


@dataclass
class Ring:
    """A ring buffer."""

    size: int = 1024  # = batch size


def draft(symbol, side):
    size = 0.5  # ! 6 bare size
    return {"symbol": symbol, "side": side, "size": size}  # = found where it is bound


def ticket(symbol, side, amount=25):  # ! 6 bare amount
    return {"symbol": symbol, "side": side, "amount": amount}


def leg(symbol, side):
    return {"symbol": symbol, "side": side, "amount": 3.0}  # ! 6 bare amount


def read_chunk(path, size=4096):  # = batch size
    with open(path, "rb") as fh:
        return fh.read(size)


def thumbnails(images):
    size = 64  # = other size
    return [image.resize((size, size)) for image in images]


async def drain(queue, amount=10):  # = batch size
    rows = []
    for _ in range(amount):
        rows.append(await asyncio.wait_for(queue.get(), 1.0))  # = timing
    return rows


def invoice(customer):
    amount = 120  # = other size
    return customer, amount


def scaled(symbol, side, plan):
    size = plan.size  # = policy read
    return {"symbol": symbol, "side": side, "size": size * unit}  # = read
