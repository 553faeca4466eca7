"""Models that travel between the services."""
from dataclasses import dataclass, field
from enum import Enum
from typing import Dict, List, Optional

SCHEMA_VERSION = 5


class Side(str, Enum):
    BUY = "BUY"
    SELL = "SELL"


@dataclass(frozen=True)
class Policy:
    version: int
    leverage: Dict[str, float]
    size: Dict[str, float]
    score_weights: Dict[str, float] = field(default_factory=dict)  # = empty map
    symbols: List[str] = field(default_factory=list)  # = empty list
    valid_sec: int = 900


@dataclass
class Decision:
    symbol: str
    side: Side
    venue: str
    size: float
    leverage: Optional[float] = None
    confidence_precision: int = 4


@dataclass
class TradeDecision(Decision):
    order_ttl_ms: int = 1500
    reduce_only: bool = False  # ! 7 dataclass default
    quantity: Optional[float] = field(default=None)


@dataclass
class Plan:
    symbol: str
    plan_id: str
    leverage: float
    qty: float
    attempts: int = 3

    def key(self) -> str:
        return f"plan:{self.symbol}:{self.plan_id[:8]}"  # = slice


DEFAULT_POLICY = Policy(version=0, leverage={}, size={})  # = empty map
