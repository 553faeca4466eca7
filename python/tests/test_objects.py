"""Objects: values, hashes, pickles, patterns, and what they refuse."""

from __future__ import annotations

import copy
import pickle
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import portcullis_engine as pe
from conftest import INTENT, NOW, NOW_MS, POLICY, POSITION, engine_with, policy_with
from portcullis_engine import (
    Answer,
    Decision,
    Engine,
    Exit,
    Gate,
    Guardrails,
    HarvestAction,
    HarvestAdvice,
    Policy,
    PolicySet,
    PolicyTimeline,
    PortcullisError,
    PositionSide,
    Side,
    Skip,
    SkipCode,
    Trade,
)

EXIT: dict[str, Any] = {"symbol": "BTCUSDT", "side": "SELL", "reduce_only": True, "source": "emergency"}
POLICY_SET: dict[str, Any] = {
    "format": 1,
    "seq": 2,
    "live": "5fb38d75cc8088277c5ca6f9ab1dbbd88ba703ea78cf2754d2db392221d79a86",
    "arms": [
        {
            "role": "canary",
            "hash": "c0ffee00cc8088277c5ca6f9ab1dbbd88ba703ea78cf2754d2db392221d79a86",
            "bps": 2500,
            "salt": "canary-7",
            "key": "symbol",
            "until": "2026-01-12T00:00:00Z",
        }
    ],
    "kill": False,
}


@pytest.fixture
def trade(engine: Engine, policy: Policy) -> Trade:
    decision = engine.decide(policy, INTENT, now=NOW)
    assert isinstance(decision, Trade)
    return decision


@pytest.fixture
def exit(engine: Engine, policy: Policy) -> Exit:
    decision = engine.decide(policy, EXIT, now=NOW)
    assert isinstance(decision, Exit)
    return decision


@pytest.fixture
def advice(engine: Engine, policy: Policy) -> HarvestAdvice:
    decision = engine.harvest(policy, POSITION, now=NOW)
    assert isinstance(decision, HarvestAdvice)
    return decision


def test_a_trade_has_numbers_and_sources(trade: Trade) -> None:
    assert (trade.symbol, trade.side) == ("BTCUSDT", Side.BUY)
    assert (trade.leverage, trade.leverage_source) == (8.0, "policy:leverage_by_symbol.BTCUSDT")
    assert trade.leverage_requested == 10.0
    assert (trade.size_usd, trade.size_basis, trade.size_source) == (250.0, "notional", "intent:position_size_usd")
    assert (trade.notional_usd, trade.notional_source) == (250.0, "intent:position_size_usd")
    assert (trade.margin_usd, trade.margin_source) == (31.25, "notional/leverage")
    assert (trade.not_after, trade.not_after_source) == (NOW + timedelta(hours=1), "policy:valid_until_epoch")
    assert trade.policy == policy_with()
    assert trade.policy_hash == policy_with().hash


def test_an_exit_has_its_rule_and_quantity(engine: Engine) -> None:
    decision = engine.decide(None, EXIT | {"quantity": 2}, now=NOW)
    assert isinstance(decision, Exit)
    assert (decision.rule, decision.source) == ("delegate", "emergency")
    assert (decision.quantity, decision.quantity_source, decision.quantity_state) == (2.0, "intent:quantity", "stated")
    assert decision.position_side is PositionSide.LONG
    unreadable = engine.decide(None, EXIT | {"quantity": "x"}, now=NOW)
    assert isinstance(unreadable, Exit)
    assert (unreadable.quantity, unreadable.quantity_state) == (None, "unreadable")
    assert unreadable.notes is not None


def test_a_skip_has_its_reason_and_gate(engine: Engine, policy: Policy) -> None:
    decision = engine.decide(policy, INTENT | {"symbol": "XRPUSDT"}, now=NOW)
    assert isinstance(decision, Skip)
    assert (decision.reason, decision.gate) == (SkipCode.POLICY_UNIVERSE_FILTER, Gate.UNIVERSE)
    assert decision.detail == "XRPUSDT not in AI policy"


