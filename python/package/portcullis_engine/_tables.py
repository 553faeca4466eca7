"""Conversion of tables: from the kinds of tables that callers have to Arrow streams, and back."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from . import _portcullis
from ._answer import Answer
from ._errors import PortcullisError

TableT = TypeVar("TableT")
Kind = Callable[[Any], Any]

_READ = frozenset(_portcullis.record_columns())

_COLUMNS = [field.name for field in dataclasses.fields(Answer)]
_OF_INTENTS = {
    "leverage",
    "leverage_source",
    "leverage_requested",
    "size_usd",
    "size_basis",
    "size_source",
    "notional_usd",
    "not_after",
    "quantity",
    "quantity_fraction",
    "position_leg",
    "trigger_price",
    "exit_rule",
}
_OF_POSITIONS = {
    "harvest_action",
    "close_quantity",
    "close_fraction",
    "stop_proposed",
    "stop_source",
    "r_net",
    "risk_unit",
    "cost",
    "kill_score",
    "k_regime_flip",
    "k_sigma_spike",
    "k_ts_drop",
    "k_age_penalty",
    "harvest_reasons",
}
# The columns that are left out by default: those that other rows have, and `detail`, which costs the most time.
_ABSENT = {
    "intents": _OF_POSITIONS | {"detail"},
    "positions": _OF_INTENTS | {"detail"},
    "records": {"detail"},
}


def answer(
    engine: _portcullis.Engine,
    policy: Any,
    table: TableT,
    at: datetime | str,
    rows: str,
    assume_in_force: bool,
    columns: Sequence[str] | None,
) -> TableT:
    """Answer the rows of a table with a table of the same kind."""
    stream, close = _open(table, at)
    selected = [name for name in _COLUMNS if name not in _ABSENT[rows]] if columns is None else list(columns)
    of = (rows, assume_in_force)
    if close is not None:
        return cast(TableT, close(_portcullis.answer_table(engine, policy, stream, at, of, selected)))
    reader = _portcullis.open_answers(engine, policy, stream, at, of, selected)
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and isinstance(table, pyarrow.RecordBatchReader):
        return cast(TableT, pyarrow.RecordBatchReader.from_stream(reader))
    return cast(TableT, reader)


def explain(
    engine: _portcullis.Engine, policy: Any, table: object, row: int, at: datetime | str, rows: str
) -> str:
    """Explain the answer to one row of a table."""
    stream, _ = _open(table, at)
    return _portcullis.explain_row(engine, policy, stream, row, at, (rows, False))


def _open(table: object, at: datetime | str) -> tuple[object, Kind | None]:
    """Return a stream of the table, and the function that converts answers to its kind; `None` for a reader."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(table, pandas.DataFrame):
        return _open_pandas(pandas, table, at)
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(table, polars.LazyFrame):
        raise _wrong(table, "call `collect()` first, or pass batches")
    if polars is not None and isinstance(table, polars.DataFrame):
        return table, polars.DataFrame
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:
        if isinstance(table, pyarrow.Table):
            return table, pyarrow.table
        if isinstance(table, pyarrow.RecordBatch):
            return pyarrow.Table.from_batches([table]), lambda answers: _one_batch(table, pyarrow.table(answers))
        if isinstance(table, pyarrow.RecordBatchReader):
            return table, None
    if hasattr(table, "__arrow_c_stream__"):
        return table, None
    raise _wrong(table, "pass a pandas or polars frame, or an object with `__arrow_c_stream__`")


def _wrong(table: object, cure: str) -> PortcullisError:
    return PortcullisError(f"the table is a `{type(table).__qualname__}`; {cure}", field="table")


def _one_batch(table: Any, answers: Any) -> Any:
    """Return the only batch of a table."""
    columns = [column.combine_chunks() for column in answers.columns]
    return type(table).from_arrays(columns, schema=answers.schema)


def _open_pandas(pandas: Any, frame: Any, at: datetime | str) -> tuple[object, Kind]:
    """Convert the columns of a frame by their types.

    The Arrow export of pandas writes NaN as null, and a null is an absent field: an intent with a leverage of NaN would be
    decided as an intent without one. So a null may come only from a type in which it is an absent value.
    """
    try:
        import pyarrow
    except ImportError:
        raise PortcullisError(
            "pandas frames are read with pyarrow, which is not installed; run `pip install pyarrow`", field="table"
        ) from None
    if frame.columns.nlevels > 1:
        raise PortcullisError("the columns have several levels; pass a frame with one level", field="table")
    used = [name for name in frame.columns if isinstance(name, str) and (name in _READ or name == at)]
    for name in used:
        if used.count(name) > 1:
            raise PortcullisError(f"two columns have the name `{name}`; remove one", field=name)
    arrays = [_column(pandas, pyarrow, name, frame[name]) for name in used]
    if not used:
        # The engine reports the columns that are expected.
        used = [str(name) for name in frame.columns]
        arrays = [pyarrow.nulls(len(frame)) for _ in used]
    table = pyarrow.table(arrays, names=used)
    index = frame.index

    def close(answers: Any) -> Any:
        result = pyarrow.table(answers).to_pandas()
        result.index = index
        return result

    return table, close


def _column(pandas: Any, pyarrow: Any, name: str, values: Any) -> Any:
    """Convert a column of a frame to an Arrow array."""
    dtype = values.dtype
    kind = getattr(dtype, "kind", "")
    is_numpy = type(dtype).__module__.startswith("numpy")
    try:
        if is_numpy and kind == "f":
            return pyarrow.array(values.to_numpy(), from_pandas=False)
        if is_numpy and kind == "O":
            _check_object(pandas, name, values)
        elif (is_numpy or isinstance(dtype, (pandas.DatetimeTZDtype, pandas.SparseDtype))) and values.hasnans:
            raise _hides_nan(name, dtype, "timestamp[us, tz=UTC][pyarrow]")
        elif isinstance(dtype, pandas.CategoricalDtype) and values.hasnans:
            raise _hides_nan(name, dtype, "string")
        return pyarrow.array(values, from_pandas=True)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError) as error:
        raise PortcullisError(
            f"column `{name}` of type {dtype} cannot be read: {error}; give all its values one type", field=name
        ) from error


def _check_object(pandas: Any, name: str, values: Any) -> None:
    """Check that a column of objects has no NaN: only `None` and `pandas.NA` are absent values."""
    for value in values[values.isna()]:
        if value is not None and value is not pandas.NA:
            kinds = {type(it) for it in values[values.notna()]}
            if kinds <= {bool}:
                cure = "boolean"
            elif kinds <= {int, float}:
                cure = "Float64"
            else:
                cure = "string"
            raise _hides_nan(name, values.dtype, cure)


def _hides_nan(name: str, dtype: object, cure: str) -> PortcullisError:
    return PortcullisError(
        f"column `{name}` of type {dtype} contains NaN or NaT, which is not an absent value; convert it with "
        f'`df["{name}"].astype("{cure}")`, in which a null is an absent value',
        field=name,
        value="NaN",
    )
