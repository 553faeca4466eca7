"""Laws for decision functions in Python, checked with random policies and intents.

Derive a class from :class:`Laws` in a test file, and return the answers of the function. pytest then runs one test per law,
with ``--portcullis-examples=N`` for another number of random cases (the package ``hypothesis`` is required:
``pip install portcullis-engine[testing]``)::

    from portcullis_engine.testing import Laws, Question

    class TestGate(Laws):
        def decide(self, question: Question) -> dict[str, object]:
            order = my_gate(question.policy, question.intent, question.now)
            if order is None:
                return {"decision": "SKIP", "reason": "NO_ORDER"}
            return {"decision": "TRADE", "leverage": order.leverage, "notional_usd": order.usd}

A violation is reported as :class:`LawViolation` with the smallest failing case. The cases are the same in every run.

>>> def tenfold(question: Question) -> dict[str, object]:
...     return {"decision": "TRADE", "leverage": 10.0, "notional_usd": 100.0}
>>> try:
...     check(tenfold, Law.NO_POLICY_NO_TRADE)
... except LawViolation as violation:
...     print(violation.law, "-", violation.demand)
L1 - an entry without a policy in force must be a SKIP
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any

try:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st
    from hypothesis.errors import Flaky
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        "the laws need the package `hypothesis`; install `portcullis-engine[testing]`", name=_error.name
    ) from _error

from ._errors import PortcullisError
from ._portcullis import Decision, Engine, Guardrails, Policy

__all__ = [
    "DELEGATE",
    "OWNER",
    "Decide",
    "Law",
    "LawViolation",
    "Laws",
    "Question",
    "Row",
    "check",
    "intents",
    "policies",
    "questions",
    "reference",
    "unusable_policies",
]

OWNER = "exit-service"
"""The exit owner of each question."""
DELEGATE = "emergency-service"
"""The exit delegate of each question."""

_SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
_START = datetime(2026, 1, 5, 10, tzinfo=timezone.utc)


@dataclasses.dataclass(frozen=True)
class Question:
    """Everything that one answer may depend on."""

    policy: dict[str, Any] | None
    """The policy document as stored, valid or not; ``None`` if there is none."""
    guardrails: dict[str, Any]
    """The operator limits, as a document for ``Guardrails.from_dict``."""
    exit_owner: str
    exit_delegates: tuple[str, ...]
    intent: dict[str, Any]
    """The fields of the intent, valid or not."""
    now: datetime
    """The time of the decision. A function that reads a clock instead cannot be checked."""


Row = Mapping[str, Any]
"""An answer: ``decision`` is ``TRADE``, ``EXIT`` or ``SKIP``; a trade also has ``leverage`` and ``notional_usd``, a skip has
``reason``. The other columns of an answer row are optional."""

Decide = Callable[[Question], "Row | Decision"]
"""A decision function."""


class Law(Enum):
    """The laws, with their numbers as the values."""

    NO_POLICY_NO_TRADE = "L1"
    """An entry is a skip if the policy is absent, invalid, expired or not yet valid."""
    NO_NUMBER_WITHOUT_A_SOURCE = "L2"
    """Every number of a trade is the value of an input, or is computed from inputs."""
    TOTAL = "L3"
    """Every question has exactly one well-formed answer, and no exception."""
    UNKNOWN_INPUTS_FAIL = "L4"
    """An entry with a required input that is absent, not finite or unreadable is a skip."""
    EXITS_ARE_NEVER_BLOCKED = "L5"
    """An exit of the exit owner or a delegate is an exit, whatever the policy and the other inputs are."""
    DETERMINISTIC = "L6"
    """The same question has the same answer, in any order of the keys."""
    MONOTONE = "L7"
    """A stricter policy or stricter guardrails never turn a skip into a trade, and never raise a number."""

    def __str__(self) -> str:
        return self.value


class LawViolation(AssertionError):
    """A law that a function violates, with the smallest failing case."""

    law: Law
    demand: str
    """The demand of the law that was not met."""
    questions: tuple[tuple[Question, Row | str], ...]
    """The questions of the case and their answers. An answer is a text if it is not a row."""

    def __init__(
        self, law: Law, demand: str, questions: tuple[tuple[Question, Row | str], ...]
    ) -> None:
        self.law = law
        self.demand = demand
        self.questions = questions
        lines = [f"{law} is violated: {demand}"]
        for question, answer in questions:
            lines.append("- policy      " + _text(question.policy))
            lines.append("  guardrails  " + _text(question.guardrails))
            lines.append("  intent      " + _text(question.intent))
            lines.append("  now         " + question.now.isoformat())
            lines.append("  answer      " + (answer if isinstance(answer, str) else _text(answer)))
        super().__init__("\n".join(lines))


def _text(value: object) -> str:
    return json.dumps(value, default=repr)


def reference(question: Question) -> Row:
    """Answer a question with the engine of this package: the base for a wrapper."""
    engine = Engine(
        Guardrails.from_dict(question.guardrails),
        exit_owner=question.exit_owner,
        exit_delegates=question.exit_delegates,
    )
    try:
        policy = None if question.policy is None else Policy.from_dict(question.policy)
    except PortcullisError:
        policy = None
    return _row(engine.decide(policy, question.intent, now=question.now))


def _row(answer: Row | Decision) -> Row:
    if isinstance(answer, Decision):
        row: dict[str, Any] = json.loads(answer.to_json())
        return row
    return answer


# Strategies. A draft is simpler, the fewer fields it has and the smaller its numbers are, so that the smallest case is short.


def _numbers() -> st.SearchStrategy[float]:
    """Numbers of USD, units and multiples that are rarely a round constant of a program."""
    return st.integers(min_value=9, max_value=399).map(lambda eighths: eighths / 8)


def _times() -> st.SearchStrategy[datetime]:
    seconds = st.integers(min_value=0, max_value=86_400)
    return seconds.map(lambda after: _START + timedelta(seconds=after))


@st.composite
def policies(draw: st.DrawFn, now: datetime = _START) -> dict[str, Any]:
    """Draw a valid policy that is in force at a time. Each symbol has a leverage."""
    symbols = draw(st.lists(st.sampled_from(_SYMBOLS), min_size=1, max_size=3, unique=True))
    return {
        "policy_version": draw(st.sampled_from(("1", "2026-01-05a"))),
        "valid_until_epoch": now.timestamp() + draw(st.integers(min_value=60, max_value=86_400)),
        "universe_symbols": symbols,
        "leverage_by_symbol": {symbol: draw(_numbers()) for symbol in symbols},
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


_REQUIRED = (
    "policy_version",
    "valid_until_epoch",
    "universe_symbols",
    "leverage_by_symbol",
    "harvest_params",
    "kill_params",
)


@st.composite
def unusable_policies(draw: st.DrawFn, now: datetime = _START) -> dict[str, Any] | None:
    """Draw an absent, invalid, forged, expired or not yet valid policy."""
    kind = draw(st.sampled_from(("absent", "expired", "not yet", "missing", "unreadable", "forged")))
    if kind == "absent":
        return None
    policy = draw(policies(now))
    if kind == "expired":
        policy["valid_until_epoch"] = now.timestamp() - draw(st.integers(min_value=1, max_value=86_400))
    elif kind == "not yet":
        policy["valid_from_epoch"] = now.timestamp() + draw(st.integers(min_value=1, max_value=59))
    elif kind == "missing":
        del policy[draw(st.sampled_from(_REQUIRED))]
    elif kind == "unreadable":
        policy[draw(st.sampled_from(_REQUIRED[1:]))] = draw(st.sampled_from((math.nan, "x", [], None)))
    else:
        policy["policy_hash"] = "0" * 64
    return policy


@st.composite
def intents(draw: st.DrawFn, symbols: tuple[str, ...] = _SYMBOLS) -> dict[str, Any]:
    """Draw a valid entry: its size is ``position_size_usd``, ``quantity`` and ``price``, or ``position_usd`` and
    ``leverage``."""
    intent: dict[str, Any] = {
        "symbol": draw(st.sampled_from(symbols)),
        "side": draw(st.sampled_from(("BUY", "SELL"))),
    }
    size = draw(st.sampled_from(("notional", "units", "margin")))
    if size == "notional":
        intent["position_size_usd"] = draw(_numbers())
    elif size == "units":
        intent |= {"quantity": draw(_numbers()), "price": draw(_numbers())}
    else:
        intent["position_usd"] = draw(_numbers())
    if size == "margin" or draw(st.booleans()):
        intent["leverage"] = draw(_numbers())
    if draw(st.booleans()):
        intent["source"] = "momentum"
    return intent


def _question(
    policy: dict[str, Any] | None, intent: dict[str, Any], now: datetime, **guardrails: Any
) -> Question:
    return Question(policy, guardrails, OWNER, (DELEGATE,), intent, now)


@st.composite
def _entries(draw: st.DrawFn) -> Question:
    """Draw a valid entry in a symbol of a valid policy that is in force."""
    now = draw(_times())
    policy = draw(policies(now))
    return _question(policy, draw(intents(tuple(policy["universe_symbols"]))), now)


_UNUSABLE: tuple[Any, ...] = (None, math.nan, math.inf, -math.inf, 0, -1.5, "", "x", True, [], {})


def _noise() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from(_UNUSABLE),
        st.floats(),
        st.integers(),
        st.text(max_size=3),
        st.sampled_from(("BUY", "LONG", "BTCUSDT", "CLOSE", "true", OWNER)),
    )


_FIELDS = (
    "symbol",
    "side",
    "source",
    "action",
    "reduce_only",
    "reduceOnly",
    "leverage",
    "position_size_usd",
    "position_usd",
    "quantity",
    "price",
    "entry_price",
    "stop_loss",
    "take_profit",
    "ts",
    "comment",
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a question with any policy and any intent, valid or not."""
    now = draw(_times())
    policy = draw(st.one_of(unusable_policies(now), policies(now)))
    intent = draw(st.one_of(st.just({}), intents()))
    intent |= draw(st.dictionaries(st.sampled_from(_FIELDS), _noise(), max_size=4))
    guardrails = draw(st.sampled_from(({}, {"max_leverage": 3}, {"max_notional_usd": 50})))
    return _question(policy, intent, now, **guardrails)


