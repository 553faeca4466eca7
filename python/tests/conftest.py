"""Values that the tests share."""

from __future__ import annotations

import copy
import signal
from datetime import datetime, timezone
from typing import Any

import pytest

from portcullis_engine import Engine, Guardrails, Policy

NOW = datetime(2026, 1, 5, 10, tzinfo=timezone.utc)
NOW_MS = 1_767_607_200_000

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

INTENT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "source": "momentum",
    "leverage": 10.0,
    "position_size_usd": 250.0,
}

POSITION: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "LONG",
    "quantity": 1.0,
    "entry_price": 100.0,
    "current_price": 110.0,
    "stop_dist_pct": 0.02,
    "age_sec": 3_600,
    "market": {"sigma": 0.01, "ts": 0.3, "p_trend": 0.5, "p_mr": 0.2, "p_chop": 0.3},
}


def policy_with(**changes: Any) -> Policy:
    """Return the policy with other fields; ``None`` removes a field."""
    fields = copy.deepcopy(POLICY) | changes
    return Policy.from_dict({name: value for name, value in fields.items() if value is not None})


def engine_with(**guardrails: Any) -> Engine:
    """Return an engine with guardrails."""
    limits = Guardrails.from_dict(guardrails) if guardrails else Guardrails.none()
    return Engine(limits, exit_owner="exit-service", exit_delegates=["emergency"])


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let SIGINT raise ``KeyboardInterrupt``, also if a shell has started the tests in the background with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def policy() -> Policy:
    return policy_with()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return engine_with()
