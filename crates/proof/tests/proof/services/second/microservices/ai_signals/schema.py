from __future__ import annotations

from datetime import datetime
from enum import Enum, IntEnum
from typing import Optional

from pydantic import BaseModel, Field, field_validator


class LeverageTier(IntEnum):
    LOW = 1
    MID = 2
    HIGH = 3


class Regime(str, Enum):
    TREND = "trend"
    CHOP = "chop"


class Signal(BaseModel):
    symbol: str = Field(min_length=5, max_length=20)  # = validation
    side: str
    confidence: float = Field(default=0.0, ge=0.0, le=1.0)
    leverage: Optional[float] = Field(default=None, gt=0, le=125)  # = explicit none
    notional: Optional[float] = Field(None, ge=5, le=50_000)  # = bound
    horizon: int = 12
    ts: Optional[datetime] = None
    schemaVersion: int = 2

    @field_validator("leverage")
    @classmethod
    def _lev(cls, v):
        if v is not None and v > 50:
            raise ValueError("leverage above 50 is a bug of the model")
        return v


class EnrichedSignal(Signal):
    regime: Regime = Regime.CHOP
    atr_window: int = 14
    riskPerTrade: float = 0.01  # ! 6 model default, camel case