# The laws.


class _Case:
    """The questions of one case."""

    def __init__(self, decide: Decide, law: Law) -> None:
        self._decide = decide
        self._law = law
        self._asked: list[tuple[Question, Row | str]] = []

    def ask(self, question: Question) -> Row:
        """Ask a question, and return its well-formed answer."""
        try:
            # The function gets its own copy, so that a change of it is not seen by the next question.
            answer = _row(self._decide(copy.deepcopy(question)))
        except Exception as error:
            self._asked.append((question, f"{type(error).__name__}: {error}"))
            violation = self._violation("a question must have an answer and no exception")
            raise violation from error
        self._asked.append((question, answer if isinstance(answer, Mapping) else repr(answer)))
        problem = _malformed(answer)
        self.demand(problem is None, f"an answer must be well-formed: {problem}")
        return answer

    def demand(self, is_met: bool, demand: str) -> None:
        if not is_met:
            raise self._violation(demand)

    def _violation(self, demand: str) -> LawViolation:
        return LawViolation(self._law, demand, tuple(self._asked))


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    return None if value is None else float(value)


def _malformed(row: object) -> str | None:
    """Return the reason why an answer is not well-formed."""
    if not isinstance(row, Mapping):
        return "it is not a mapping or a decision of the engine"
    decision = row.get("decision")
    if decision not in ("TRADE", "EXIT", "SKIP"):
        return "`decision` must be TRADE, EXIT or SKIP"
    if decision == "SKIP" and not (isinstance(row.get("reason"), str) and row["reason"]):
        return "a SKIP must have a `reason`"
    for name in ("leverage", "notional_usd", "size_usd"):
        value = row.get(name)
        if value is None and (decision != "TRADE" or name == "size_usd"):
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"`{name}` of a {decision} must be a number"
        if not (math.isfinite(value) and value > 0):
            return f"`{name}` of a {decision} must be a finite number above 0"
        if decision != "TRADE":
            return f"a {decision} must not have a `{name}`"
    return None


