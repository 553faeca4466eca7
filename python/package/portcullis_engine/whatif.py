"""Decisions as if a policy were in force at every time.

The functions of this module assume what the engine otherwise checks: that the policy is in force. So they return answer
rows only, and never a :class:`~portcullis_engine.Trade`. A service must not call them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from . import _portcullis, _tables
from ._answer import Answer
from ._engine import Engine
from ._portcullis import Policy, PolicyTimeline

__all__ = ["decide", "decide_table", "harvest_table"]

TableT = TypeVar("TableT")


def decide(
    engine: Engine,
    policy: Policy | PolicyTimeline | None,
    intent: Mapping[str, Any] | str | bytes,
    *,
    now: datetime | None = None,
    now_ms: int | None = None,
) -> Answer:
    """Decide one intent as if the policy were in force, and return the answer row."""
    return _portcullis.decide_assumed(engine, policy, intent, now, now_ms)


def decide_table(
    engine: Engine,
    policy: Policy | PolicyTimeline | None,
    table: TableT,
    *,
    at: datetime | str,
    columns: Sequence[str] | None = None,
) -> TableT:
    """Decide the intents of a table as if the policy were in force at every time.

    The arguments and the errors are those of :meth:`portcullis_engine.Engine.decide_table`.
    """
    return _tables.answer(engine, policy, table, at, "intents", True, columns)


def harvest_table(
    engine: Engine,
    policy: Policy | PolicyTimeline | None,
    table: TableT,
    *,
    at: datetime | str,
    columns: Sequence[str] | None = None,
) -> TableT:
    """Evaluate the positions of a table as if the policy were in force at every time.

    The arguments and the errors are those of :meth:`portcullis_engine.Engine.decide_table`.
    """
    return _tables.answer(engine, policy, table, at, "positions", True, columns)
