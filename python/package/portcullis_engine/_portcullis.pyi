"""Types of the native module."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import Any, Literal, NoReturn, SupportsIndex, final

from typing_extensions import Self, disjoint_base

from ._answer import Answer
from ._codes import Gate, HarvestAction, PositionSide, Side, SkipCode

__all__ = [
    "AnswerReader",
    "Arm",
    "Decision",
    "Engine",
    "Exit",
    "Feed",
    "FeedSnapshot",
    "Guardrails",
    "Halt",
    "HarvestAdvice",
    "Part",
    "Plan",
    "Policy",
    "PolicySet",
    "PolicyTimeline",
    "PolicyUnavailable",
    "Reader",
    "Skip",
    "Store",
    "Trade",
    "__version__",
    "answer_table",
    "bucket",
    "decide_assumed",
    "diff",
    "explain_row",
    "merge_parts",
    "open_answers",
    "plan_parts",
    "record_columns",
    "replay",
    "replay_part",
]

__version__: str

@final
class Policy:
    """A validated policy. It is equal to a policy with the same fields."""

    @staticmethod
    def from_json(text: str) -> Policy:
        """Parse a policy from JSON text: a document, or an object of texts in the form of a Redis hash.

        :raises PortcullisError: with all violations; ``field`` and ``value`` are those of the first.
        """

    @staticmethod
    def from_dict(fields: dict[str, Any]) -> Policy:
        """Read a policy from a dict. The errors are those of :meth:`from_json`."""

    @staticmethod
    def from_file(path: str | PathLike[str]) -> Policy:
        """Read a policy from a JSON file. The errors are those of :meth:`from_json`, and ``OSError``."""

    @property
    def version(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def seq(self) -> int | None: ...
    @property
    def valid_from(self) -> datetime | None: ...
    @property
    def valid_until(self) -> datetime: ...
    @property
    def valid_until_ms(self) -> int: ...
    @property
    def symbols(self) -> list[str]: ...
    @property
    def market(self) -> str | None: ...
    @property
    def venue(self) -> str | None: ...
    def lists(self, symbol: str) -> bool:
        """Return true if the policy lists the symbol."""

    def to_json(self) -> str:
        """Return the fields as JSON text, in the form of a Redis hash."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class PolicyTimeline:
    """The policies that are active from given times on. Before the first time, there is no policy."""

    def __new__(cls, changes: Iterable[tuple[datetime, Policy | None]]) -> Self:
        """Create a timeline from pairs of an aware datetime and a policy, or ``None`` for a withdrawal.

        :raises PortcullisError: if a datetime is naive, not between 2000 and 2100, or a duplicate.
        """

    @property
    def changes(self) -> list[tuple[datetime, Policy | None]]: ...
    def at(self, when: datetime) -> Policy | None:
        """Return the policy that is active at an aware datetime."""

    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[list[tuple[datetime, Policy | None]]]]: ...

@final
class Guardrails:
    """Operator limits that apply to every policy and every intent."""

    @staticmethod
    def none() -> Guardrails:
        """Return guardrails without limits."""

    @staticmethod
    def from_json(text: str) -> Guardrails:
        """Parse guardrails from JSON text.

        :raises PortcullisError: with all faults; ``field``, ``value`` and ``line`` are those of the first.
        """

    @staticmethod
    def from_dict(fields: dict[str, Any]) -> Guardrails:
        """Read guardrails from a dict. The errors are those of :meth:`from_json`."""

    @staticmethod
    def from_file(path: str | PathLike[str]) -> Guardrails:
        """Read guardrails from a JSON file. The errors are those of :meth:`from_json`, and ``OSError``."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str, ...]]: ...

@disjoint_base
class Decision:
    """The answer to an intent or a position: the base class of ``Trade``, ``Exit`` and ``Skip``.

    Only the engine makes decisions: there is no constructor, and a decision cannot be pickled or copied.
    """

    @property
    def decision(self) -> Literal["TRADE", "EXIT", "SKIP"]: ...
    @property
    def id(self) -> str | None: ...
    @property
    def symbol(self) -> str | None: ...
    @property
    def side(self) -> Side | PositionSide | None: ...
    @property
    def policy(self) -> Policy | None:
        """The policy that was checked, or ``None`` if no gate checked a policy."""

    @property
    def policy_version(self) -> str | None: ...
    @property
    def policy_hash(self) -> str | None: ...
    def record(self) -> Answer:
        """Return the answer row, which permits nothing and can be pickled."""

    def to_json(self) -> str:
        """Return the answer row as a line of JSON, byte for byte as ``portcullis decide`` writes it."""

    def __bool__(self) -> NoReturn:
        """Raise ``TypeError``: a decision is neither true nor false."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> NoReturn: ...
    def __deepcopy__(self, memo: Any, /) -> NoReturn: ...
    def __reduce__(self) -> NoReturn: ...
    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn: ...