def _is_same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9)


def _no_policy(case: _Case, data: st.DataObject) -> bool:
    if data.draw(st.booleans()):
        # A function that remembers this policy can use it for the next question.
        case.ask(data.draw(_entries()))
    now = data.draw(_times())
    row = case.ask(_question(data.draw(unusable_policies(now)), data.draw(intents()), now))
    case.demand(row["decision"] == "SKIP", "an entry without a policy in force must be a SKIP")
    return True


def _sources(case: _Case, data: st.DataObject) -> bool:
    question = data.draw(_entries())
    policy, intent = question.policy, question.intent
    assert policy is not None
    if data.draw(st.booleans()):
        del policy["leverage_by_symbol"][intent["symbol"]]
    row = case.ask(question)
    if row["decision"] != "TRADE":
        return False
    known = (policy["leverage_by_symbol"].get(intent["symbol"]), intent.get("leverage"))
    leverage = _number(row, "leverage")
    case.demand(
        any(_is_same(leverage, number) for number in known if number is not None),
        "the `leverage` of a TRADE must be that of the policy or of the intent",
    )
    assert leverage is not None
    if "position_size_usd" in intent:
        sizes = [intent["position_size_usd"]]
    elif "position_usd" in intent:
        sizes = [intent["position_usd"] * leverage, intent["position_usd"]]
    else:
        sizes = [intent["quantity"] * intent["price"]]
    case.demand(
        _is_same(_number(row, "notional_usd"), sizes[0]),
        "the `notional_usd` of a TRADE must be that of the intent",
    )
    size = _number(row, "size_usd")
    case.demand(
        size is None or any(_is_same(size, number) for number in sizes),
        "the `size_usd` of a TRADE must be that of the intent",
    )
    return True


