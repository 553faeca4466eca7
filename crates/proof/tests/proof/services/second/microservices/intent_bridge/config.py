"""Settings of the intent bridge."""
import os
from dataclasses import dataclass, field
from typing import Optional

INTENT_STREAM = "trade.intent"
DEDUP_WINDOW_SEC = 45
MAX_LEVERAGE = 20


def _flag(name: str, default: str = "0") -> bool:
    return os.getenv(name, default).lower() in ("1", "true", "yes")


@dataclass
class BridgeConfig:
    redis_port: int = 6379
    signalBatchSize: int = 32  # = batch size
    leverage_timeout: float = 1.5  # = other compound
    leverage: Optional[float] = None  # = explicit none
    allow_list: list[str] = field(default_factory=list)
    symbols_key: str = "policy:universe"  # = other compound
    max_notional: float = 5_000.0  # = bound
    min_conf: float = 0.6
    qty_decimals: int = 3  # = precision
    order_notional: float = field(default_factory=lambda: 75.0)  # ! 6 default_factory lambda
    dry_run: bool = field(default_factory=lambda: _flag("BRIDGE_DRY_RUN", "1"))

    def validate(self) -> None:
        if not 0 < self.redis_port < 65536:
            raise ValueError("port")
        if self.max_notional < 10:
            raise ValueError("max_notional must be at least 10")


def load() -> BridgeConfig:
    cfg = BridgeConfig(
        redis_port=int(os.getenv("REDIS_PORT", "6379")),
        min_conf=float(os.getenv("MIN_CONF", "0.6")),
    )
    cfg.validate()
    return cfg
