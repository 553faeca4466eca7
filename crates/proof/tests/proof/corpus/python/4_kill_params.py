"""Parameters of the kill score, early draft."""

import os
from dataclasses import dataclass, field

from pydantic import BaseModel, Field

K_REGIME_FLIP = 0.4  # ! 4 constant
KILL_SCORE_TOPIC = "engine.kill_score"  # = key name
kill_score_topic_partitions = 6  # = other compound
SIGMA_REF_LABEL = "sigma_ref = 0.02"  # = other compound


@dataclass
class KillParams:
    k_regime_flip: float
    k_sigma_spike: float = 0.3  # ! 4 dataclass default
    k_ts_drop: float = field(default=0.2)  # ! 4 field default
    k_age_penalty: float = float("0.1")  # ! 4 cast
    kill_threshold: float = 0.0  # ! 4 zero threshold
    max_age_sec: int = 900  # ! 4 beside others
    sigma_ref: float | None = None  # = explicit none


class KillModel(BaseModel):
    k_close_threshold: float = Field(default=0.7)  # ! 4 Field default
    trend_min: float = Field(gt=0, le=1)  # = bound
    ts_ref: float = 25.0  # ! 4 model default


@dataclass
class CacheSettings:
    name: str
    max_age_sec: int = 900  # = timing
    max_entries: int = 1000  # = bound


def load(row: dict, theta):
    sigma_ref = row.get("sigma_ref", 0.02)  # ! 4 get
    cap = getattr(theta, "sigma_spike_cap", 3.0)  # ! 4 getattr
    trend_min = row["trend_min"] if "trend_min" in row else 0.25  # ! 4 ternary
    ts_ref = float(os.environ.get("TS_REF", 20))  # ! 4 environ
    ts_drop_cap = min(theta.ts_drop_cap, 1.0)  # ! 4 min
    k_ts_drop = theta.k_ts_drop  # = policy read
    sigma_window = row.get("sigma_window", 96)  # = window
    return sigma_ref, cap, trend_min, ts_ref, ts_drop_cap, k_ts_drop, sigma_window


def check(params):
    if not 0 <= params.kill_threshold <= 1:  # = validation
        raise ValueError("kill_threshold outside 0 and 1")  # = log text


def table(names):
    return dict(trend_min=0.3, columns=len(names))  # ! 4 keyword