def _total(case: _Case, data: st.DataObject) -> bool:
    case.ask(data.draw(questions()))
    return True


def _unknown(case: _Case, data: st.DataObject) -> bool:
    question = data.draw(_entries())
    if case.ask(question)["decision"] != "TRADE":
        return False
    spoiled = copy.deepcopy(question)
    policy, intent = spoiled.policy, spoiled.intent
    assert policy is not None
    symbol = intent["symbol"]
    inputs = [name for name in intent if name not in ("source", "price")]
    name = data.draw(st.sampled_from(["reduce_only", "policy leverage", "policy symbol", *inputs]))
    if name == "policy symbol":
        policy["universe_symbols"].remove(symbol)
        what = "in a symbol that the policy does not list"
        if not policy["universe_symbols"]:
            policy["universe_symbols"].append("ADAUSDT")
    elif name == "policy leverage":
        del policy["leverage_by_symbol"][symbol]
        what = "in a symbol without a leverage in the policy"
    else:
        values = _UNUSABLE
        if name == "leverage" and "position_usd" not in intent:
            # An intent without a leverage has that of the policy.
            values = tuple(value for value in values if value is not None)
        elif name == "reduce_only":
            values = (math.nan, "x", [], 2)
        value = data.draw(st.sampled_from(values))
        intent[name] = value
        what = f"with the `{name}` {value!r}"
    row = case.ask(spoiled)
    case.demand(row["decision"] == "SKIP", f"an entry {what} must be a SKIP")
    return True


