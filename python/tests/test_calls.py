"""Calls: the same answers for keyword arguments, dicts and JSON, and unusable arguments."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import numpy
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import INTENT, NOW, NOW_MS, engine_with, policy_with
from portcullis_engine import Decision, Engine, Policy, PortcullisError, Skip, SkipCode, Trade, _portcullis

ENGINE = engine_with(max_intent_age_sec=60, max_price_deviation=0.5)
POLICY = policy_with()

NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(min_value=0.01, max_value=1e6),
    st.integers(min_value=-5, max_value=10**18),
    st.sampled_from([250.0, 8, 5.0, 100, 0, -0.0, "10", "nan", "x", True, None]),
)
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(["BTCUSDT", "ethusdt", "BUY", "sell", "LONG", "CLOSE", "1", ""]))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "symbol": st.one_of(st.sampled_from(["BTCUSDT", "btcusdt", "ETHUSDT", "SOLUSDT", "XRPUSDT"]), TEXTS, NUMBERS),
    "side": st.one_of(st.sampled_from(["BUY", "SELL", "buy", "Sell", "LONG"]), TEXTS, NUMBERS),
    "source": st.one_of(st.sampled_from(["momentum", "exit-service"]), TEXTS, NUMBERS),
    "id": st.one_of(TEXTS, st.sampled_from([f"{NOW_MS}-0", f"{NOW_MS - 10**6}-1", "a-b", 7])),
    "ts": st.one_of(st.sampled_from([NOW_MS, NOW_MS - 61_000, NOW_MS // 1000, str(NOW_MS)]), NUMBERS),
    "timestamp": st.sampled_from(["2026-01-05T09:59:59Z", NOW_MS // 1000, NOW_MS, "x", None]),
    "leverage": NUMBERS,
    "position_size_usd": NUMBERS,
    "position_usd": NUMBERS,
    "quantity": NUMBERS,
    "price": NUMBERS,
    "entry_price": NUMBERS,
    "stop_loss": NUMBERS,
    "stopLoss": NUMBERS,
    "take_profit": NUMBERS,
    "size": NUMBERS,
    "action": TEXTS,
    "reduce_only": st.sampled_from([True, False, "true", 1, 0, None, "x"]),
    "position_side": st.sampled_from(["LONG", "SHORT", "BOTH", None]),
    "trailing_stop": st.sampled_from([True, 0, None]),
    "qty": NUMBERS,
    "intent_id": TEXTS,
    "confidence": NUMBERS,
    "regime": TEXTS,
    "model": st.one_of(TEXTS, st.just({"name": "a", "leverage": 3})),
    "payload": st.sampled_from([None, {}, {"symbol": "BTCUSDT"}, '{"symbol": "BTCUSDT"}', "x"]),
    "params": st.sampled_from([None, {"leverage": 3}, [1, {"a": None}]]),
    "event_type": st.sampled_from([None, "trade.intent", "position.snapshot", "x"]),
}
KEYWORDS = set(FIELDS) - {"stopLoss", "trailing_stop", "payload", "params", "event_type"}
INTENTS = st.fixed_dictionaries(
    {}, optional={name: values for name, values in FIELDS.items()}
) | st.fixed_dictionaries(
    {"symbol": st.just("BTCUSDT"), "side": st.sampled_from(["BUY", "sell"])},
    optional={
        name: FIELDS[name]
        for name in ("source", "id", "ts", "leverage", "position_size_usd", "quantity", "price", "confidence", "regime")
    },
)


def outcome(decision: Decision) -> tuple[Any, ...]:
    """Return the answer without its text, which can name the position of a field in the record."""
    row = decision.record().to_dict()
    row.pop("detail", None)
    return type(decision), row


def as_json(intent: dict[str, Any]) -> dict[str, Any]:
    """Return the intent as it is after a round trip through a JSON text that has the dict as its payload."""
    return {"payload": json.dumps(intent)}


@settings(max_examples=2_000, deadline=None)
@given(intent=INTENTS)
def test_keywords_dict_and_json_have_the_same_answer(intent: dict[str, Any]) -> None:
    of_dict = ENGINE.decide(POLICY, intent, now=NOW)
    assert ENGINE.decide(POLICY, MappingProxyType(intent), now=NOW) == of_dict
    if set(intent) <= KEYWORDS:
        assert outcome(ENGINE.decide(POLICY, **intent, now=NOW)) == outcome(of_dict)
    # An unknown field that decides nothing switches from the builder to the reader of JSON.
    assert outcome(ENGINE.decide(POLICY, intent | {"note": "x"}, now=NOW)) == outcome(of_dict)
    if "payload" not in intent and "event_type" not in intent:
        assert outcome(ENGINE.decide(POLICY, as_json(intent), now=NOW)) == outcome(of_dict)


@settings(max_examples=1_000, deadline=None)
@given(intent=INTENTS, data=st.data())
def test_the_order_of_the_fields_does_not_matter(intent: dict[str, Any], data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(intent.items()))))
    decision = ENGINE.decide(POLICY, shuffled, now=NOW)
    assert outcome(decision) == outcome(ENGINE.decide(POLICY, intent, now=NOW))


@settings(max_examples=1_000, deadline=None)
@given(intent=INTENTS)
def test_nothing_trades_without_a_policy(intent: dict[str, Any]) -> None:
    assert not isinstance(ENGINE.decide(None, intent, now=NOW), Trade)
    assert not isinstance(ENGINE.decide(POLICY, intent, now=NOW + timedelta(hours=2)), Trade)


@settings(max_examples=1_000, deadline=None)
@given(intent=INTENTS)
def test_a_trade_never_exceeds_the_policy(intent: dict[str, Any]) -> None:
    decision = ENGINE.decide(POLICY, intent, now=NOW)
    if isinstance(decision, Trade):
        assert decision.symbol in POLICY.symbols
        assert decision.leverage <= {"BTCUSDT": 8.0, "ETHUSDT": 5.0}[decision.symbol]
        assert math.isclose(decision.margin_usd * decision.leverage, decision.notional_usd)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "the time of the decision is missing"),
        ({"now": NOW, "now_ms": NOW_MS}, "both given"),
        ({"now": datetime(2026, 1, 5, 10)}, "no time zone"),
        ({"now": datetime(1999, 12, 31, 23, 59, tzinfo=timezone.utc)}, "not between 2000-01-01 and 2100-01-01"),
        ({"now": datetime(2100, 1, 1, tzinfo=timezone.utc)}, "not between 2000-01-01 and 2100-01-01"),
        ({"now": NOW_MS}, "not a datetime"),
        ({"now": NOW.date()}, "not a datetime"),
        ({"now": pandas.NaT}, "not a time"),
        ({"now_ms": NOW_MS // 1_000}, "looks like epoch seconds"),
        ({"now_ms": NOW_MS * 1_000}, "looks like epoch microseconds"),
        ({"now_ms": NOW_MS * 1_000_000}, "looks like epoch nanoseconds"),
        ({"now_ms": 10**40}, "out of range"),
        ({"now_ms": 0}, "not between 2000-01-01 and 2100-01-01"),
        ({"now_ms": float(NOW_MS)}, "not an int"),
        ({"now_ms": True}, "not an int"),
        ({"now_ms": str(NOW_MS)}, "not an int"),
    ],
)
def test_unusable_times_are_errors(engine: Engine, policy: Policy, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(PortcullisError, match=problem) as raised:
        engine.decide(policy, INTENT, **arguments)
    assert raised.value.field in ("now", "now_ms")


def test_times_are_exact(engine: Engine, policy: Policy) -> None:
    end = datetime(2026, 1, 5, 11, tzinfo=timezone.utc)
    assert isinstance(engine.decide(policy, INTENT, now=end), Trade)
    assert isinstance(engine.decide(policy, INTENT, now=end + timedelta(microseconds=1)), Skip)
    assert isinstance(engine.decide(policy, INTENT, now=end.astimezone(ZoneInfo("America/New_York"))), Trade)
    assert isinstance(engine.decide(policy, INTENT, now=pandas.Timestamp(end)), Trade)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), SkipCode.POLICY_MISSING_LEVERAGE),
        (float("inf"), SkipCode.POLICY_MISSING_LEVERAGE),
        (numpy.float64("nan"), SkipCode.POLICY_MISSING_LEVERAGE),
        (numpy.float32("nan"), SkipCode.POLICY_MISSING_LEVERAGE),
        (Decimal("NaN"), SkipCode.POLICY_MISSING_LEVERAGE),
        (True, SkipCode.POLICY_MISSING_LEVERAGE),
        (numpy.bool_(True), SkipCode.POLICY_MISSING_LEVERAGE),
        ([5], SkipCode.POLICY_MISSING_LEVERAGE),
        (5, None),
        (5.0, None),
        ("5", None),
        (Decimal(5), None),
        (numpy.float32(5), None),
        (numpy.int64(5), None),
    ],
)
def test_numbers_of_other_types(engine: Engine, policy: Policy, value: Any, reason: SkipCode | None) -> None:
    decision = engine.decide(policy, INTENT | {"leverage": value}, now=NOW)
    if reason is None:
        assert isinstance(decision, Trade) and decision.leverage == 5.0
    else:
        assert isinstance(decision, Skip) and decision.reason is reason


@pytest.mark.parametrize("value", [object(), b"BTCUSDT", {1}, 1j, pandas.NA, datetime.now().time()])
def test_values_that_json_does_not_have_are_errors(engine: Engine, policy: Policy, value: Any) -> None:
    with pytest.raises(PortcullisError) as raised:
        engine.decide(policy, INTENT | {"leverage": value}, now=NOW)
    assert raised.value.field == "leverage"


def test_unusable_intents_are_errors(engine: Engine, policy: Policy) -> None:
    for intent in ([], 5, object()):
        with pytest.raises(PortcullisError, match="pass a dict or JSON text"):
            engine.decide(policy, intent, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(PortcullisError, match="both given"):
        engine.decide(policy, INTENT, symbol="BTCUSDT", now=NOW)
    with pytest.raises(PortcullisError, match="both given"):
        engine.decide(policy, INTENT, reduce_only=True, now=NOW)
    with pytest.raises(TypeError, match="levrage"):
        engine.decide(policy, symbol="BTCUSDT", levrage=2, now=NOW)  # type: ignore[call-arg]
    with pytest.raises(PortcullisError, match="not a str"):
        engine.decide(policy, {1: 2}, now=NOW)  # type: ignore[dict-item]
    with pytest.raises(PortcullisError, match="surrogate"):
        engine.decide(policy, {"symbol": "\ud800"}, now=NOW)
    with pytest.raises(PortcullisError, match="no time zone"):
        engine.decide(policy, INTENT | {"timestamp": datetime(2026, 1, 5)}, now=NOW)
    nested: list[Any] = []
    nested.append(nested)
    with pytest.raises(PortcullisError, match="levels deep"):
        engine.decide(policy, INTENT | {"features": nested}, now=NOW)
    for wrong in ("x", 5, {}):
        with pytest.raises(TypeError, match="pass a Policy"):
            engine.decide(wrong, INTENT, now=NOW)  # type: ignore[arg-type]


def test_datetimes_in_intents(policy: Policy) -> None:
    engine = engine_with(max_intent_age_sec=60)
    for name in ("ts", "timestamp"):
        fresh = engine.decide(policy, INTENT | {name: NOW - timedelta(seconds=60)}, now=NOW)
        assert isinstance(fresh, Trade), fresh
        stale = engine.decide(policy, INTENT | {name: NOW - timedelta(seconds=61)}, now=NOW)
        assert isinstance(stale, Skip) and stale.reason is SkipCode.INTENT_STALE


def test_texts_are_intents(engine: Engine, policy: Policy) -> None:
    text = json.dumps(INTENT)
    assert engine.decide(policy, text, now=NOW) == engine.decide(policy, INTENT, now=NOW)
    assert engine.decide(policy, text.encode(), now=NOW) == engine.decide(policy, INTENT, now=NOW)
    duplicate = engine.decide(policy, text.replace("{", '{"leverage": 2, ', 1), now=NOW)
    assert isinstance(duplicate, Skip) and duplicate.reason is SkipCode.INTENT_INVALID
    unreadable = engine.decide(policy, "BTCUSDT", now=NOW)
    assert isinstance(unreadable, Skip) and unreadable.reason is SkipCode.INTENT_UNREADABLE
    with pytest.raises(PortcullisError, match="not UTF-8 from byte 1 on"):
        engine.decide(policy, b"{\xff}", now=NOW)


def test_mappings_are_intents(engine: Engine, policy: Policy) -> None:
    for intent in (OrderedDict(INTENT), MappingProxyType(INTENT)):
        assert engine.decide(policy, intent, now=NOW) == engine.decide(policy, **INTENT, now=NOW)


def test_explanations(engine: Engine, policy: Policy) -> None:
    text = engine.explain(policy, INTENT, now=NOW)
    assert text.startswith("TRADE BUY BTCUSDT 8x") and "10  limits" in text
    assert engine.explain_harvest(policy, {"symbol": "BTCUSDT", "side": "FLAT"}, now=NOW).startswith("SKIP")


def test_the_builtin_exit_owner_has_no_default() -> None:
    with pytest.raises(TypeError):
        Engine()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Engine(engine_with().guardrails)  # type: ignore[call-arg]
    with pytest.raises(PortcullisError) as raised:
        Engine(engine_with().guardrails, exit_owner="", exit_delegates=[])
    assert raised.value.field == "exit_owner"


@pytest.mark.parametrize("on_thread", [False, True])
def test_a_panic_of_the_engine_is_an_error(on_thread: bool) -> None:
    planted = getattr(_portcullis, "_planted_panic", None)
    if planted is None:
        pytest.skip("only development builds have a planted panic")
    with pytest.raises(PortcullisError, match="the engine panicked, which is a bug; report it"):
        planted(on_thread)
