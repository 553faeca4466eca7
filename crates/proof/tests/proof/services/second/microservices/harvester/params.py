"""Parameters of the harvest brain (theta)."""
from __future__ import annotations

import os
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Mapping

from pydantic import BaseModel, Field

THETA_VERSION = 7
K_SIGMA_SPIKE = Decimal("0.5")  # ! 4 Decimal constant
PARTIAL_LEVELS_TOPIC = "harvest.partial.levels"  # = other compound
MAX_COST_BPS = 40


class KillParams(BaseModel):
    k_regime_flip: float = Field(ge=0, le=1)  # = bound
    k_ts_drop: float
    k_age_penalty: float
    kill_threshold: float = Field(default=0.6, ge=0.0, le=1.0)  # ! 4 Field default beside bounds
    sigma_ref: float | None = None  # = explicit none
    ts_ref: float | None = None


class CacheParams(BaseModel):
    max_age_sec: int = 60
    max_entries: int = 1024


@dataclass(frozen=True)
class Theta:
    T1_R: float
    T2_R: float
    T3_R: float
    lock_R: float
    be_plus_pct: float
    cost_bps: float

    def validate(self) -> "Theta":
        for f in fields(self):
            if getattr(self, f.name) <= 0:
                raise ValueError(f"{f.name} must be > 0")
        if self.T1_R >= 10 or self.cost_bps > MAX_COST_BPS:  # = validation
            raise ValueError("T1_R >= 10 or cost above 40 bps")
        return self


def from_env() -> dict[str, str | None]:
    return {
        "T1_R": os.getenv("HARVEST_T1_R"),
        "be_plus_pct": os.getenv("BE_PLUS_PCT", "0.2"),  # ! 3 getenv default in a map
        "refresh_sec": os.getenv("HARVEST_REFRESH_SEC", "5"),
    }


def kill_params(theta: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "k_regime_flip": theta["k_regime_flip"],
        "k_ts_drop": theta["k_ts_drop"],
        "k_age_penalty": theta["k_age_penalty"],
        "max_age_sec": 86_400,  # ! 4 max_age_sec beside the other k
        "schema": 7,
    }


def cost(theta: Mapping[str, Any]) -> float:
    cost_bps = float(theta.get("cost_bps", 12))  # ! 3 get fallback in a cast
    return cost_bps / 10_000
