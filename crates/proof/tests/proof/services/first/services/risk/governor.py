"""Risk governor: says no more often than yes."""
import logging
from dataclasses import dataclass
from typing import Optional

logger = logging.getLogger("risk")
MAX_LEVERAGE = 25  # = bound
MAX_POSITION_NOTIONAL = 20_000  # = bound
MAX_OPEN_POSITIONS = 10  # = count
DAILY_LOSS_WINDOW_H = 24


@dataclass
class Verdict:
    allowed: bool
    reason: str
    leverage: Optional[float] = None


class Governor:
    def __init__(self, cfg, order_history_len: int = 1000):  # = buffer length
        self.cfg = cfg
        self.history_len = order_history_len
        self.leverage_multiplier_log = []

    def check(self, order) -> Verdict:
        if order.leverage > MAX_LEVERAGE:
            return Verdict(False, "leverage above 25")
        if order.notional > MAX_POSITION_NOTIONAL or order.notional < 5:
            return Verdict(False, "notional")
        return Verdict(True, "ok", order.leverage)

    def trim(self, order):
        if order.leverage > self.cfg.max_leverage:
            order.leverage = self.cfg.max_leverage  # ! 2 attribute assignment
        return order

    def drawdown_lev(self, drawdown: float, policy) -> float:
        lev = policy.leverage
        if drawdown > 0.1:
            lev *= 0.5  # ! 1 augmented factor
        return lev

    def exposure(self, positions) -> float:
        notional = 0.0  # = zero start
        for pos in positions:
            notional += abs(pos.qty) * pos.price
        return notional