def _exits(case: _Case, data: st.DataObject) -> bool:
    now = data.draw(_times())
    policy = data.draw(st.one_of(unusable_policies(now), policies(now)))
    symbol = data.draw(st.sampled_from((*_SYMBOLS, "ADAUSDT")))
    intent: dict[str, Any] = {
        "symbol": symbol,
        "side": data.draw(st.sampled_from(("SELL", "BUY"))),
        "source": data.draw(st.sampled_from((OWNER, DELEGATE))),
    }
    guardrails = data.draw(st.sampled_from(({}, {"max_notional_usd": 1})))
    flag = data.draw(st.sampled_from(("reduce_only", "reduceOnly", "action", "lost", "stranger")))
    if flag == "lost":
        intent["position_size_usd"] = 50.0
        row = case.ask(_question(policy, intent, now, **guardrails))
        demand = "an entry of the exit owner or a delegate must be a SKIP, because it can be an exit that lost its `reduce_only`"
        case.demand(row["decision"] == "SKIP", demand)
        return True
    if flag == "stranger":
        intent |= {"source": "momentum", "reduce_only": True, "position_size_usd": 50.0}
        row = case.ask(_question(policy, intent, now, **guardrails))
        demand = "an exit of a service that may not close positions must be a SKIP"
        case.demand(row["decision"] == "SKIP", demand)
        return True
    intent[flag] = "CLOSE" if flag == "action" else data.draw(st.sampled_from((True, "true")))
    noise = ("leverage", "position_size_usd", "quantity", "price", "stop_loss")
    intent |= data.draw(st.dictionaries(st.sampled_from(noise), st.sampled_from(_UNUSABLE), max_size=2))
    row = case.ask(_question(policy, intent, now, **guardrails))
    case.demand(
        row["decision"] == "EXIT",
        "an exit of the exit owner or a delegate must be an EXIT, even if other inputs are invalid",
    )
    return True


def _reordered(value: Any) -> Any:
    """Return an equal value whose dicts have their keys in the reverse order."""
    if isinstance(value, dict):
        return {key: _reordered(value[key]) for key in reversed(value)}
    return value


def _deterministic(case: _Case, data: st.DataObject) -> bool:
    question = data.draw(st.one_of(_entries(), _two_sizes(), questions()))
    first = case.ask(question)
    other = dataclasses.replace(
        question, policy=_reordered(question.policy), intent=_reordered(question.intent)
    )
    second = case.ask(other)
    case.demand(_outcome(first) == _outcome(second), "another order of the keys must not change the answer")
    case.ask(_question(None, {}, question.now))
    third = case.ask(question)
    case.demand(_outcome(first) == _outcome(third), "the same question must have the same answer")
    return True


@st.composite
def _two_sizes(draw: st.DrawFn) -> Question:
    """Draw an entry with two sizes that can differ."""
    question = draw(_entries())
    sizes = {"position_size_usd": draw(_numbers()), "quantity": draw(_numbers()), "price": draw(_numbers())}
    question.intent.update(sizes)
    return question


def _outcome(row: Row) -> list[tuple[str, str]]:
    """Return the columns of an answer without its text, which can name the position of a field."""
    return sorted((name, repr(value)) for name, value in row.items() if name != "detail")