@final
class Trade(Decision):
    """The proof that an entry passed every gate. Amounts are in USD; each number has its source."""

    __match_args__ = ("symbol", "side", "leverage", "notional_usd")

    @property
    def leverage(self) -> float: ...
    @property
    def leverage_source(self) -> str: ...
    @property
    def leverage_requested(self) -> float | None: ...
    @property
    def size_usd(self) -> float: ...
    @property
    def size_basis(self) -> Literal["notional", "margin"]: ...
    @property
    def size_source(self) -> str: ...
    @property
    def notional_usd(self) -> float: ...
    @property
    def notional_source(self) -> str: ...
    @property
    def margin_usd(self) -> float: ...
    @property
    def margin_source(self) -> str: ...
    @property
    def quantity(self) -> float | None:
        """The quantity in units of the symbol, if known."""

    @property
    def quantity_source(self) -> str | None: ...
    @property
    def entry_price(self) -> float | None:
        """The entry price of the intent, in USD per unit; its source is ``intent:entry_price``."""

    @property
    def stop_loss(self) -> float | None:
        """The stop of the intent, in USD per unit; its source is ``intent:stop_loss``."""

    @property
    def take_profit(self) -> float | None:
        """The target of the intent, in USD per unit; its source is ``intent:take_profit``."""

    @property
    def not_after(self) -> datetime:
        """The last time at which the trade may be executed."""

    @property
    def not_after_ms(self) -> int:
        """The last time at which the trade may be executed, in epoch milliseconds."""

    @property
    def not_after_source(self) -> str: ...
    @property
    def fresh_until(self) -> datetime | None:
        """The time after which the intent is too old, or ``None`` if its age has no bound."""

@final
class Exit(Decision):
    """A permit to reduce or close a position."""

    __match_args__ = ("symbol", "side", "quantity")

    @property
    def source(self) -> str:
        """The service that requested the exit."""

    @property
    def rule(self) -> Literal["owner", "delegate"]: ...
    @property
    def position_side(self) -> PositionSide | None: ...
    @property
    def quantity(self) -> float | None:
        """The quantity to close in units of the symbol, if the intent states it."""

    @property
    def quantity_fraction(self) -> float | None:
        """The part of the position to close, in (0, 1], if the intent states it."""

    @property
    def quantity_source(self) -> str | None: ...
    @property
    def quantity_state(self) -> Literal["stated", "fraction", "not_stated", "usd_only", "unreadable"]:
        """Which quantity the intent states. If it is ``usd_only`` or ``unreadable``, do not close the whole position."""

    @property
    def trigger_price(self) -> float | None:
        """The price at which the order of a resting exit is sent, in USD per unit."""

    @property
    def trigger_source(self) -> str | None: ...
    @property
    def notes(self) -> str | None:
        """The parts of the intent that could not be used."""

@final
class Skip(Decision):
    """A skip: nothing is done."""

    __match_args__ = ("reason", "detail")

    @property
    def reason(self) -> SkipCode: ...
    @property
    def gate(self) -> Gate | None:
        """The gate that failed; ``None`` for a position."""

    @property
    def detail(self) -> str:
        """The evidence: the observed values, and the requirement that they failed."""

