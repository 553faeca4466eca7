"""The engine with its calls for tables and tapes."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from . import _portcullis, _tables
from ._codes import SkipCode, Verdict
from ._portcullis import Policy, PolicyTimeline

TableT = TypeVar("TableT")
Path = str | os.PathLike[str]


@dataclasses.dataclass(frozen=True)
class Replay:
    """The result of a replay."""

    records: int
    """The number of records; each has one answer."""
    verdicts: Mapping[Verdict, int]
    """The number of answers by verdict."""
    reasons: Mapping[SkipCode, int]
    """The number of skips by reason."""
    digest: str
    """The digest of all answers in order. Equal answers have equal digests, on every machine."""
    policies: int
    """The number of different policies that were active."""


@dataclasses.dataclass(frozen=True)
class Diff:
    """The result of a comparison of two policies."""

    records: int
    """The number of records that were compared."""
    same: int
    """The number of records whose two answers have the same effect and the same skip reason."""
    kinds: Mapping[str, int]
    """The number of flips by kind, such as ``TRADE_TO_SKIP``."""
    causes: Mapping[str, int]
    """The number of flips by the policy fields that cause them."""
    flips: Sequence[Mapping[str, Any]]
    """Each flip: ``n``, ``id``, ``ts``, ``symbol``, ``kind``, ``before``, ``after`` and ``cause``."""


class Engine(_portcullis.Engine):
    """The decision engine: the guardrails and the exit ownership of the operator. It has no state and no clock.

    :param guardrails: limits that apply to every policy; ``Guardrails.none()`` for no limits.
    :param exit_owner: the service that may close positions.
    :param exit_delegates: other services that may close positions.
    :raises PortcullisError: if a name is empty or a duplicate.

    >>> engine = Engine(_portcullis.Guardrails.none(), exit_owner="exit-service", exit_delegates=["emergency"])
    >>> engine.exit_delegates
    ('emergency',)
    """

    __slots__ = ()

    def decide_table(
        self,
        policy: Policy | PolicyTimeline | None,
        table: TableT,
        *,
        at: datetime | str,
        columns: Sequence[str] | None = None,
    ) -> TableT:
        """Decide the intents of a table: one row per intent, one column per field.

        The answers are a table of the same kind, with one row for each row of ``table``, in the same order. A pandas frame
        keeps its index. A reader is answered when the returned reader is read. Columns that are not fields of an intent
        are ignored. Amounts are in USD.

        :param policy: the policy, or the policies by time, under which the rows are decided.
        :param table: a pandas or polars frame, or any object with ``__arrow_c_stream__``.
        :param at: the time of the decisions: an aware datetime; ``"recorded"`` for the event time of each row; or the name
            of a column of timestamps with a time zone.
        :param columns: the columns of the answers. If it is ``None``, these are all columns that the answer to such a row can
            have, except ``detail``.
        :raises PortcullisError: if a column has a wrong type or may hide NaN, or if ``at`` is naive or not between 2000 and
            2100.
        """
        return _tables.answer(self, policy, table, at, "intents", False, columns)

    def harvest_table(
        self,
        policy: Policy | PolicyTimeline | None,
        table: TableT,
        *,
        at: datetime | str,
        columns: Sequence[str] | None = None,
    ) -> TableT:
        """Evaluate the positions of a table. The arguments and the errors are those of :meth:`decide_table`."""
        return _tables.answer(self, policy, table, at, "positions", False, columns)

    def replay_table(
        self,
        policy: Policy | PolicyTimeline | None,
        table: TableT,
        *,
        at: datetime | str,
        columns: Sequence[str] | None = None,
    ) -> TableT:
        """Answer a table with all kinds of records: intents, positions, policy changes and recorded decisions.

        A policy change applies to the rows after it, from its event time. The arguments and the errors are those of
        :meth:`decide_table`.
        """
        return _tables.answer(self, policy, table, at, "records", False, columns)

    def explain_row(
        self,
        policy: Policy | PolicyTimeline | None,
        table: object,
        row: int,
        *,
        at: datetime | str,
        positions: bool = False,
    ) -> str:
        """Explain the answer to one row of a table, counted from 0: each gate, with the values that it compared.

        :param positions: true if the rows are positions and not intents.
        :raises PortcullisError: under the conditions of :meth:`decide_table`, or if there is no such row.
        """
        kind = "positions" if positions else "intents"
        return _tables.explain(self, policy, table, row, at, kind)

    def replay(
        self,
        policy: Policy | None,
        tapes: Path | Iterable[Path],
        *,
        threads: int = 1,
        out: Path | None = None,
    ) -> Replay:
        """Answer every record of tape files in order, each at its event time.

        :param policy: the policy before the first policy record of the tapes.
        :param tapes: paths or patterns of JSON lines (plain, gzip or zstd) or Parquet files.
        :param threads: the number of threads; it does not change the answers.
        :param out: the file for the answers: Parquet if its name ends in ``.parquet``, otherwise JSON lines.
        :raises PortcullisError: if a tape cannot be read to its end, or the answers cannot be written.
        """
        result = _portcullis.replay(
            self, policy, to_paths(tapes), threads, None if out is None else os.fspath(out), False
        )
        return to_replay(result)

    def diff(
        self,
        before: Policy,
        after: Policy,
        tapes: Path | Iterable[Path],
        *,
        threads: int = 1,
    ) -> Diff:
        """Compare the answers of two policies to every record of tape files.

        Each policy is active for the whole tape; policy records on the tapes are ignored. The arguments and the errors are
        those of :meth:`replay`.
        """
        result = _portcullis.diff(self, (before, after), to_paths(tapes), threads, False)
        return Diff(
            records=result["records"],
            same=result["same"],
            kinds=result["kinds"],
            causes=result["causes"],
            flips=[json.loads(line) for line in result["flips"].splitlines()],
        )


def to_replay(result: Mapping[str, Any]) -> Replay:
    """Convert the result of the native module."""
    counts = dict(result["counts"])
    return Replay(
        records=counts.pop("records"),
        verdicts={Verdict(name): count for name, count in counts.items()},
        reasons={SkipCode(name): count for name, count in result["reasons"].items()},
        digest=result["digest"],
        policies=result["policies"],
    )


def to_paths(tapes: Path | Iterable[Path]) -> list[str]:
    """Return the paths of one or several tapes."""
    if isinstance(tapes, (str, os.PathLike)):
        return [os.fspath(tapes)]
    return [os.fspath(tape) for tape in tapes]
