"""Settings as classes. The old defaults were leverage = 10 and T1_R = 2.0."""

import enum
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Optional, TypedDict

import attr
from pydantic import BaseModel, Field


@dataclass
class TradeSettings:
    leverage: int = 10  # ! 1 dataclass field
    max_leverage: int = 20  # = bound
    position_size_usd: float = 200.0  # ! 6 dataclass field
    max_position_usd: float = 5_000.0  # = bound
    min_notional: float = 5.0  # = bound
    symbols: list = field(default_factory=lambda: ["BTCUSDT", "ETHUSDT"])  # ! 5 default factory
    symbol_refresh_sec: int = 30  # = other compound
    timeout: float = 10.0  # = timing
    retries: int = 10  # = retries
    port: int = 6379  # = port
    window: int = 200  # = window
    batch_size: int = 200  # = other size
    notional: float = 0.0  # = zero start
    source: Optional[str] = None  # = explicit none


class HarvestParams(BaseModel):
    T1_R: float = 2.0  # ! 3 model field
    T2_R: float = Field(4.0, gt=0)  # ! 3 Field by position
    T3_R: float = Field(default=6.0, le=20)  # ! 3 Field by keyword
    lock_R: float = Field(..., gt=0, le=5)  # = bound
    be_plus_pct: float  # = no default
    cost_bps: float = 0  # ! 3 zero cost
    k_regime_flip: float = 0.8  # ! 4 model field
    kill_threshold: Decimal = Decimal("0.55")  # ! 4 constructor
    model_config = {"max_length": 10}  # = other compound


@attr.s
class KillParams:
    trend_min = attr.ib(default=0.25)  # ! 4 attrs
    sigma_ref = attr.ib(0.012)  # ! 4 attrs by position
    sigma_spike_cap = attr.ib()  # = no default
    ts_ref = attr.ib(validator=attr.validators.ge(0.1))  # = bound
    max_age_sec = attr.ib(default=72000)  # ! 4 beside others


class HttpCache:
    max_age_sec = 3600  # = other compound
    page_size = 200  # = other size
    max_entries = 10  # = bound


class Row(TypedDict):
    leverage: float  # = no default
    size: float  # = no default


class OrderType(enum.IntEnum):
    LIMIT = 1  # = enumeration
    MARKET = 2  # = enumeration
    STOP = 3  # = enumeration


class Executor:
    DEFAULT_LEVERAGE = 10  # ! 1 class attribute
    FALLBACK_STOP_PCT = 0.02  # ! 3 class attribute
    DEFAULT_NOTIONAL = 200  # ! 6 class attribute
    UNIVERSE = ("BTCUSDT", "ETHUSDT", "SOLUSDT")  # ! 5 class attribute
    LEVERAGE_KEY = "leverage"  # = other compound
    LEVERAGE_PRECISION = 2  # = precision
    HEARTBEAT_SEC = 10  # = timing
    VERSION = "10.0"  # = version

    def __init__(self, leverage=5, name="executor"):  # ! 1 default argument
        self.leverage = leverage  # = handed on
        self.size_usd = 250  # ! 6 attribute
        self.total_notional = 0.0  # = zero start
        self.queue_size = 1000  # = other size
        self.name = name
