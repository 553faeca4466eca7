"""Measures the package, and prints each time with its ratio to plain Python or to polars in the same run.

Usage: POLARS_MAX_THREADS=1 python benches/bench.py [ROWS]

Each time is the lowest of several rounds, in which all programs take turns, so that they run under equal conditions. The
answers are compared before they are measured.
"""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from random import Random
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from conftest import INTENT, NOW, NOW_MS, POLICY, engine_with, policy_with  # noqa: E402

from portcullis_engine import Policy  # noqa: E402

ENGINE = engine_with(max_leverage=10, max_notional_usd=100_000)
ROUNDS = 7
CALLS = 2_000


def short_gate(policy: dict[str, Any], intent: dict[str, Any], now: float) -> dict[str, Any]:
    """Check only what an entry with a notional needs, with constant limits, and return few of the facts of a trade."""
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


class PlainGate:
    """The gates of the engine for intents with these fields, in plain Python, with all facts of a trade and their sources."""

    def __init__(self, policy: dict[str, Any], limits: dict[str, float], owners: set[str]) -> None:
        self.policy = policy
        self.universe = frozenset(policy["universe_symbols"])
        self.hash = policy_with().hash
        self.limits = limits
        self.owners = owners
        self.halted: set[str] = set()
        names = ("max_leverage", "max_notional_usd", "max_position_usd")
        bounds = [min(limits.get(name, math.inf), policy.get(name, math.inf)) for name in names]
        self.leverage_max, self.notional_max, self.margin_max = bounds

    def decide(
        self,
        now: float,
        *,
        symbol: object = None,
        side: object = None,
        source: object = None,
        leverage: object = None,
        position_size_usd: object = None,
        reduce_only: object = None,
        action: object = None,
        ts: float | None = None,
    ) -> dict[str, Any]:
        if not isinstance(symbol, str) or not symbol or not isinstance(side, str):
            return self.skip("INTENT_INVALID", f"symbol is {symbol!r}, side is {side!r}")
        symbol, side = symbol.upper(), side.upper()
        if side not in ("BUY", "SELL"):
            return self.skip("INTENT_INVALID", f"side is {side!r}")
        if reduce_only is not None or action is not None:
            if reduce_only is True or action == "CLOSE":
                if source not in self.owners:
                    return self.skip("DENY_NOT_EXIT_OWNER", f"source is {source!r}")
                return {"decision": "EXIT", "symbol": symbol, "side": side}
            if reduce_only is not False:
                return self.skip("INTENT_INVALID", f"reduce_only is {reduce_only!r}")
        if source in self.owners:
            return self.skip("INTENT_AMBIGUOUS", f"{source} closes positions")
        policy, limits = self.policy, self.limits
        until, begin = policy["valid_until_epoch"], policy.get("valid_from_epoch")
        if begin is not None and now < begin:
            return self.skip("POLICY_NOT_YET_VALID", f"{now} is before {begin}")
        if now > until:
            return self.skip("POLICY_STALE", f"{now} is after {until}")
        age_max = limits.get("max_intent_age_sec")
        if age_max is not None and (ts is None or now - ts > age_max):
            return self.skip("INTENT_STALE", f"ts is {ts}")
        if self.halted and symbol in self.halted:
            return self.skip("TRADING_HALTED", symbol)
        if symbol not in self.universe:
            return self.skip("POLICY_UNIVERSE_FILTER", symbol)
        given = policy["leverage_by_symbol"].get(symbol)
        if given is None:
            return self.skip("POLICY_MISSING_LEVERAGE", f"no leverage for {symbol}")
        chosen, leverage_source = float(given), f"policy:leverage_by_symbol.{symbol}"
        if leverage is not None:
            if not isinstance(leverage, (int, float)) or not (0 < leverage <= sys.float_info.max):
                return self.skip("POLICY_MISSING_LEVERAGE", f"leverage is {leverage!r}")
            if leverage < chosen:
                chosen, leverage_source = float(leverage), "intent:leverage"
        size = position_size_usd
        if not isinstance(size, (int, float)) or not (0 < size <= sys.float_info.max):
            return self.skip("POLICY_MISSING_SIZE", f"position_size_usd is {size!r}")
        margin = size / chosen
        if chosen > self.leverage_max or size > self.notional_max or margin > self.margin_max:
            return self.skip("POLICY_LIMIT_EXCEEDED", f"{chosen}x, {size} USD, margin {margin} USD")
        if not math.isfinite(margin):
            return self.skip("POLICY_LIMIT_EXCEEDED", f"margin is {margin}")
        return {
            "decision": "TRADE",
            "symbol": symbol,
            "side": side,
            "leverage": chosen,
            "leverage_source": leverage_source,
            "leverage_requested": leverage,
            "size_usd": size,
            "size_basis": "notional",
            "size_source": "intent:position_size_usd",
            "notional_usd": size,
            "notional_source": "intent:position_size_usd",
            "margin_usd": margin,
            "margin_source": "notional/leverage",
            "not_after_ms": until * 1_000,
            "not_after_source": "policy:valid_until_epoch",
            "policy_version": policy["policy_version"],
            "policy_hash": self.hash,
        }

    def skip(self, reason: str, detail: str) -> dict[str, Any]:
        return {"decision": "SKIP", "reason": reason, "detail": detail, "policy_hash": self.hash}


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


