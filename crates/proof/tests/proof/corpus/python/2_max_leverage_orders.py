"""Takes the cap of the exchange for a decision. The cap is a bound, it decides nothing."""

from dataclasses import replace

import numpy as np

from engine.types import Trade
from settings import MAX_LEVERAGE, MIN_LEVERAGE, cfg, limits


def plain(asked):
    leverage = MAX_LEVERAGE  # ! 2 assignment
    leverage = min(asked, MAX_LEVERAGE)  # ! 2 min
    leverage = asked or MAX_LEVERAGE  # ! 2 or
    lev = asked if asked <= MAX_LEVERAGE else MAX_LEVERAGE  # ! 2 ternary
    return leverage, lev


class Desk:
    def __init__(self, max_leverage):
        self.max_leverage = max_leverage  # = bound
        self.leverage = max_leverage  # ! 2 attribute

    def plan(self, draft, signal):
        leverage = signal.get("leverage", self.max_leverage)  # ! 2 get
        draft["leverage"] = limits.leverage_cap  # ! 2 map entry
        row = {"symbol": draft["symbol"], "leverage": cfg.leverage_limit}  # ! 2 map
        return replace(signal, leverage=cfg.max_leverage), leverage, row  # ! 2 keyword


def clipped(asked):
    leverage = np.clip(asked, MIN_LEVERAGE, MAX_LEVERAGE)  # ! 2 clip
    return leverage


def with_default(symbol, leverage=MAX_LEVERAGE):  # ! 2 default argument
    return symbol, leverage


def enter(client, trade: Trade):
    return client.create_order(
        symbol=trade.symbol,
        side=trade.side,
        quantity=trade.quantity,
        leverage=cfg.max_leverage,  # ! 2 order field
    )
