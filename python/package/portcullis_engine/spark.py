"""Replays and decisions on a Spark cluster.

>>> from portcullis_engine import spark as portcullis_spark
>>> portcullis_spark.decide.__name__
'decide'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from . import parts as _parts
from ._engine import Engine, Path, Replay
from ._errors import PortcullisError
from ._portcullis import Policy, PolicyTimeline

__all__ = ["decide", "replay"]

_PARTS_PER_CORE = 4
# The columns of answers that contain the number of a row. An intent without an identifier gets the number.
_NUMBERS = ("n", "id")


def replay(
    session: Any,
    engine: Engine,
    policy: Policy | None,
    tapes: Path | Iterable[Path],
    *,
    parts: int | None = None,
    answers: Path | None = None,
    plan_threads: int | None = None,
) -> Replay:
    """Answer every record of tape files on the executors of a Spark cluster.

    The counts, the digest and the answers are those of :meth:`portcullis_engine.Engine.replay`. The driver plans the parts.
    Each part is a task, which Spark repeats as often as ``spark.task.maxFailures`` states. The driver receives only the
    results of parts, which are a few kilobytes each and the policies on the tapes.

    :param session: the ``SparkSession``.
    :param engine: the engine.
    :param policy: the policy before the first policy record of the tapes.
    :param tapes: paths or patterns, as in :func:`portcullis_engine.parts.plan`. The driver and all executors read them at the
        same paths.
    :param parts: the maximum number of parts; ``None`` for four per core of the cluster.
    :param answers: a directory that the driver and all executors share. It receives ``part-00001.parquet`` and so on, whose
        rows in the order of the names are the answers in order.
    :param plan_threads: the number of threads with which the driver plans; ``None`` for one per CPU of its machine.
    :raises PortcullisError: under the conditions of :func:`portcullis_engine.parts.plan`. An error of an executor is raised as
        an exception of Spark with the message of the engine.
    """
    directory = None if answers is None else _parts.Answers(answers)
    if directory is not None:
        directory.create()
    count = _PARTS_PER_CORE * session.sparkContext.defaultParallelism if parts is None else parts
    plan = _parts.plan(engine, policy, tapes, parts=count, threads=_parts.threads_of_driver(plan_threads))
    # Each unit is a partition of its own, so that it is a task of its own.
    units = session.range(1, plan.parts + 1, 1, plan.parts)
    rows = units.mapInArrow(_replayer(plan, directory), "part binary").collect()
    if directory is not None:
        directory.finish(plan)
    return _parts.merge(_parts.Part.from_json(bytes(row.part)) for row in rows)


def _replayer(
    plan: _parts.Plan, directory: _parts.Answers | None
) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return the function that evaluates the parts whose numbers are in a batch."""

    def replay_units(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in batches:
            for number in batch.column("id").to_pylist():
                if directory is None:
                    part = _parts.replay_part(plan, number)
                else:
                    part = directory.write(plan, number, threads=1)
                yield pyarrow.record_batch([pyarrow.array([part.to_json()], pyarrow.binary())], names=["part"])

    return replay_units


def decide(
    frame: Any,
    engine: Engine,
    policy: Policy | PolicyTimeline | None,
    *,
    at: datetime | str,
    columns: Sequence[str] | None = None,
    prefix: str = "answer_",
) -> Any:
    """Decide the intents of a Spark DataFrame: return it with one more column per field of the answer.

    The decisions are made when Spark evaluates the result, and again if it is evaluated again. The order of the rows is that
    of Spark, and there is no digest: for these, use :func:`replay`.

    :param frame: the DataFrame, with one intent per row. Columns that are not fields of an intent are ignored, and kept. A null
        is an absent field; NaN is an unusable number.
    :param engine: the engine.
    :param policy: the policy, or the policies by time, under which the rows are decided.
    :param at: as in :meth:`portcullis_engine.Engine.decide_table`: an aware datetime, ``"recorded"``, or a column.
    :param columns: the fields of the answers, as in :meth:`portcullis_engine.Engine.decide_table`, without ``n``
        and ``id``.
    :param prefix: the text before the name of each new column, because intents and answers have fields with the same names.
    :raises PortcullisError: if a new column has the name of another, and under the conditions of
        :meth:`portcullis_engine.Engine.decide_table`.
    """
    import pyarrow

    example = frame.limit(0).toArrow()
    answers = engine.decide_table(policy, example, at=at, columns=columns)
    names = [name for name in answers.column_names if name not in _NUMBERS]
    for name in columns or []:
        if name in _NUMBERS:
            raise PortcullisError(
                f"`columns` contains `{name}`, which can be the number of a row, and Spark does not number rows; remove it",
                field="columns",
                value=name,
            )

    def decided(table: Any) -> Any:
        answers = engine.decide_table(policy, table, at=at, columns=names)
        return pyarrow.table([_plain(pyarrow, column) for column in answers.columns], names=[prefix + name for name in names])

    def decide_batches(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            new = decided(pyarrow.Table.from_batches([batch]))
            arrays = [*batch.columns, *(column.combine_chunks() for column in new.columns)]
            yield pyarrow.record_batch(arrays, names=[*batch.schema.names, *new.column_names])

    added = frame.sparkSession.createDataFrame(decided(example)).schema
    for name in added.names:
        if name in frame.columns:
            raise PortcullisError(f"the frame has a column `{name}`; pass another `prefix`", field="prefix", value=prefix)
    return frame.mapInArrow(decide_batches, type(added)([*frame.schema.fields, *added.fields]))


def _plain(pyarrow: Any, column: Any) -> Any:
    """Convert a column of answers to a type that Spark has."""
    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    if pyarrow.types.is_unsigned_integer(kind):
        kind = pyarrow.int64()
    if pyarrow.types.is_timestamp(kind):
        kind = pyarrow.timestamp("us", kind.tz)
    return column.cast(kind)