def compare_gates(gate: PlainGate, policy: Policy) -> None:
    """Check that the plain gate has the answers of the engine."""
    random = Random(1)
    values: dict[str, list[Any]] = {
        "symbol": ["BTCUSDT", "ethusdt", "SOLUSDT", "XRPUSDT", None],
        "side": ["BUY", "sell", "x", None],
        "source": ["momentum", "exit-service", None],
        "leverage": [10.0, 3.0, 20, 0, math.nan, math.inf, None],
        "position_size_usd": [250.0, 1e6, 0.5, -1, math.nan, None],
        "reduce_only": [None, None, None, True, False],
    }
    seen = set()
    for _ in range(20_000):
        # Most values are the first of their list, so that all gates are reached.
        intent = {name: random.choice(of) if random.random() < 0.3 else of[0] for name, of in values.items()}
        now = NOW_MS + random.choice([0, 0, 0, 10**8])
        expected = gate.decide(now / 1_000, **intent)
        decision = ENGINE.decide(policy, intent, now_ms=now)
        assert decision.decision == expected["decision"], (intent, decision)
        seen.add(expected.get("reason", expected["decision"]))
        for name, value in expected.items():
            if name in ("detail", "policy_hash") and expected["decision"] == "SKIP":
                continue
            assert getattr(decision, name) == value, (name, intent, decision)
    assert len(seen) == 10, seen


def calls() -> None:
    policy, short = policy_with(), dict(POLICY, universe_symbols=frozenset(POLICY["universe_symbols"]))
    gate = PlainGate(POLICY, {"max_leverage": 10, "max_notional_usd": 100_000}, {"exit-service", "emergency"})
    compare_gates(gate, policy)
    decide, now = ENGINE.decide, NOW_MS / 1_000
    intent, timed = dict(INTENT), dict(INTENT, id="a-1", ts=NOW_MS, confidence=0.7)
    other = dict(INTENT, note="a text")
    trade = decide(policy, intent, now_ms=NOW_MS)
    for name, value in short_gate(short, intent, now).items():
        assert name == "not_after" or getattr(trade, name) == value, name

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

    def a_dict_with_time() -> None:
        for _ in range(CALLS):
            decide(policy, timed, now_ms=NOW_MS)

    def a_dict_with_other_fields() -> None:
        for _ in range(CALLS):
            decide(policy, other, now_ms=NOW_MS)

    plain = gate.decide

    def plain_python() -> None:
        for _ in range(CALLS):
            plain(
                now,
                symbol="BTCUSDT",
                side="BUY",
                source="momentum",
                leverage=10.0,
                position_size_usd=250.0,
            )

    def short_python() -> None:
        for _ in range(CALLS):
            short_gate(short, intent, now)

    programs: dict[str, Callable[[], object]] = {
        "plain Python, the same answers": plain_python,
        "plain Python, few gates and facts": short_python,
        "decide(now_ms=…, keywords)": keywords,
        "decide(now=datetime, keywords)": keywords_with_datetime,
        "decide(dict, now_ms=…)": a_dict,
        "decide(dict with id, ts, confidence)": a_dict_with_time,
        "decide(dict with an unknown field)": a_dict_with_other_fields,
    }
    show(lowest(programs, CALLS, ROUNDS * 30), "plain Python, the same answers", "call")


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
    with tempfile.TemporaryDirectory() as folder:
        tape = Path(folder) / "intents.parquet"
        timed = table.slice(0, 2_000_000)
        times = pyarrow.array([NOW] * timed.num_rows, pyarrow.timestamp("us", "UTC"))
        pyarrow.parquet.write_table(timed.append_column("ts", times), tape)
        interrupted("decide_table", lambda: ENGINE.decide_table(policy, table, at=NOW))
        interrupted("replay", lambda: ENGINE.replay(policy, tape))


def interrupted(name: str, run: Callable[[], object]) -> None:
    """Print the longest time from a signal to the exception that its handler raises in a call."""

    class Stop(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stop

    signal.signal(signal.SIGALRM, stop)
    longest = 0.0
    for after in (0.01, 0.02, 0.03, 0.05, 0.08):
        due = time.perf_counter() + after
        signal.setitimer(signal.ITIMER_REAL, after)
        try:
            run()
        except Stop:
            longest = max(longest, time.perf_counter() - due)
        else:
            raise AssertionError(f"{name} ended before the signal")
    print(f"{name + ', from a signal to its exception':42} {longest * 1e3:8.1f} ms")


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
