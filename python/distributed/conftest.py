"""Tapes that the tests of distributed replays share."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from portcullis_engine import Engine, Guardrails, Policy

START_MS = 1_767_607_200_000
RECORDS = 4_000

POLICY: dict[str, Any] = {
    "policy_version": "2026-01-05a",
    "valid_until_epoch": 1_767_610_800,
    "universe_symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT"],
    "leverage_by_symbol": {"BTCUSDT": 8, "ETHUSDT": 5},
    "harvest_params": {
        "T1_R": 1.8,
        "T2_R": 3.5,
        "T3_R": 5.8,
        "lock_R": 1.2,
        "be_plus_pct": 0.003,
        "cost_bps": 12,
        "k_regime_flip": 0.8,
        "k_sigma_spike": 0.6,
        "k_ts_drop": 0.4,
        "k_age_penalty": 0.2,
        "kill_threshold": 0.55,
    },
    "kill_params": {
        "trend_min": 0.25,
        "sigma_ref": 0.012,
        "sigma_spike_cap": 1.8,
        "ts_ref": 0.35,
        "ts_drop_cap": 0.45,
        "max_age_sec": 72_000,
    },
}

# Workers are separate processes. They find the modules of the tests by this path.
os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


def record(number: int) -> dict[str, Any]:
    """Return a record: mostly intents, with positions and changes of the policy between them."""
    ts = START_MS + number
    if number % 500 == 77:
        symbols = ["BTCUSDT"] if number % 1000 == 77 else ["BTCUSDT", "ETHUSDT"]
        leverages = dict.fromkeys(symbols, 2 + number % 5)
        policy = POLICY | {"universe_symbols": symbols, "leverage_by_symbol": leverages}
        return {"event_type": "policy.updated", "ts": ts, "policy": policy}
    if number % 900 == 78:
        return {"event_type": "policy.withdrawn", "ts": ts}
    if number % 11 == 3:
        return {
            "event_type": "position.snapshot",
            "ts": ts,
            "symbol": "BTCUSDT",
            "side": "LONG",
            "quantity": 1.0,
            "entry_price": 100.0,
            "current_price": 90.0 + number % 40,
            "stop_dist_pct": 0.02,
            "age_sec": 3_600,
            "market": {"sigma": 0.01, "ts": 0.3, "p_trend": 0.5, "p_mr": 0.2, "p_chop": 0.3},
            "harvested": "NONE",
        }
    symbol = ["BTCUSDT", "ETHUSDT", "XRPUSDT"][number % 3]
    return {
        "ts": ts,
        "id": str(number),
        "symbol": symbol,
        "side": "BUY",
        "source": "momentum",
        "leverage": 10.0,
        "position_size_usd": 250.0,
    }


def lines(first: int) -> bytes:
    """Return records as lines, with blank lines between them."""
    ends = ["\n", "\n\n", "\r\n", "\n  \n"]
    texts = (json.dumps(record(number)) + ends[number % 4] for number in range(first, first + RECORDS))
    return "".join(texts).encode()


@pytest.fixture(scope="session")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return two plain tapes, and a compressed one between them."""
    folder = tmp_path_factory.mktemp("tapes")
    paths = [folder / name for name in ("1.jsonl", "2.jsonl.gz", "3.jsonl")]
    for place, path in enumerate(paths):
        content = lines(1 + place * RECORDS)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return paths


@pytest.fixture(scope="session")
def policy() -> Policy:
    return Policy.from_dict(POLICY)


@pytest.fixture(scope="session")
def engine() -> Engine:
    guardrails = Guardrails.from_dict({"max_leverage": 6})
    return Engine(guardrails, exit_owner="exit-service", exit_delegates=["emergency"])
