"""Theta of exit brain v3: pydantic settings."""
from typing import Optional

from pydantic import BaseModel, Field, validator

T1_R_KEY = "theta:t1_r"  # = other compound
THETA_VERSION = 3  # = version


class HarvestTheta(BaseModel):
    """T1_R=2.0, T2_R=4.0 were the values of the paper."""  # = docstring

    T1_R: float = Field(..., gt=0.0, le=10.0)
    T2_R: float = Field(default=4.0, gt=0.0)  # ! 3 Field default
    lock_R: Optional[float] = None
    be_plus_pct: float = Field(ge=0, description="0.002 is usual")
    cost_bps: float
    theta_ttl_sec: int = Field(default=900, ge=60)

    @validator("T2_R")
    def ordered(cls, value, values):
        assert value > values.get("T1_R")
        assert 0 < value < 20
        return value

    def cost_fraction(self) -> float:
        return self.cost_bps / 10_000  # = unit conversion


class KillTheta(BaseModel):
    k_regime_flip: float
    k_sigma_spike: float
    k_ts_drop: float
    k_age_penalty: float
    kill_threshold: float = Field(gt=0, lt=1)
    trend_min: Optional[float] = None
    kill_score_topic: str = "quantum:kill"  # = other compound


def stop_price(entry: float, theta: HarvestTheta) -> float:
    return entry * (1 + theta.be_plus_pct)
