"""Hard limits.  These only refuse, they never choose."""
from dataclasses import dataclass
from types import MappingProxyType

MAX_LEVERAGE = 20
MIN_LEVERAGE = 1  # = bound
MAX_POSITION_NOTIONAL = 25_000.0  # = bound
MAX_MARGIN_RATIO = 0.8  # = other compound
LEVERAGE_WARN_LEVEL = 15  # = other compound

EXCHANGE_LIMITS = MappingProxyType({"max_leverage": 125, "min_notional": 5, "max_qty": 1_000})


class LimitBreach(Exception):
    pass


@dataclass
class Limits:
    max_leverage: float
    max_notional: float
    max_open: int = 12

    @property
    def leverage_cap(self) -> float:
        return self.max_leverage


def check(leverage: float, notional: float, margin: float, equity: float) -> None:
    if leverage > MAX_LEVERAGE or leverage < MIN_LEVERAGE:  # = bound
        raise LimitBreach(f"leverage {leverage} outside 1..20")
    if notional > MAX_POSITION_NOTIONAL:
        raise LimitBreach("notional")
    if equity <= 0 or margin / equity > MAX_MARGIN_RATIO:
        raise LimitBreach("margin ratio over 0.8")