@final
class HarvestAdvice:
    """The proposal for an open position. Prices and amounts are in USD per unit."""

    __match_args__ = ("symbol", "action", "close_quantity")

    @property
    def decision(self) -> Literal["HARVEST"]: ...
    @property
    def id(self) -> str | None: ...
    @property
    def symbol(self) -> str: ...
    @property
    def side(self) -> PositionSide | None: ...
    @property
    def action(self) -> HarvestAction: ...
    @property
    def close_quantity(self) -> float | None: ...
    @property
    def close_fraction(self) -> float | None: ...
    @property
    def stop(self) -> float | None:
        """The proposed stop."""

    @property
    def stop_source(self) -> str | None:
        """The source of the stop distance with which R was computed."""

    @property
    def r_net(self) -> float | None:
        """The profit after costs, in R multiples."""

    @property
    def risk_unit(self) -> float | None: ...
    @property
    def cost(self) -> float | None: ...
    @property
    def kill_score(self) -> float | None: ...
    @property
    def k_regime_flip(self) -> float | None: ...
    @property
    def k_sigma_spike(self) -> float | None: ...
    @property
    def k_ts_drop(self) -> float | None: ...
    @property
    def k_age_penalty(self) -> float | None: ...
    @property
    def reasons(self) -> tuple[str, ...]: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def policy_version(self) -> str: ...
    @property
    def policy_hash(self) -> str: ...
    def record(self) -> Answer:
        """Return the answer row."""

    def to_json(self) -> str:
        """Return the answer row as a line of JSON."""

    def __bool__(self) -> NoReturn:
        """Raise ``TypeError``: an advice is neither true nor false."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> NoReturn: ...
    def __deepcopy__(self, memo: Any, /) -> NoReturn: ...
    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn: ...

@disjoint_base
class Engine:
    def __new__(
        cls, guardrails: Guardrails, *, exit_owner: str, exit_delegates: Sequence[str]
    ) -> Self: ...
    @property
    def guardrails(self) -> Guardrails: ...
    @property
    def exit_owner(self) -> str: ...
    @property
    def exit_delegates(self) -> tuple[str, ...]: ...
    def decide(
        self,
        policy: Policy | PolicyTimeline | Feed | FeedSnapshot | PolicyUnavailable | None,
        intent: Mapping[str, Any] | str | bytes | None = None,
        *,
        symbol: str | None = None,
        side: str | None = None,
        source: str | None = None,
        leverage: Any = None,
        position_size_usd: Any = None,
        now_ms: int | None = None,
        now: datetime | None = None,
        quantity: Any = None,
        price: Any = None,
        id: Any = None,
        ts: Any = None,
        position_usd: Any = None,
        entry_price: Any = None,
        stop_loss: Any = None,
        take_profit: Any = None,
        action: str | None = None,
        reduce_only: Any = None,
        position_side: str | None = None,
        timestamp: Any = None,
        size: Any = None,
        qty: Any = None,
        intent_id: Any = None,
        confidence: Any = None,
        regime: Any = None,
        model: Any = None,
    ) -> Trade | Exit | Skip:
        """Decide one intent.

        The intent is a mapping, a JSON text, or the keyword arguments. A mapping has the fields of a JSON intent, with the same
        aliases and the same answers; a keyword has one of the names below, so that a misspelled name is a ``TypeError``. Pass the
        text if you have it: a dict no longer shows that a key was a duplicate. ``None`` is an absent field; NaN is an unusable
        number, which fails the gate that needs it. A refused intent is a :class:`Skip` and not an error.

        :param policy: the policy, or the policies by time, or ``None`` if there is no policy; or a feed or one of its
            snapshots, whose halts are then applied as well.
        :param now: the time of the decision, an aware datetime. Pass exactly one of ``now`` and ``now_ms``.
        :param now_ms: the time of the decision, in epoch milliseconds.
        :param position_size_usd: the notional in USD.
        :param position_usd: the margin in USD, which needs ``leverage``.
        :raises PortcullisError: if the time is absent, naive or not between 2000 and 2100, or if a value has a type that JSON
            does not have.
        """

    def explain(
        self,
        policy: Policy | PolicyTimeline | Feed | FeedSnapshot | PolicyUnavailable | None,
        intent: Mapping[str, Any] | str | bytes,
        *,
        now: datetime | None = None,
        now_ms: int | None = None,
    ) -> str:
        """Explain the decision about one intent: each gate, with the values that it compared."""

    def harvest(
        self,
        policy: Policy | PolicyTimeline | Feed | FeedSnapshot | PolicyUnavailable | None,
        position: Mapping[str, Any] | str | bytes,
        *,
        now: datetime | None = None,
        now_ms: int | None = None,
    ) -> HarvestAdvice | Skip:
        """Evaluate one open position: a mapping or a JSON text."""

    def explain_harvest(
        self,
        policy: Policy | PolicyTimeline | Feed | FeedSnapshot | PolicyUnavailable | None,
        position: Mapping[str, Any] | str | bytes,
        *,
        now: datetime | None = None,
        now_ms: int | None = None,
    ) -> str:
        """Explain the evaluation of one open position."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs_ex__(self) -> tuple[tuple[Guardrails], dict[str, Any]]: ...

