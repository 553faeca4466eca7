"""The laws for decision functions in Python: the engine meets them, and each planted failure is found."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from conftest import INTENT, NOW, POLICY
from portcullis_engine import Decision, Engine, Guardrails, Policy, PortcullisError
from portcullis_engine.testing import (
    DELEGATE,
    OWNER,
    Law,
    Laws,
    LawViolation,
    Question,
    Row,
    check,
    intents,
    policies,
    questions,
    reference,
    unusable_policies,
)


class TestEngine(Laws):
    def decide(self, question: Question) -> Row:
        return reference(question)


class TestDecisionObjects(Laws):
    examples = 50

    def decide(self, question: Question) -> Decision:
        owners = {"exit_owner": question.exit_owner, "exit_delegates": list(question.exit_delegates)}
        engine = Engine(Guardrails.from_dict(question.guardrails), **owners)  # type: ignore[arg-type]
        try:
            policy = question.policy and Policy.from_dict(question.policy)
        except PortcullisError:
            policy = None
        return engine.decide(policy or None, question.intent, now=question.now)


def violation(decide: Any, law: Law, examples: int = 300) -> LawViolation:
    with pytest.raises(LawViolation) as error:
        check(decide, law, examples=examples)
    assert error.value.law is law
    return error.value


def is_close(question: Question) -> bool:
    return question.intent.get("source") in (question.exit_owner, *question.exit_delegates)


def test_a_tenfold_fallback_is_found() -> None:
    def tenfold(question: Question) -> Row:
        row = dict(reference(question))
        if row.get("reason") == "POLICY_MISSING_LEVERAGE" and "leverage" not in question.intent:
            return {"decision": "TRADE", "leverage": 10.0, "notional_usd": question.intent["position_size_usd"]}
        if row["decision"] == "SKIP" and question.policy is None and "position_size_usd" in question.intent:
            return {"decision": "TRADE", "leverage": 10.0, "notional_usd": 1.0}
        return row

    found = violation(tenfold, Law.NO_POLICY_NO_TRADE)
    ((question, answer),) = found.questions
    assert question.policy is None
    assert question.intent == {"symbol": "BTCUSDT", "side": "BUY", "position_size_usd": 1.125}
    assert found.demand == "an entry without a policy in force must be a SKIP"
    assert isinstance(answer, dict) and answer["leverage"] == 10.0
    text = str(found)
    assert text.startswith("L1 is violated: an entry without a policy in force must be a SKIP\n- policy      null\n")
    assert '"decision": "TRADE", "leverage": 10.0' in text


def test_a_fallback_for_a_missing_leverage_is_found() -> None:
    def fallback(question: Question) -> Row:
        row = reference(question)
        if row.get("reason") != "POLICY_MISSING_LEVERAGE" or "leverage" in question.intent:
            return row
        usd = question.intent.get("position_size_usd", 1.0)
        return {"decision": "TRADE", "leverage": 10.0, "notional_usd": usd}

    found = violation(fallback, Law.NO_NUMBER_WITHOUT_A_SOURCE)
    question, _ = found.questions[-1]
    assert question.policy is not None and question.policy["universe_symbols"] == ["BTCUSDT"]
    assert question.policy["leverage_by_symbol"] == {}
    assert question.intent == {"symbol": "BTCUSDT", "side": "BUY", "position_size_usd": 1.125}
    violation(fallback, Law.UNKNOWN_INPUTS_FAIL)


def test_a_policy_that_is_never_reloaded_is_found() -> None:
    def stale(question: Question) -> Row:
        policy = question.policy
        if policy is not None and "valid_until_epoch" in policy:
            is_number = isinstance(policy["valid_until_epoch"], (int, float))
            if is_number and math.isfinite(policy["valid_until_epoch"]):
                policy["valid_until_epoch"] = question.now.timestamp() + 60
        return reference(question)

    found = violation(stale, Law.NO_POLICY_NO_TRADE)
    ((question, answer),) = found.questions
    assert question.policy is not None and isinstance(answer, dict) and answer["decision"] == "TRADE"
    # The policy expired one second ago.
    assert question.policy["valid_until_epoch"] == question.now.timestamp() - 1
    assert question.policy["universe_symbols"] == ["BTCUSDT"]


def test_nan_that_is_read_as_absent_is_found() -> None:
    def dropna(question: Question) -> Row:
        for name, value in list(question.intent.items()):
            if isinstance(value, float) and math.isnan(value):
                del question.intent[name]
        return reference(question)

    found = violation(dropna, Law.UNKNOWN_INPUTS_FAIL)
    question, _ = found.questions[-1]
    assert found.demand == "an entry with the `reduce_only` nan must be a SKIP"
    assert list(question.intent) == ["symbol", "side", "position_size_usd", "reduce_only"]


def test_a_lost_reduce_only_is_found() -> None:
    def lost(question: Question) -> Row:
        question.intent.pop("reduce_only", None)
        question.intent.pop("reduceOnly", None)
        if is_close(question) and "action" not in question.intent:
            question.intent["source"] = "bridge"
        return reference(question)

    found = violation(lost, Law.EXITS_ARE_NEVER_BLOCKED)
    ((question, answer),) = found.questions
    assert question.policy is None
    assert question.intent == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "source": OWNER,
        "reduce_only": True,
    }
    assert isinstance(answer, dict) and answer["decision"] == "SKIP"


def test_an_exit_behind_the_policy_gate_is_found() -> None:
    def blocked(question: Question) -> Row:
        return reference(question) if question.policy else {"decision": "SKIP", "reason": "NO_POLICY"}

    found = violation(blocked, Law.EXITS_ARE_NEVER_BLOCKED)
    assert found.questions[0][0].policy is None


def test_an_answer_by_the_order_of_keys_is_found() -> None:
    def first_size(question: Question) -> Row:
        sizes = [name for name in question.intent if name in ("position_size_usd", "quantity")]
        for name in sizes[1:]:
            del question.intent[name]
        return reference(question)

    found = violation(first_size, Law.DETERMINISTIC)
    (one, first), (other, second) = found.questions
    assert one == other and list(one.intent) == list(reversed(other.intent)) and first != second
    assert found.demand == "another order of the keys must not change the answer"


def test_a_remembered_policy_is_found() -> None:
    remembered: list[dict[str, Any]] = []

    def cache(question: Question) -> Row:
        if question.policy is not None and not remembered:
            remembered.append(json.loads(json.dumps(question.policy)))
        question = Question(
            remembered[0] if remembered else None,
            question.guardrails,
            question.exit_owner,
            question.exit_delegates,
            question.intent,
            question.now,
        )
        return reference(question)

    violation(cache, Law.NO_POLICY_NO_TRADE)
    assert len(remembered) == 1


def test_an_answer_by_chance_is_found() -> None:
    asked: list[Question] = []

    def once(question: Question) -> Row:
        asked.append(question)
        if len(asked) == 5:
            return {"decision": "TRADE", "leverage": 10.0, "notional_usd": 1.0}
        return {"decision": "SKIP", "reason": "CLOSED"}

    with pytest.raises(LawViolation, match="must have the same answer") as error:
        check(once, Law.NO_POLICY_NO_TRADE)
    assert error.value.law is Law.DETERMINISTIC


def test_an_expiry_that_is_read_as_a_bound_from_below_is_found() -> None:
    def inverted(question: Question) -> Row:
        row = reference(question)
        if row.get("reason") == "POLICY_STALE":
            return {"decision": "TRADE", "leverage": 2.0, "notional_usd": 2.0}
        if row["decision"] == "TRADE":
            return {"decision": "SKIP", "reason": "EARLY"}
        return row

    found = violation(inverted, Law.MONOTONE)
    assert found.demand == "a stricter expiry must not turn a SKIP into a TRADE"


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (None, "not a mapping"),
        (True, "not a mapping"),
        ({}, "`decision` must be"),
        ({"decision": "BUY"}, "`decision` must be"),
        ({"decision": "SKIP"}, "must have a `reason`"),
        ({"decision": "EXIT", "leverage": 2.0}, "must not have a `leverage`"),
        ({"decision": "TRADE", "leverage": math.nan, "notional_usd": 1.0}, "finite number above 0"),
        ({"decision": "TRADE", "leverage": 2.0}, "`notional_usd` of a TRADE must be a number"),
        ({"decision": "TRADE", "leverage": True, "notional_usd": 1.0}, "`leverage` of a TRADE must be a number"),
    ],
)
def test_an_answer_that_is_not_well_formed_is_found(answer: Any, part: str) -> None:
    assert part in violation(lambda question: answer, Law.TOTAL).demand


def test_an_exception_is_found() -> None:
    def fragile(question: Question) -> Row:
        float(question.intent["leverage"])
        return reference(question)

    found = violation(fragile, Law.TOTAL)
    assert found.questions[0][1] == "KeyError: 'leverage'"
    assert found.questions[0][0].intent == {}


def test_a_function_that_never_trades_is_not_tested() -> None:
    def never(question: Question) -> Row:
        return {"decision": "SKIP", "reason": "CLOSED"}

    check(never, Law.NO_POLICY_NO_TRADE)
    for law in (Law.NO_NUMBER_WITHOUT_A_SOURCE, Law.UNKNOWN_INPUTS_FAIL, Law.MONOTONE):
        assert "the law was not tested" in violation(never, law, examples=20).demand


def test_a_function_cannot_change_the_next_question() -> None:
    def greedy(question: Question) -> Row:
        row = reference(question)
        question.intent.clear()
        if question.policy is not None:
            question.policy.clear()
        return row

    check(greedy, Law.DETERMINISTIC)


@given(policies(NOW), unusable_policies(NOW), intents(), questions())
@settings(max_examples=50, deadline=None, database=None, derandomize=True)
def test_the_strategies_draw_what_they_state(
    policy: dict[str, Any], unusable: dict[str, Any] | None, intent: dict[str, Any], question: Question
) -> None:
    valid = Policy.from_dict(policy)
    assert NOW + timedelta(seconds=60) <= valid.valid_until
    if unusable is not None:
        try:
            refused = Policy.from_dict(unusable)
        except PortcullisError:
            pass
        else:
            assert NOW > refused.valid_until or (refused.valid_from or NOW) > NOW
    assert {"symbol", "side"} <= set(intent)
    assert isinstance(question.now, datetime) and question.exit_delegates == (DELEGATE,)


def run_pytest(folder: Path, content: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_gate.py").write_text(content)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def test_the_class_runs_one_test_per_law(tmp_path: Path) -> None:
    result = run_pytest(
        tmp_path,
        """
