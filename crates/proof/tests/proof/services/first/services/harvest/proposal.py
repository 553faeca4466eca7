"""Harvest proposals for the human on duty (never sends anything)."""
import csv
import io
from dataclasses import dataclass
from datetime import timedelta

COOLDOWN = timedelta(minutes=15)
CSV_COLUMNS = ("symbol", "t1_r", "lock_r", "stop_loss_pct")  # = column names
DECIMALS = 4


@dataclass(frozen=True)
class Proposal:
    symbol: str
    action: str
    new_stop: float
    stop_loss_pct: float
    proposal_version: int = 2


def trailing(pos, theta) -> float:
    lock_R = theta.lock_R  # = policy read
    return round(pos.entry + lock_R * pos.risk, DECIMALS)  # = rounding


def fees(pos, theta) -> float:
    cost_bps = theta["cost_bps"]
    return pos.turnover * (cost_bps / 10_000)  # = unit conversion


def legacy_fees(pos, theta: dict) -> float:
    theta.setdefault("cost_bps", 8)  # ! 3 setdefault
    return pos.turnover * (theta["cost_bps"] / 1e4)  # = unit conversion


def render(rows) -> str:
    with io.StringIO() as out:
        writer = csv.writer(out, delimiter=";")
        writer.writerow(CSV_COLUMNS)
        for row in rows:
            writer.writerow([row.symbol, row.action, f"{row.new_stop:.4f}", "T1_R=2"])
        return out.getvalue()


def age_bucket(age_sec: float) -> int:
    return int(age_sec // 300)
