"""The decision table of the engine, through the package: each path of the snapshot that has text as its input.

`snapshots/decision_table.snap` has one line for each path through the gates. The expected answer of a case is the line
with its name, so a new path without a case here fails.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from conftest import NOW, NOW_MS, POLICY, engine_with, policy_with
from portcullis_engine import Engine, Exit, Gate, Policy, PortcullisError, Skip, Trade

SNAPSHOT = Path(__file__).resolve().parents[2] / "snapshots/decision_table.snap"

ENTRY: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "source": "momentum", "position_size_usd": 400}
EXIT: dict[str, Any] = {"symbol": "BTCUSDT", "side": "SELL", "reduce_only": True}
PRODUCT: dict[str, Any] = {"position_size_usd": None, "quantity": 4, "price": 100}
MARGIN: dict[str, Any] = {"position_size_usd": None, "position_usd": 50}
LATE = NOW_MS - 61_000


class Case:
    """A change of the entry, the policy, the guardrails or the time."""

    def __init__(
        self,
        intent: dict[str, Any] | str,
        policy: dict[str, Any] | None = None,
        guardrails: dict[str, Any] | None = None,
        after: timedelta = timedelta(0),
        absent: bool = False,
    ) -> None:
        self.intent = intent if isinstance(intent, str) else ENTRY | intent
        self.policy = None if absent else policy_with(**(policy or {}))
        self.engine = engine_with(**(guardrails or {}))
        self.now = NOW + after


CASES: dict[tuple[int, str], Case] = {
    (1, "unreadable"): Case("x"),
    (1, "invalid"): Case({"symbol": 5}),
    (1, "ambiguous"): Case({"action": "SELL"}),
    (1, "HOLD"): Case({"action": "HOLD", "side": None}),
    (1, "unsupported"): Case({"trailing_stop": True}),
    (2, "exit, by the owner"): Case(EXIT | {"source": "exit-service"}),
    (2, "exit, by a delegate"): Case(EXIT | {"source": "emergency"}),
    (2, "exit, other source"): Case(EXIT),
    (2, "exit, no source"): Case(EXIT | {"source": None}),
    (2, "exit, source unreadable"): Case(EXIT | {"source": 5}),
    (2, "entry, by the owner"): Case({"source": "exit-service"}),
    (2, "entry, by a delegate"): Case({"source": "emergency"}),
    (2, "entry, source unreadable"): Case({"source": 5}),
    (3, "this symbol"): Case({}, guardrails={"halt": ["BTCUSDT"]}),
    (3, "all symbols"): Case({}, guardrails={"halt": "everything"}),
    (4, "none"): Case({}, absent=True),
    (4, "valid too long"): Case({}, guardrails={"max_validity_sec": 60}),
    (4, "another market"): Case({}, {"market": "spot"}, {"market": "futures"}),
    (4, "another venue"): Case({}, {"venue": "other"}, {"venue": "binance"}),
    (4, "no hash"): Case({}, guardrails={"require_policy_hash": True}),
    (4, "bad metadata"): Case({}, guardrails={"require_metadata_ok": True}),
    (5, "too early"): Case({}, {"valid_from_epoch": 1_767_607_201}),
    (5, "too late"): Case({}, after=timedelta(hours=2)),
    (6, "too old (policy)"): Case({"ts": LATE}, {"limits": {"max_intent_age_sec": 60}}),
    (6, "too old (guardrails)"): Case({"ts": LATE}, guardrails={"max_intent_age_sec": 60}),
    (6, "age unknown"): Case({}, guardrails={"max_intent_age_sec": 60}),
    (6, "too far ahead"): Case({"ts": NOW_MS + 61_000}, guardrails={"max_intent_skew_sec": 60}),
    (6, "lead unknown"): Case({}, guardrails={"max_intent_skew_sec": 60}),
    (7, "not listed"): Case({"symbol": "XRPUSDT"}),
    (7, "not permitted"): Case({}, guardrails={"permitted_symbols": ["ETHUSDT"]}),
    (8, "none in the policy"): Case({"symbol": "SOLUSDT"}),
    (8, "requested `x`"): Case({"leverage": "x"}),
    (9, "none"): Case({"position_size_usd": None}),
    (9, "unusable"): Case({"position_size_usd": "x"}),
    (9, "quantity alone"): Case(PRODUCT | {"price": None}),
    (9, "none requested, margin"): Case(MARGIN),
    (10, "leverage (policy)"): Case({}, {"limits": {"max_leverage": 7}, "leverage_by_symbol": {"BTCUSDT": 8}}),
    (10, "leverage (guardrails)"): Case({}, guardrails={"max_leverage": 7}),
    (10, "margin (policy)"): Case({}, {"limits": {"max_position_usd": 49}}),
    (10, "margin (guardrails)"): Case({}, guardrails={"max_position_usd": 49}),
    (10, "notional (policy)"): Case({}, {"limits": {"max_notional_usd": 399}}),
    (10, "notional (guardrails)"): Case({}, guardrails={"max_notional_usd": 399}),
    (10, "size is a notional: margin not finite, or 0"): Case({"position_size_usd": 5e-324}),
    (10, "size is a margin: notional not finite, or 0"): Case(MARGIN | {"position_usd": 1.7e308, "leverage": 8}),
    (0, "none requested, notional"): Case({}),
    (0, "none requested, quantity*price"): Case(PRODUCT),
    (0, "requested 5, notional"): Case({"leverage": 5}),
    (0, "requested 5, margin"): Case(MARGIN | {"leverage": 5}),
    (0, "requested 5, quantity*price"): Case(PRODUCT | {"leverage": 5}),
    (0, "requested 8, notional"): Case({"leverage": 8}),
    (0, "requested 8, margin"): Case(MARGIN | {"leverage": 8}),
    (0, "requested 8, quantity*price"): Case(PRODUCT | {"leverage": 8}),
    (0, "requested 10, notional"): Case({"leverage": 10}),
    (0, "requested 10, margin"): Case(MARGIN | {"leverage": 10}),
    (0, "requested 10, quantity*price"): Case(PRODUCT | {"leverage": 10}),
}

# The states of a policy that need a store, a tape or a document that cannot become a `Policy`.
ELSEWHERE = {
    "recorded hash unknown",
    "signature invalid",
    "rolled back",
    "store unreachable",
    "lacks a field",
    "does not parse",
    "out of bounds",
    "hash mismatch",
}


def paths() -> dict[tuple[int, str], str]:
    """Return the answer of each path by the number of the gate that ends it (0 for a trade) and its cause."""
    found = {}
    for line in SNAPSHOT.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"([+x>·](?: [+x>·]){9})    (.{45})(.+)", line)
        if match:
            ends = [number for number, mark in enumerate(match[1].split(), 1) if mark in "x>"]
            found[(ends[0] if ends else 0, match[2].strip())] = match[3]
    return found


PATHS = paths()


def test_every_path_has_a_case() -> None:
    assert len(PATHS) == 63
    assert set(CASES) == {path for path in PATHS if path[1] not in ELSEWHERE}


def answered(case: Case) -> tuple[int, str]:
    """Return the number of the gate that ends the path, and the answer without the cause of a skip."""
    decision = case.engine.decide(case.policy, case.intent, now=case.now)
    match decision:
        case Trade():
            requested = decision.leverage_requested
            shown = "no leverage requested" if requested is None else f"requested {requested:g}x"
            return 0, (
                f"TRADE {decision.leverage:g}x from {decision.leverage_source}, {shown}; "
                f"notional {decision.notional_usd:g}, margin {decision.margin_usd:g}, size from {decision.size_source}"
            )
        case Exit():
            return 2, f"EXIT as {decision.rule}"
        case Skip():
            assert decision.gate is not None
            return list(Gate).index(decision.gate) + 1, f"SKIP {decision.reason}"


@pytest.mark.parametrize("path", list(CASES), ids=str)
def test_the_answer_is_that_of_the_table(path: tuple[int, str]) -> None:
    expected = re.sub(r"^(SKIP \w+)( \(.*\))?$", r"\1", PATHS[path])
    assert answered(CASES[path]) == (path[0], expected)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kill_params": None}, "`kill_params` is missing"),
        ({"valid_until_epoch": "x"}, "`valid_until_epoch`"),
        ({"leverage_by_symbol": {"BTCUSDT": -1}}, "`leverage_by_symbol.BTCUSDT`"),
        ({"policy_hash": "0" * 64}, "`policy_hash`"),
    ],
)
def test_a_document_that_is_not_valid_is_not_a_policy(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(PortcullisError, match=problem):
        policy_with(**changes)
    assert Policy.from_dict(POLICY) and isinstance(engine_with(), Engine)
