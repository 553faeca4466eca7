"""Harvest settings as the first prototype had them."""

import argparse
import os
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel, Field

T1_R = 1.0  # ! 3 constant
T1_R_KEY = "harvest.t1_r"  # = key name
HARVEST_TOPIC_VERSION = 2  # = version


@dataclass
class Harvest:
    t2_r: float = 2.0  # ! 3 dataclass default
    t3_r: float = 3.5  # ! 3 dataclass default
    lock_r: float = 0.0  # ! 3 zero threshold
    be_plus_pct: float = 0.05  # ! 3 dataclass default
    cost_bps: float | None = None  # = explicit none
    harvest_interval_sec: int = 5  # = timing


class HarvestModel(BaseModel):
    cost_bps: float = Field(default=8.0, ge=0)  # ! 3 Field default
    stop_loss_pct: float = Field(1.5)  # ! 3 Field default
    take_profit_pct: float = Field(..., gt=0, le=100)  # = bound


class Levels(NamedTuple):
    partial_levels: tuple = (1.0, 2.0, 3.0)  # ! 3 list
    harvest_log_lines: int = 20  # = other compound


def parser():
    p = argparse.ArgumentParser()
    p.add_argument("--stop-loss-pct", type=float, default=2.0)  # ! 3 argparse default
    p.add_argument("--t1-r", type=float, required=True)  # = no default
    return p


def read(row: dict, theta):
    return {
        "t1_r": row.get("t1_r", 1.0),  # ! 3 get
        "T2_R": row["T2_R"],  # = read
        "lock_r": theta.lock_r or 0.5,  # ! 3 or
        "fallback_stop_pct": 1.2,  # ! 3 map
        "take_profit_percent": float(os.getenv("TAKE_PROFIT_PERCENT", "4")),  # ! 3 getenv
        "be_plus_pct": theta.be_plus_pct,  # = policy read
    }


def harvest_threshold(theta=None):
    if theta is None:
        return 1.5  # ! 3 function return
    return theta.harvest_threshold  # = policy read


def validate(t1_r, t2_r, cost_bps):
    assert 0 < t1_r < t2_r  # = validation
    if cost_bps > 100:  # = bound
        raise ValueError("cost_bps above 100")  # = log text