def _monotone(case: _Case, data: st.DataObject) -> bool:
    question = data.draw(_entries())
    loose = case.ask(question)
    tight = copy.deepcopy(question)
    policy, intent, guardrails = tight.policy, tight.intent, tight.guardrails
    assert policy is not None
    kinds = ["expiry", "symbol", "max_leverage", "max_notional_usd", "policy leverage", "leverage"]
    kind = data.draw(st.sampled_from(kinds))
    if kind == "expiry":
        policy["valid_until_epoch"] -= data.draw(st.integers(min_value=1, max_value=172_800))
    elif kind == "symbol":
        removed = data.draw(st.sampled_from(policy["universe_symbols"]))
        policy["universe_symbols"] = [it for it in policy["universe_symbols"] if it != removed] or ["ADAUSDT"]
    elif kind == "policy leverage":
        leverages = policy["leverage_by_symbol"]
        leverages[intent["symbol"]] = min(leverages[intent["symbol"]], data.draw(_numbers()))
    elif kind == "leverage":
        if "leverage" not in intent:
            return False
        intent["leverage"] = min(intent["leverage"], data.draw(_numbers()))
    else:
        guardrails[kind] = data.draw(_numbers())
    row = case.ask(tight)
    if row["decision"] != "TRADE":
        return bool(loose["decision"] == "TRADE")
    case.demand(loose["decision"] == "TRADE", f"a stricter {kind} must not turn a SKIP into a TRADE")
    for name in ("leverage", "notional_usd", "size_usd"):
        before, after = _number(loose, name), _number(row, name)
        is_higher = before is not None and after is not None and after > before and not _is_same(after, before)
        case.demand(not is_higher, f"a stricter {kind} must not raise `{name}`")
    return True


_CHECKS: dict[Law, Callable[[_Case, st.DataObject], bool]] = {
    Law.NO_POLICY_NO_TRADE: _no_policy,
    Law.NO_NUMBER_WITHOUT_A_SOURCE: _sources,
    Law.TOTAL: _total,
    Law.UNKNOWN_INPUTS_FAIL: _unknown,
    Law.EXITS_ARE_NEVER_BLOCKED: _exits,
    Law.DETERMINISTIC: _deterministic,
    Law.MONOTONE: _monotone,
}


def check(decide: Decide, law: Law, *, examples: int = 300) -> None:
    """Check a decision function against one law.

    :param examples: the number of random cases.
    :raises LawViolation: with the smallest failing case; or if no case tested the law, because the function never traded.
    """
    tested = [False]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        tested[0] |= _CHECKS[law](_Case(decide, law), data)

    try:
        holds()
    except Flaky as error:
        demand = "the same question must have the same answer, but a case failed only once"
        raise LawViolation(Law.DETERMINISTIC, demand, ()) from error
    if not tested[0]:
        demand = (
            f"none of {examples} valid entries was a TRADE, so the law was not tested; use the policy, the intent"
            " and the time of the question"
        )
        raise LawViolation(law, demand, ())


# The number of random cases of all classes; ``None`` for the number in each class.
_examples: int | None = None


def set_examples(examples: int) -> None:
    """Set the number of random cases of each law in all classes. The pytest option ``--portcullis-examples`` calls it."""
    global _examples
    _examples = examples


class Laws:
    """The laws as tests: a class that is derived from this one in a test file is held to them.

    ``examples`` is the number of random cases of each test.
    """

    examples: int = 300

    def decide(self, question: Question) -> Row | Decision:
        """Return the answer of the function under test."""
        raise NotImplementedError("define `decide(self, question)` in the test class")

    def test_l1_no_policy_no_trade(self) -> None:
        check(self.decide, Law.NO_POLICY_NO_TRADE, examples=_examples or self.examples)

    def test_l2_no_number_without_a_source(self) -> None:
        check(self.decide, Law.NO_NUMBER_WITHOUT_A_SOURCE, examples=_examples or self.examples)

    def test_l3_total(self) -> None:
        check(self.decide, Law.TOTAL, examples=_examples or self.examples)

    def test_l4_unknown_inputs_fail(self) -> None:
        check(self.decide, Law.UNKNOWN_INPUTS_FAIL, examples=_examples or self.examples)

    def test_l5_exits_are_never_blocked(self) -> None:
        check(self.decide, Law.EXITS_ARE_NEVER_BLOCKED, examples=_examples or self.examples)

    def test_l6_deterministic(self) -> None:
        check(self.decide, Law.DETERMINISTIC, examples=_examples or self.examples)

    def test_l7_monotone(self) -> None:
        check(self.decide, Law.MONOTONE, examples=_examples or self.examples)