@final
class PolicySet:
    """A live policy and the arms beside it, each by the hash of its policy."""

    @staticmethod
    def from_json(text: str) -> PolicySet:
        """Parse a policy set from JSON text.

        :raises PortcullisError: with the paths of all faults.
        """

    @staticmethod
    def from_dict(fields: dict[str, Any]) -> PolicySet:
        """Read a policy set from a dict. The errors are those of :meth:`from_json`."""

    @property
    def seq(self) -> int: ...
    @property
    def live(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def is_killed(self) -> bool:
        """True if the kill switch is on: then no arm decides an entry."""

    @property
    def arms(self) -> tuple[Arm, ...]: ...
    def arm(self, hash: str) -> Arm | None:
        """Return the arm whose policy has this hash."""

    def assigned(self, symbol: str, source: str | None) -> tuple[Arm, int] | None:
        """Return the canary that the salts assign to a symbol and a source, and the bucket of the symbol."""

    def to_json(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[str]]: ...

@final
class Arm:
    """A policy beside the live one, and the records to which it applies."""

    @property
    def hash(self) -> str: ...
    @property
    def role(self) -> Literal["canary", "shadow"]: ...
    @property
    def key(self) -> Literal["symbol", "source", "id"]: ...
    @property
    def bps(self) -> int:
        """The share of the keys to which the arm applies, in basis points."""

    @property
    def salt(self) -> str: ...
    @property
    def until(self) -> datetime: ...
    @property
    def source(self) -> str | None: ...
    @property
    def symbol(self) -> str | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class AnswerReader:
    """Answers as an Arrow stream, which can be read once."""

    def __arrow_c_schema__(self) -> Any:
        """Return the schema as a capsule."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        """Return the stream as a capsule.

        :raises PortcullisError: if the answers were already read.
        """

def bucket(salt: str, key: str) -> int:
    """Return the bucket of a key, from 0 to 9999. An arm applies to a key if the bucket is below its basis points."""

def decide_assumed(
    engine: Engine,
    policy: Policy | PolicyTimeline | None,
    intent: Mapping[str, Any] | str | bytes,
    now: datetime | None,
    now_ms: int | None,
) -> Answer: ...
def answer_table(
    engine: Engine,
    policy: Policy | PolicyTimeline | None,
    records: object,
    at: datetime | str,
    of: tuple[str, bool],
    columns: list[str] | None,
) -> AnswerReader: ...
def open_answers(
    engine: Engine,
    policy: Policy | PolicyTimeline | None,
    records: object,
    at: datetime | str,
    of: tuple[str, bool],
    columns: list[str] | None,
) -> AnswerReader: ...
def explain_row(
    engine: Engine,
    policy: Policy | PolicyTimeline | None,
    records: object,
    row: int,
    at: datetime | str,
    of: tuple[str, bool],
) -> str: ...
def record_columns() -> list[str]: ...
def replay(
    engine: Engine,
    policy: Policy | None,
    tapes: list[str],
    threads: int,
    out: str | None,
    assume_in_force: bool,
) -> dict[str, Any]: ...
def diff(
    engine: Engine,
    policies: tuple[Policy, Policy],
    tapes: list[str],
    threads: int,
    assume_in_force: bool,
) -> dict[str, Any]: ...

@final
class Halt:
    """The symbols in which entries are halted. It is true if anything is halted."""

    def __new__(cls, symbols: Iterable[str]) -> Self:
        """Create a halt of these symbols.

        :raises PortcullisError: if a text is not a symbol.
        """

    @staticmethod
    def all() -> Halt:
        """Return the halt of every symbol."""

    @property
    def is_everything(self) -> bool:
        """True if every symbol is halted. Then ``symbols`` is empty."""

    @property
    def symbols(self) -> tuple[str, ...]: ...
    def halts(self, symbol: str) -> bool:
        """Return true if entries in the symbol are halted. A text that is not a symbol is halted."""

    def __bool__(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]: ...

@final
class PolicyUnavailable:
    """The reason why a store has no policy that the reader accepts. A decision under it is a skip with this reason."""

    __match_args__ = ("code", "detail")

    @property
    def code(self) -> SkipCode: ...
    @property
    def detail(self) -> str: ...
    def __bool__(self) -> NoReturn:
        """Raise ``TypeError``: use ``isinstance(policy, Policy)``."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class FeedSnapshot:
    """The policy, or the reason why there is none, and the halts of a store at one moment."""

    @property
    def number(self) -> int:
        """The number of the snapshot. It grows with each change; 0 means that the store has not answered yet."""

    @property
    def policy(self) -> Policy | PolicyUnavailable:
        """The policy, or the reason why it is unavailable. It does not contain the halts."""

    @property
    def halt(self) -> Halt: ...

@disjoint_base
class Feed:
    def __new__(
        cls,
        store: Store,
        *,
        trusted_keys: list[str],
        sequence_file: str | PathLike[str] | None,
        require_noeviction: bool,
    ) -> Self: ...
    @property
    def snapshot(self) -> FeedSnapshot:
        """The current policy and halts, read without a lock."""

    @property
    def policy(self) -> Policy | PolicyUnavailable:
        """The current policy, or the reason why it is unavailable, read without a lock.

        It does not contain the halts: pass the feed itself to ``engine.decide`` to apply both.
        """

    @property
    def halt(self) -> Halt:
        """The current halts, read without a lock."""

    def _read_health(self) -> dict[str, Any]: ...
    def _wait(self, after: int, timeout: float) -> bool: ...
    def _wait_or_stop(self, after: int) -> FeedSnapshot | None: ...
    def _end(self) -> bool: ...

@final
class Reader:
    def __new__(
        cls, store: Store, trusted_keys: list[str], sequence_file: str | PathLike[str] | None
    ) -> Self: ...
    def load(self) -> Policy: ...

@final
class Store:
    @staticmethod
    def redis(url: str) -> Store: ...
    @staticmethod
    def file(path: str | PathLike[str]) -> Store: ...
    @property
    def name(self) -> str: ...
    def load(self) -> Policy: ...
    def current_hash(self) -> str | None: ...
    def publish(
        self,
        policy: Policy,
        guardrails: Guardrails,
        operator_name: str,
        *,
        expected: str | None,
        now: datetime,
        reason: str | None,
        signing_key: str | None,
    ) -> tuple[Policy, int, list[str]]: ...
    def history(self, newest: int) -> list[dict[str, Any]]: ...
    def halts(self) -> Halt: ...
    def halt(
        self, halt: Halt, operator_name: str, *, now: datetime, reason: str | None
    ) -> Halt: ...
    def resume(
        self, halt: Halt, operator_name: str, *, now: datetime, reason: str | None
    ) -> Halt: ...
    def audit(self) -> dict[str, Any]: ...

@final
class Plan:
    """A replay that is divided into parts. It is equal to a plan with the same settings, tapes and parts."""

    @staticmethod
    def from_json(json: bytes) -> Plan:
        """Read a plan from the bytes of :meth:`to_json`, or of ``portcullis replay --plan``.

        :raises PortcullisError: if the bytes are not a plan of this version.
        """

    def to_json(self) -> bytes:
        """Return the plan as JSON."""

    @property
    def parts(self) -> int:
        """The number of parts. Their numbers start at 1."""

    @property
    def tapes(self) -> list[str]:
        """The paths of the tapes, in their order."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, tuple[bytes]]: ...

@final
class Part:
    """The result of one part of a replay. It is equal to a part with the same records and results."""

    @staticmethod
    def from_json(json: bytes) -> Part:
        """Read a part from the bytes of :meth:`to_json`, or of ``portcullis replay --part``.

        :raises PortcullisError: if the bytes are not a part of this version.
        """

    def to_json(self) -> bytes:
        """Return the part as JSON."""

    @property
    def records(self) -> tuple[int, int]:
        """The numbers of the first and of the last record. Without records, the second is one less than the first."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, tuple[bytes]]: ...

def plan_parts(
    engine: Engine, policy: Policy | None, tapes: list[str], parts: int, threads: int
) -> Plan: ...
def replay_part(plan: Plan, number: int, answers: str | None, threads: int) -> Part: ...
def merge_parts(parts: list[Part]) -> dict[str, Any]: ...
