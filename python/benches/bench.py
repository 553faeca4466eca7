"""Measures the package, and prints each time with its ratio to plain Python or to polars in the same run.

Usage: POLARS_MAX_THREADS=1 python benches/bench.py [ROWS]

Each time is the lowest of several rounds, in which all programs take turns, so that they run under equal conditions. The
answers are compared before they are measured.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from conftest import INTENT, NOW, NOW_MS, POLICY, engine_with, policy_with  # noqa: E402

ENGINE = engine_with(max_leverage=10, max_notional_usd=100_000)
ROUNDS = 7
CALLS = 2_000


def plain_gate(policy: dict[str, Any], intent: dict[str, Any], now: float) -> dict[str, Any]:
    """Check the same gates in plain Python, without evidence: the gate that services have today."""
    symbol, side = intent.get("symbol"), intent.get("side")
    if not isinstance(symbol, str) or side not in ("BUY", "SELL"):
        return {"decision": "SKIP", "reason": "INTENT_INVALID"}
    if intent.get("source") in ("exit-service", "emergency"):
        return {"decision": "SKIP", "reason": "INTENT_AMBIGUOUS"}
    if now > policy["valid_until_epoch"]:
        return {"decision": "SKIP", "reason": "POLICY_STALE"}
    if symbol not in policy["universe_symbols"]:
        return {"decision": "SKIP", "reason": "POLICY_UNIVERSE_FILTER"}
    given = policy["leverage_by_symbol"].get(symbol)
    requested = intent.get("leverage")
    if given is None or (requested is not None and not (math.isfinite(requested) and requested > 0)):
        return {"decision": "SKIP", "reason": "POLICY_MISSING_LEVERAGE"}
    size = intent.get("position_size_usd")
    if size is None or not (math.isfinite(size) and size > 0):
        return {"decision": "SKIP", "reason": "POLICY_MISSING_SIZE"}
    leverage = given if requested is None else min(given, requested)
    margin = size / leverage
    if leverage > 10 or size > 100_000 or not math.isfinite(margin):
        return {"decision": "SKIP", "reason": "POLICY_LIMIT_EXCEEDED"}
    return {
        "decision": "TRADE",
        "symbol": symbol,
        "side": side,
        "leverage": leverage,
        "leverage_source": f"policy:leverage_by_symbol.{symbol}",
        "notional_usd": size,
        "margin_usd": margin,
        "not_after": policy["valid_until_epoch"],
    }


def lowest(programs: dict[str, Callable[[], object]], count: int, rounds: int) -> dict[str, float]:
    """Return the lowest time of each program in nanoseconds per item. A program handles `count` items."""
    times = {name: math.inf for name in programs}
    for _ in range(rounds):
        for name, run in programs.items():
            start = time.perf_counter_ns()
            run()
            times[name] = min(times[name], (time.perf_counter_ns() - start) / count)
    return times


def show(times: dict[str, float], base: str, unit: str) -> None:
    for name, value in times.items():
        print(f"{name:42} {value:8.1f} ns per {unit}  {value / times[base]:6.3f} of {base}")


def calls() -> None:
    policy, plain = policy_with(), dict(POLICY, universe_symbols=frozenset(POLICY["universe_symbols"]))
    decide, now = ENGINE.decide, NOW_MS / 1_000
    intent, timed = dict(INTENT), dict(INTENT, id="a-1", ts=NOW_MS, confidence=0.7)
    expected = plain_gate(plain, intent, now)
    trade = decide(policy, intent, now_ms=NOW_MS)
    for name in ("leverage", "notional_usd", "margin_usd", "leverage_source"):
        assert getattr(trade, name) == expected[name], name

    def keywords() -> None:
        for _ in range(CALLS):
            decide(
                policy,
                now_ms=NOW_MS,
                symbol="BTCUSDT",
                side="BUY",
                source="momentum",
                leverage=10.0,
                position_size_usd=250.0,
            )

    def keywords_with_datetime() -> None:
        for _ in range(CALLS):
            decide(
                policy,
                now=NOW,
                symbol="BTCUSDT",
                side="BUY",
                source="momentum",
                leverage=10.0,
                position_size_usd=250.0,
            )

    def a_dict() -> None:
        for _ in range(CALLS):
            decide(policy, intent, now_ms=NOW_MS)

    def a_dict_with_other_fields() -> None:
        for _ in range(CALLS):
            decide(policy, timed, now_ms=NOW_MS)

    def plain_python() -> None:
        for _ in range(CALLS):
            plain_gate(plain, intent, now)

    programs: dict[str, Callable[[], object]] = {
        "plain Python gate": plain_python,
        "decide(now_ms=…, keywords)": keywords,
        "decide(now=datetime, keywords)": keywords_with_datetime,
        "decide(dict, now_ms=…)": a_dict,
        "decide(dict with id, ts, confidence)": a_dict_with_other_fields,
    }
    show(lowest(programs, CALLS, ROUNDS * 30), "plain Python gate", "call")


def tables(rows: int) -> None:
    random = numpy.random.default_rng(1)
    names = numpy.array(["BTCUSDT", "ETHUSDT", "SOLUSDT"] + [f"SYM{number}USDT" for number in range(37)])
    listed = {str(name): 2 + place % 9 for place, name in enumerate(names[:32])}
    policy = policy_with(universe_symbols=[str(name) for name in names[:35]], leverage_by_symbol=listed)
    symbols = names[random.integers(0, len(names), rows)]
    table = pyarrow.table(
        {
            "symbol": symbols,
            "side": numpy.array(["BUY", "SELL"])[random.integers(0, 2, rows)],
            "leverage": random.uniform(0.5, 15, rows),
            "position_size_usd": random.uniform(-1_000, 120_000, rows),
        }
    )
    sourced = table.append_column("source", pyarrow.array(numpy.array(["momentum", "trend"])[random.integers(0, 2, rows)]))
    frame = polars.DataFrame(table)
    columns = ["reason", "leverage", "notional_usd"]
    given = polars.DataFrame(
        {"symbol": list(listed), "given": [float(value) for value in listed.values()]}
    )

    def expression() -> polars.DataFrame:
        leverage = polars.min_horizontal("leverage", "given")
        size = polars.col("position_size_usd")
        usable = polars.col("leverage").is_finite() & (polars.col("leverage") > 0)
        reason = (
            polars.when(~polars.col("symbol").is_in(policy.symbols))
            .then(polars.lit("POLICY_UNIVERSE_FILTER"))
            .when(polars.col("given").is_null() | ~usable)
            .then(polars.lit("POLICY_MISSING_LEVERAGE"))
            .when(~(size.is_finite() & (size > 0)))
            .then(polars.lit("POLICY_MISSING_SIZE"))
            .when((leverage > 10) | (size > 100_000))
            .then(polars.lit("POLICY_LIMIT_EXCEEDED"))
        )
        trades = polars.col("reason").is_null()
        leverage_of = polars.col("symbol").replace_strict(
            given["symbol"], given["given"], default=None, return_dtype=polars.Float64
        )
        return (
            frame.lazy()
            .with_columns(given=leverage_of)
            .select(reason=reason, leverage=leverage, notional_usd=size)
            .select(
                "reason",
                leverage=polars.when(trades).then("leverage"),
                notional_usd=polars.when(trades).then("notional_usd"),
            )
            .collect()
        )

    answers = polars.DataFrame(ENGINE.decide_table(policy, table, at=NOW, columns=columns))
    assert answers.with_columns(polars.col("reason").cast(polars.String)).equals(expression()), "the answers differ"
    programs: dict[str, Callable[[], object]] = {
        "polars expression, one thread": expression,
        "decide_table, the same columns": lambda: ENGINE.decide_table(policy, table, at=NOW, columns=columns),
        "decide_table, all columns": lambda: ENGINE.decide_table(policy, table, at=NOW),
        "decide_table, with sources": lambda: ENGINE.decide_table(policy, sourced, at=NOW, columns=columns),
        "decide_table of polars": lambda: ENGINE.decide_table(policy, frame, at=NOW, columns=columns),
    }
    show(lowest(programs, rows, 3), "polars expression, one thread", "row")


def start() -> None:
    program = "import time; a = time.perf_counter(); import portcullis_engine; print(time.perf_counter() - a)"
    best = min(float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout) for _ in range(7))
    print(f"{'import portcullis_engine':42} {best * 1e3:8.1f} ms")


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    print(f"{datetime.now(timezone.utc):%Y-%m-%d}, Python {sys.version.split()[0]}, pandas {pandas.__version__}, "
          f"polars {polars.__version__} with {polars.thread_pool_size()} threads, {rows} rows")
    start()
    calls()
    tables(rows)


if __name__ == "__main__":
    main()