from portcullis_engine.testing import Laws, Question

class TestGate(Laws):
    def decide(self, question: Question) -> dict[str, object]:
        if question.policy is None:
            return {"decision": "TRADE", "leverage": 10.0, "notional_usd": 1.0}
        return {"decision": "SKIP", "reason": "CLOSED"}
""",
    )
    assert result.returncode == 1
    assert "L1 is violated: an entry without a policy in force must be a SKIP" in result.stdout
    assert "test_l1_no_policy_no_trade" in result.stdout and "test_l7_monotone" in result.stdout


def test_the_plugin_collects_every_class_and_sets_the_number_of_cases(tmp_path: Path) -> None:
    content = """
from portcullis_engine.testing import Laws, Question, reference

class WithoutFunction(Laws):
    pass

class Gate(WithoutFunction):
    examples = 1000
    asked = 0

    def decide(self, question: Question) -> dict[str, object]:
        Gate.asked += 1
        return reference(question)

def test_the_number_of_questions() -> None:
    assert 7 * 20 <= Gate.asked <= 7 * 20 * 3
"""
    result = run_pytest(tmp_path, content, "--portcullis-examples=20")
    assert "8 passed" in result.stdout, result.stdout
    result = run_pytest(tmp_path, content, "--portcullis-examples=0")
    assert result.returncode == 4 and "pass at least 1" in result.stderr


def test_the_reference_answers_as_the_engine(engine: Engine) -> None:
    question = Question(POLICY, {}, "exit-service", ("emergency",), INTENT, NOW)
    answer = engine.decide(Policy.from_dict(POLICY), INTENT, now=NOW).to_json()
    assert reference(question) == json.loads(answer)