def test_an_advice_has_its_action(advice: HarvestAdvice) -> None:
    assert advice.action is HarvestAction.PARTIAL_50
    assert (advice.close_quantity, advice.close_fraction) == (0.5, 0.5)
    assert advice.reasons == ("harvest_partial_50", "profit_lock", "ts_drop", "age_penalty")
    assert advice.side is PositionSide.LONG
    assert advice.stop_source == "position:stop_dist_pct"


def test_a_position_without_a_policy_is_skipped(engine: Engine) -> None:
    decision = engine.harvest(None, POSITION, now=NOW)
    assert isinstance(decision, Skip)
    assert decision.reason is SkipCode.POLICY_MISSING


def test_an_intent_is_not_a_position(engine: Engine, policy: Policy) -> None:
    decision = engine.harvest(policy, INTENT | {"event_type": "trade.intent"}, now=NOW)
    assert isinstance(decision, Skip)
    assert decision.reason is SkipCode.INTENT_UNREADABLE


def test_patterns(trade: Trade, exit: Exit, advice: HarvestAdvice) -> None:
    match trade:
        case Trade("BTCUSDT", Side.BUY, leverage, notional):
            assert (leverage, notional) == (8.0, 250.0)
        case _:
            pytest.fail("no match")
    match exit:
        case Exit(symbol, side, None):
            assert (symbol, side) == ("BTCUSDT", Side.SELL)
        case _:
            pytest.fail("no match")
    match advice:
        case HarvestAdvice(_, HarvestAction.PARTIAL_50, quantity):
            assert quantity == 0.5
        case _:
            pytest.fail("no match")


def test_a_decision_is_neither_true_nor_false(trade: Trade, advice: HarvestAdvice) -> None:
    for decision in (trade, advice):
        with pytest.raises(TypeError, match="neither true nor false"):
            bool(decision)


def test_decisions_are_equal_by_value(engine: Engine, policy: Policy, trade: Trade, exit: Exit) -> None:
    again = engine.decide(policy_with(), dict(INTENT), now_ms=NOW_MS)
    assert again == trade and hash(again) == hash(trade)
    assert trade != exit
    # The stop is not a column of an answer row, but it is a part of the trade.
    assert engine.decide(policy, INTENT | {"stop_loss": 5.0, "entry_price": 10.0}, now=NOW) != engine.decide(
        policy, INTENT | {"stop_loss": 6.0, "entry_price": 10.0}, now=NOW
    )


@pytest.mark.parametrize("kind", ["trade", "exit", "advice"])
def test_only_the_engine_makes_decisions(kind: str, request: pytest.FixtureRequest) -> None:
    decision = request.getfixturevalue(kind)
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"\.record\(\)"):
            copied(decision)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(decision, protocol)
    made = type(decision)
    for make in (made, lambda: made.__new__(made), lambda: object.__new__(made), lambda: type("Other", (made,), {})()):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(AttributeError):
        decision.leverage = 100.0
    with pytest.raises(TypeError):
        decision.__class__ = Skip


def test_a_subclass_of_decision_has_no_instances() -> None:
    class Forged(Decision):
        pass

    for make in (Forged, lambda: Forged.__new__(Forged), lambda: object.__new__(Forged)):
        with pytest.raises(TypeError):
            make()


def test_records_are_plain_values(trade: Trade, exit: Exit, advice: HarvestAdvice) -> None:
    for decision in (trade, exit, advice):
        record = decision.record()
        assert isinstance(record, Answer)
        assert pickle.loads(pickle.dumps(record)) == record
        assert Answer.from_dict(record.to_dict()) == record
        assert hash(copy.deepcopy(record)) == hash(record)


def test_values_pickle(engine: Engine, policy: Policy) -> None:
    limited = engine_with(max_leverage=5)
    timeline = PolicyTimeline([(NOW, policy), (NOW + timedelta(days=1), None)])
    for value in (engine, policy, limited, limited.guardrails, timeline, PolicySet.from_dict(POLICY_SET)):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(value, protocol))
            assert again == value and hash(again) == hash(value) and type(again) is type(value)
    assert limited != engine and hash(limited) != hash(engine)
    assert engine != policy


def test_a_pickle_is_validated_when_it_is_read(policy: Policy) -> None:
    invalid = pickle.dumps(policy).replace(b'\\"BTCUSDT\\":8', b'\\"BTCUSDT\\":0')
    assert invalid != pickle.dumps(policy)
    with pytest.raises(PortcullisError):
        pickle.loads(invalid)


