"""Sizes, written where they must not be."""

import argparse
import logging
import os
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel, Field

log = logging.getLogger(__name__)

NOTIONAL = 1_000.0  # ! 6 constant
MAX_NOTIONAL = 5_000  # = bound
MIN_QTY = Decimal("0.001")  # = bound
TICK_SIZE = Decimal("0.1")  # = tick size
BATCH_SIZE = 256  # = batch size
QTY_COLUMN = 3  # = other compound


@dataclass
class Stake:
    stake: float = 50.0  # ! 6 dataclass default
    order_size: float = 0.01  # ! 6 dataclass default
    size_usd: float = 100.0  # ! 6 dataclass default
    amount_usd: Decimal = Decimal("25")  # ! 6 constructor
    margin: float | None = None  # = explicit none
    step_size: float = 0.001  # = tick size
    qty_precision: int = 3  # = other compound


class Risk(BaseModel):
    risk_per_trade: float = Field(default=0.01, gt=0)  # ! 6 Field default
    position_size: float = Field(gt=0, le=10_000)  # = bound
    max_notional: float = 5_000  # = bound


def size_from_equity(equity, policy, price):
    notional = equity * 0.02  # ! 6 literal factor
    notional = equity * policy.risk_pct / 100  # = unit conversion
    quantity = round(notional / price, 3)  # = rounding
    qty = max(quantity, 0.001)  # ! 6 max
    margin = notional / policy.leverage  # = policy read
    return notional, quantity, qty, margin


def position_size(equity):
    if equity < 1_000:  # = bound
        return 10.0  # ! 6 function return
    return equity / 100.0  # ! 6 function return


def read(row):
    qty = float(row.get("qty", 1))  # ! 6 get
    trade_size = row.pop("trade_size", 5)  # ! 6 pop
    stake = float(os.getenv("STAKE", "20"))  # ! 6 getenv
    notional = 0.0  # = zero start
    for fill in row["fills"]:
        notional += fill["qty"] * fill["price"]  # = math
    return qty, trade_size, stake, notional


def parser():
    p = argparse.ArgumentParser()
    p.add_argument("--quantity", type=float, default=0.5)  # ! 6 argparse default
    p.add_argument("--batch-size", type=int, default=64)  # = batch size
    return p


def check(qty, notional):
    if qty < 0.001:  # = bound
        raise ValueError("quantity below 0.001")  # = log text
    assert notional <= MAX_NOTIONAL  # = validation
    log.info("notional = 1000 was the pilot's")  # = log text
