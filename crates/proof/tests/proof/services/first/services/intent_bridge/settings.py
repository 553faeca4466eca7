"""Settings of the intent bridge (env first, code second)."""
import os
from dataclasses import dataclass, field
from typing import List, Optional

# leverage=10 was hard wired here until the March incident  # = comment
SERVICE_VERSION = "4.2"
METRICS_PORT = int(os.getenv("METRICS_PORT", "9108"))


def _flag(name: str) -> bool:
    return os.getenv(name, "false").lower() in ("1", "true", "yes")


@dataclass
class BridgeSettings:
    redis_url: str = os.getenv("REDIS_URL", "redis://redis:6379/0")
    stream_in: str = "quantum:stream:decision"
    consumer_group: str = "bridge-v4"
    leverage_timeout: float = 2.5
    order_retry_limit: int = 5  # = retries
    batch_size: int = 64  # = batch size
    symbols: List[str] = field(default_factory=list)  # = empty list
    leverage: Optional[float] = None
    default_lev: float = float(os.environ.get("BRIDGE_LEV", "5"))  # ! 1 env default
    notional_usd: float = 0.0  # = zero start
    max_notional: float = 5000.0

    def validate(self) -> None:
        if self.leverage is not None and not 1 <= self.leverage <= 125:
            raise ValueError("leverage outside of the venue's range")
        if self.batch_size < 1:
            raise ValueError("batch_size")


def load() -> BridgeSettings:
    settings = BridgeSettings()
    settings.validate()
    return settings