def test_policies_are_read_from_files_and_text(tmp_path: Path, policy: Policy) -> None:
    path = tmp_path / "policy.json"
    path.write_text(policy.to_json(), encoding="utf-8")
    assert Policy.from_file(path) == policy == Policy.from_json(policy.to_json())
    assert policy.symbols == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert policy.lists("btcusdt") and not policy.lists("XRPUSDT") and not policy.lists("not a symbol")
    assert policy.valid_until == NOW + timedelta(hours=1)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(PortcullisError, match=r"policy\.json: .*`policy_version` is missing"):
        Policy.from_file(path)
    path.write_bytes(b"\xff")
    with pytest.raises(PortcullisError, match="not UTF-8"):
        Policy.from_file(path)
    with pytest.raises(FileNotFoundError):
        Policy.from_file(tmp_path / "absent.json")


def test_errors_have_field_value_and_line() -> None:
    with pytest.raises(PortcullisError) as raised:
        policy_with(leverage_by_symbol={"BTCUSDT": 0})
    assert isinstance(raised.value, ValueError)
    assert (raised.value.field, raised.value.value) == ("leverage_by_symbol.BTCUSDT", "0")
    with pytest.raises(PortcullisError) as raised:
        Guardrails.from_json('{\n"max_leverage": }')
    assert raised.value.line == 2
    with pytest.raises(PortcullisError) as raised:
        Guardrails.from_dict({"max_levrage": 5})
    assert raised.value.field == "max_levrage"
    again = pickle.loads(pickle.dumps(raised.value))
    assert (str(again), again.field) == (str(raised.value), raised.value.field)


def test_a_timeline_selects_the_policy_by_time(engine: Engine, policy: Policy) -> None:
    start = NOW - timedelta(hours=1)
    timeline = PolicyTimeline([(NOW + timedelta(minutes=1), None), (start, policy)])
    assert [at for at, _ in timeline.changes] == [start, NOW + timedelta(minutes=1)]
    assert timeline.at(start) is policy and timeline.at(start - timedelta(seconds=1)) is None
    assert isinstance(engine.decide(timeline, INTENT, now=NOW), Trade)
    assert isinstance(engine.decide(timeline, INTENT, now=NOW + timedelta(minutes=1)), Skip)
    with pytest.raises(PortcullisError, match="two policies"):
        PolicyTimeline([(NOW, policy), (NOW, None)])
    with pytest.raises(PortcullisError, match="no time zone"):
        PolicyTimeline([(datetime(2026, 1, 5), policy)])


def test_policy_sets() -> None:
    policy_set = PolicySet.from_dict(POLICY_SET)
    assert (policy_set.seq, policy_set.live, policy_set.is_killed) == (2, POLICY_SET["live"], False)
    (arm,) = policy_set.arms
    assert (arm.role, arm.key, arm.bps, arm.salt) == ("canary", "symbol", 2500, "canary-7")
    assert arm.until == datetime(2026, 1, 12, tzinfo=timezone.utc)
    assert policy_set.arm(arm.hash) == arm and policy_set.arm(policy_set.live) is None
    # The check value of the documentation.
    assert pe.bucket("canary-7", "BTCUSDT") == 3692
    assert policy_set.assigned("BTCUSDT", None) is None
    assigned = policy_set.assigned("SOLUSDT", "momentum")
    assert assigned is not None and assigned[0] == arm and assigned[1] < 2500
    with pytest.raises(PortcullisError):
        PolicySet.from_dict(POLICY_SET | {"live": "x"})


def test_enums_have_all_codes_of_the_engine() -> None:
    root = Path(__file__).resolve().parents[2]
    source = (root / "src/decide/skip_code.rs").read_text(encoding="utf-8")
    assert [code.value for code in SkipCode] == re.findall(r' = "([A-Z_]+)", \d+;', source)
    assert str(SkipCode.POLICY_STALE) == "POLICY_STALE" == SkipCode.POLICY_STALE


def test_the_policy_is_not_changed_by_its_dict() -> None:
    fields = copy.deepcopy(POLICY)
    policy = Policy.from_dict(fields)
    fields["leverage_by_symbol"]["BTCUSDT"] = 100
    assert policy == policy_with()
