"""Tables: kinds, times, NaN, wrong columns, and the same answers as single calls."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import INTENT, NOW, POSITION, engine_with, policy_with
from portcullis_engine import Answer, Engine, Policy, PolicyTimeline, PortcullisError, Skip, SkipCode, whatif

NAN = float("nan")
ROWS: dict[str, list[Any]] = {
    "id": ["a", "b", "c", "d", "e"],
    "symbol": ["BTCUSDT", "ETHUSDT", "XRPUSDT", "SOLUSDT", "btcusdt"],
    "side": ["BUY", "SELL", "BUY", "BUY", "SELL"],
    "leverage": [10.0, 3.0, 2.0, 1.0, NAN],
    "position_size_usd": [250.0, 100.0, 50.0, 10.0, 10.0],
}
REASONS = [None, None, "POLICY_UNIVERSE_FILTER", "POLICY_MISSING_LEVERAGE", "POLICY_MISSING_LEVERAGE"]
TABLE = pyarrow.table(ROWS)


def answers_of(table: Any) -> list[Answer]:
    """Return the rows of an answer table."""
    rows = pyarrow.table(table).to_pylist()
    for row in rows:
        for name in ("ts", "not_after"):
            if row.get(name) is not None:
                row[name] = round(row[name].timestamp() * 1_000)
        if row.get("harvest_reasons") is not None:
            row["harvest_reasons"] = tuple(row["harvest_reasons"])
    return [Answer.from_dict(row) for row in rows]


def reasons(table: Any) -> list[str | None]:
    if isinstance(table, pandas.DataFrame):
        return [None if pandas.isna(reason) else reason for reason in table["reason"]]
    return pyarrow.table(table)["reason"].to_pylist()


def reader() -> pyarrow.RecordBatchReader:
    return pyarrow.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches(max_chunksize=2))


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (TABLE, pyarrow.Table),
        (TABLE.to_batches()[0], pyarrow.RecordBatch),
        (reader(), pyarrow.RecordBatchReader),
        (polars.DataFrame(ROWS), polars.DataFrame),
        (pandas.DataFrame(ROWS), pandas.DataFrame),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_the_answers_have_the_kind_of_the_table(engine: Engine, policy: Policy, table: Any, kind: type) -> None:
    answers = engine.decide_table(policy, table, at=NOW)
    assert type(answers) is kind
    if kind is pyarrow.RecordBatchReader:
        answers = answers.read_all()
    if kind is pyarrow.RecordBatch:
        answers = pyarrow.Table.from_batches([answers])
    assert reasons(answers) == REASONS
    assert list(answers["id"].to_pylist() if hasattr(answers["id"], "to_pylist") else answers["id"]) == ROWS["id"]


def test_other_streams_have_a_stream_as_answer(engine: Engine, policy: Policy) -> None:
    class Stream:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            return TABLE.__arrow_c_stream__(requested_schema)

    answers = engine.decide_table(policy, Stream(), at=NOW)
    assert reasons(answers) == REASONS
    with pytest.raises(PortcullisError, match="already read"):
        pyarrow.table(answers)
    connection = duckdb.connect()
    connection.register("intents", TABLE)
    relation = connection.sql("select * from intents where symbol <> 'XRPUSDT'")
    assert polars.DataFrame(engine.decide_table(policy, relation, at=NOW)).height == 4
    answered = engine.decide_table(policy, TABLE, at=NOW)
    assert duckdb.arrow(answered).filter("decision = 'TRADE'").fetchall()


def test_pandas_keeps_its_index(engine: Engine, policy: Policy) -> None:
    frame = pandas.DataFrame(ROWS, index=pandas.Index([7, 3, 3, 1, 9], name="row"))
    answers = engine.decide_table(policy, frame, at=NOW)
    pandas.testing.assert_index_equal(answers.index, frame.index)
    assert list(engine.decide_table(policy, frame[frame["side"] == "BUY"], at=NOW).index) == [7, 3, 1]


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "symbol": st.sampled_from(["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "", None]),
                "side": st.sampled_from(["BUY", "SELL", "LONG", "CLOSE", "x", None]),
                "source": st.sampled_from(["momentum", "exit-service", "emergency", None]),
                "leverage": st.one_of(st.none(), st.floats(), st.floats(1, 20)),
                "position_size_usd": st.one_of(st.none(), st.floats(), st.floats(1, 1e5)),
                "quantity": st.one_of(st.none(), st.floats(0.1, 10)),
                "price": st.one_of(st.none(), st.floats(1, 100)),
                "reduce_only": st.sampled_from([True, False, None]),
                "ts": st.sampled_from([None, 1_767_607_199_000, 1_767_607_199, 1_767_600_000_000]),
            }
        ),
        min_size=1,
        max_size=20,
    )
)
def test_a_table_has_the_answers_of_single_calls(rows: list[dict[str, Any]]) -> None:
    engine, policy = engine_with(max_intent_age_sec=60), policy_with()
    schema = pyarrow.schema(
        [
            ("symbol", pyarrow.string()),
            ("side", pyarrow.string()),
            ("source", pyarrow.string()),
            ("leverage", pyarrow.float64()),
            ("position_size_usd", pyarrow.float64()),
            ("quantity", pyarrow.float64()),
            ("price", pyarrow.float64()),
            ("reduce_only", pyarrow.bool_()),
            ("ts", pyarrow.int64()),
        ]
    )
    table = pyarrow.Table.from_pylist(rows, schema=schema)
    names = [name for name in Answer.__dataclass_fields__]
    found = answers_of(engine.decide_table(policy, table, at=NOW, columns=names))
    assert len(found) == len(rows)
    for number, (row, answer) in enumerate(zip(rows, found, strict=True), 1):
        expected = engine.decide(policy, row, now=NOW).record().to_dict()
        expected |= {"n": number, "id": str(number)}
        actual = answer.to_dict()
        if expected.get("reason") == "INTENT_UNREADABLE":
            actual.pop("detail"), expected.pop("detail")
        assert actual == expected
    again = engine.decide_table(policy, polars.from_arrow(table), at=NOW, columns=names)
    assert answers_of(again) == found


def test_nan_is_not_null(engine: Engine, policy: Policy) -> None:
    leverage = [NAN, None, 3.0]
    rows = {"symbol": ["BTCUSDT"] * 3, "side": ["BUY"] * 3, "position_size_usd": [250.0] * 3}
    expected = ["POLICY_MISSING_LEVERAGE", None, None]
    of = lambda table: reasons(engine.decide_table(policy, table, at=NOW))  # noqa: E731
    assert of(pyarrow.table(rows | {"leverage": leverage})) == expected
    assert of(polars.DataFrame(rows | {"leverage": leverage}, strict=False)) == expected
    # In a numpy column, `None` is NaN too.
    assert of(pandas.DataFrame(rows | {"leverage": numpy.array(leverage, dtype=float)})) == [
        "POLICY_MISSING_LEVERAGE",
        "POLICY_MISSING_LEVERAGE",
        None,
    ]
    frame = pandas.DataFrame(rows)
    for dtype in ("Float64", "double[pyarrow]"):
        frame["leverage"] = pandas.array([None, None, 3.0], dtype=dtype)
        assert of(frame) == [None, None, None]
    # pandas writes NaN as null, so a table that pandas made cannot be trusted.
    exported = pyarrow.Table.from_pandas(pandas.DataFrame(rows | {"leverage": [NAN, 2.0, 3.0]}))
    with pytest.raises(PortcullisError, match="astype") as raised:
        of(exported)
    assert raised.value.field == "leverage"


@pytest.mark.parametrize(
    ("column", "values", "cure"),
    [
        ("reduce_only", [True, NAN], "boolean"),
        ("leverage", numpy.array([3, NAN], dtype=object), "Float64"),
        ("side", numpy.array(["BUY", NAN], dtype=object), "string"),
        ("ts", pandas.to_datetime(["2026-01-05T10:00:00Z", None]), "timestamp[us, tz=UTC][pyarrow]"),
        ("timestamp", pandas.to_datetime(["2026-01-05T10:00:00", None]), "timestamp[us, tz=UTC][pyarrow]"),
        ("side", pandas.Categorical(["BUY", None]), "string"),
    ],
)
def test_columns_that_may_hide_nan_are_errors(
    engine: Engine, policy: Policy, column: str, values: Any, cure: str
) -> None:
    frame = pandas.DataFrame({"symbol": ["BTCUSDT"] * 2, "side": ["SELL"] * 2, "source": ["exit-service"] * 2})
    is_object = isinstance(values, (list, numpy.ndarray))
    frame[column] = pandas.Series(values, dtype=object if is_object else None)
    with pytest.raises(PortcullisError) as raised:
        engine.decide_table(policy, frame, at=NOW)
    assert raised.value.field == column
    assert f'astype("{cure}")' in str(raised.value)
    # The cure that the message names works.
    frame[column] = frame[column].astype(cure)
    assert len(engine.decide_table(policy, frame, at=NOW)) == 2


def test_a_reduce_only_of_none_is_absent_and_true_is_an_exit(engine: Engine, policy: Policy) -> None:
    frame = pandas.DataFrame({"symbol": ["BTCUSDT"] * 2, "side": ["SELL"] * 2, "source": ["exit-service"] * 2})
    frame["reduce_only"] = pandas.Series([True, None], dtype="boolean")
    assert list(engine.decide_table(policy, frame, at=NOW)["decision"]) == ["EXIT", "SKIP"]


def test_times(engine: Engine, policy: Policy) -> None:
    late = NOW + timedelta(hours=2)
    table = TABLE.append_column("when", pyarrow.array([NOW, late, NOW, NOW, NOW], pyarrow.timestamp("us", "UTC")))
    assert reasons(engine.decide_table(policy, table, at="when"))[:2] == [None, "POLICY_STALE"]
    assert set(reasons(engine.decide_table(policy, table, at="recorded"))) == {"INTENT_INVALID"}
    timed = table.append_column("timestamp", table["when"])
    assert reasons(engine.decide_table(policy, timed, at="recorded"))[:2] == [None, "POLICY_STALE"]
    with pytest.raises(TypeError):
        engine.decide_table(policy, TABLE)  # type: ignore[call-arg]
    for wrong, problem in [
        (datetime(2026, 1, 5), "no time zone"),
        (datetime(1999, 1, 1, tzinfo=timezone.utc), "not between"),
        (1_767_607_200_000, "aware datetime"),
        (None, "aware datetime"),
        ("absent", "no column `absent`"),
        ("leverage", "timestamps with a time zone"),
    ]:
        with pytest.raises(PortcullisError, match=problem):
            engine.decide_table(policy, table, at=wrong)  # type: ignore[arg-type]
    naive = TABLE.append_column("when", pyarrow.array([datetime(2026, 1, 5)] * 5, pyarrow.timestamp("us")))
    with pytest.raises(PortcullisError, match="time zone"):
        engine.decide_table(policy, naive, at="when")
    absent = TABLE.append_column("when", pyarrow.array([NOW, None, NOW, NOW, NOW], pyarrow.timestamp("us", "UTC")))
    with pytest.raises(PortcullisError, match="null in row 2"):
        engine.decide_table(policy, absent, at="when")


def test_a_timeline_in_a_table(engine: Engine, policy: Policy) -> None:
    timeline = PolicyTimeline([(NOW, policy), (NOW + timedelta(minutes=10), None)])
    times = [NOW - timedelta(seconds=1), NOW, NOW + timedelta(minutes=9), NOW + timedelta(minutes=10), NOW]
    table = TABLE.append_column("when", pyarrow.array(times, pyarrow.timestamp("us", "UTC")))
    assert reasons(engine.decide_table(timeline, table, at="when")) == [
        "POLICY_MISSING",
        None,
        "POLICY_UNIVERSE_FILTER",
        "POLICY_MISSING",
        "POLICY_MISSING_LEVERAGE",
    ]


def test_positions(engine: Engine, policy: Policy) -> None:
    row = {name: value for name, value in POSITION.items() if name != "market"}
    row |= {f"market.{name}": value for name, value in POSITION["market"].items()}
    table = pyarrow.Table.from_pylist([row, row | {"side": "FLAT"}])
    names = [name for name in Answer.__dataclass_fields__ if name != "detail"]
    found = answers_of(engine.harvest_table(policy, table, at=NOW, columns=names))
    expected = engine.harvest(policy, POSITION, now=NOW).record().to_dict()
    assert found[0].to_dict() == expected | {"n": 1, "id": "1"}
    assert found[1].reason is SkipCode.HARVEST_NO_POSITION
    assert "leverage" not in engine.harvest_table(policy, table, at=NOW).column_names
    assert "harvest_action" not in engine.decide_table(policy, TABLE, at=NOW).column_names
    assert "PARTIAL_50" in engine.explain_row(policy, table, 0, at=NOW, positions=True)


def test_records_with_policy_changes(engine: Engine, policy: Policy) -> None:
    ts = 1_767_607_200_000
    rows = [
        INTENT | {"ts": ts},
        {"event_type": "policy.updated", "ts": ts + 1, "policy": policy.to_json()},
        INTENT | {"ts": ts + 2},
        {"event_type": "policy.withdrawn", "ts": ts + 3},
        INTENT | {"ts": ts + 4},
    ]
    names = ["event_type", "ts", "policy", *INTENT]
    table = pyarrow.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])
    answers = engine.replay_table(None, table, at="recorded")
    assert answers["decision"].to_pylist() == ["SKIP", "POLICY", "TRADE", "POLICY", "SKIP"]


def test_explanations_of_rows(engine: Engine, policy: Policy) -> None:
    assert engine.explain_row(policy, TABLE, 1, at=NOW).startswith("TRADE SELL ETHUSDT 3x")
    assert engine.explain_row(policy, reader(), 4, at=NOW).startswith("SKIP POLICY_MISSING_LEVERAGE")
    with pytest.raises(PortcullisError, match="5 rows and no row 5"):
        engine.explain_row(policy, TABLE, 5, at=NOW)
    with pytest.raises(OverflowError):
        engine.explain_row(policy, TABLE, -1, at=NOW)


def test_what_if_assumes_that_the_policy_is_in_force(engine: Engine, policy: Policy) -> None:
    late = NOW + timedelta(days=30)
    assert set(reasons(engine.decide_table(policy, TABLE, at=late))) == {"POLICY_STALE"}
    assert reasons(whatif.decide_table(engine, policy, TABLE, at=late)) == REASONS
    answer = whatif.decide(engine, policy, INTENT, now=late)
    assert type(answer) is Answer and answer.decision == "TRADE"
    row = {name: value for name, value in POSITION.items() if name != "market"}
    positions = pyarrow.Table.from_pylist([row])
    assert whatif.harvest_table(engine, policy, positions, at=late)["decision"].to_pylist() == ["HARVEST"]
    assert whatif.decide(engine, None, INTENT, now=late).reason is SkipCode.POLICY_MISSING


def test_columns_of_the_answers(engine: Engine, policy: Policy) -> None:
    answers = engine.decide_table(policy, TABLE, at=NOW, columns=["detail", "decision"])
    assert answers.column_names == ["decision", "detail"]
    assert "not in AI policy" in answers["detail"][2].as_py()
    with pytest.raises(PortcullisError, match="no column `lever`") as raised:
        engine.decide_table(policy, TABLE, at=NOW, columns=["lever"])
    assert raised.value.field == "columns"


def wrong_tables() -> Iterator[tuple[object, str]]:
    symbols = ["BTCUSDT"]
    yield polars.LazyFrame({"symbol": symbols}), "collect"
    yield {"symbol": symbols}, "pass a pandas or polars frame"
    yield [INTENT], "pass a pandas or polars frame"
    yield None, "pass a pandas or polars frame"
    yield pandas.Series(symbols, name="symbol").to_numpy(), "pass a pandas or polars frame"
    for make in (pyarrow.table, polars.DataFrame, pandas.DataFrame):
        yield make({"x": [1]}), "no column is a field of a record"
        yield make({"symbol": [1]}), "column `symbol` has type"
        yield make({"symbol": symbols, "leverage": [[1.0]]}), "column `leverage`"
        yield make({"symbol": symbols, "market": [1.0]}), "cannot have a column `market`"
    yield pandas.DataFrame({"symbol": symbols, "leverage": [1j]}), "column `leverage`"
    yield pandas.DataFrame({"symbol": symbols, "leverage": [object()]}), "column `leverage`"
    yield pandas.DataFrame([[1, 2]], columns=["symbol", "symbol"]), "two columns"
    yield pandas.DataFrame([[1]], columns=pandas.MultiIndex.from_tuples([("a", "symbol")])), "several levels"
    yield pyarrow.Table.from_arrays([pyarrow.array(symbols)] * 2, names=["symbol", "symbol"]), "two columns"


@pytest.mark.parametrize(("table", "problem"), list(wrong_tables()))
def test_wrong_tables_are_errors(engine: Engine, policy: Policy, table: object, problem: str) -> None:
    with pytest.raises(PortcullisError, match=problem):
        engine.decide_table(policy, table, at=NOW)


def test_layouts_of_arrow(engine: Engine, policy: Policy) -> None:
    expected = engine.decide_table(policy, TABLE, at=NOW).to_pylist()
    index = pyarrow.array([0, 1, 2, 3, 4], pyarrow.int8())
    symbols = pyarrow.array(ROWS["symbol"])
    runs = pyarrow.RunEndEncodedArray.from_arrays(pyarrow.array([1, 2, 3, 4, 5], pyarrow.int32()), symbols)
    for column in (
        pyarrow.DictionaryArray.from_arrays(index, symbols),
        runs,
        symbols.cast(pyarrow.large_string()),
        symbols.cast(pyarrow.string_view()),
        pyarrow.chunked_array([symbols[:1], symbols[1:1], symbols[1:]]),
    ):
        table = TABLE.set_column(1, "symbol", column)
        assert engine.decide_table(policy, table, at=NOW).to_pylist() == expected
    whole = pyarrow.concat_tables([TABLE] * 3)
    sliced = engine.decide_table(policy, whole.slice(3, 7), at=NOW)
    assert reasons(sliced) == (REASONS * 3)[3:10]
    for numbers in (pyarrow.float32(), pyarrow.decimal128(10, 2)):
        column = pyarrow.array([10, 3, 2, 1, None], numbers)
        assert reasons(engine.decide_table(policy, TABLE.set_column(3, "leverage", column), at=NOW))[:4] == REASONS[:4]


def test_tables_without_rows(engine: Engine, policy: Policy) -> None:
    for empty in (TABLE.slice(0, 0), polars.DataFrame(ROWS).clear(), pandas.DataFrame(ROWS).iloc[:0]):
        answers = engine.decide_table(policy, empty, at=NOW)
        assert type(answers) is type(empty) and len(answers) == 0
    assert engine.decide_table(policy, TABLE.slice(0, 0).to_reader(), at=NOW).read_all().num_rows == 0
    assert engine.decide_table(policy, TABLE.to_batches()[0].slice(0, 0), at=NOW).num_rows == 0


def test_text_that_is_not_utf_8_is_unreadable(engine: Engine, policy: Policy) -> None:
    data = pyarrow.array([b"BTCUSDT", b"BTC\xff"]).view(pyarrow.string())
    table = pyarrow.table({"symbol": data, "side": ["BUY"] * 2, "position_size_usd": [1.0] * 2})
    assert reasons(engine.decide_table(policy, table, at=NOW)) == [None, "INTENT_UNREADABLE"]


def test_an_error_of_a_reader_is_an_error(engine: Engine, policy: Policy) -> None:
    def batches() -> Iterator[pyarrow.RecordBatch]:
        yield from TABLE.to_batches()
        raise RuntimeError("the source failed")

    failing = pyarrow.RecordBatchReader.from_batches(TABLE.schema, batches())
    answers = engine.decide_table(policy, failing, at=NOW)
    assert answers.read_next_batch().num_rows == 5
    with pytest.raises(Exception, match="the source failed"):
        answers.read_next_batch()


def big_table(rows: int) -> pyarrow.Table:
    random = numpy.random.default_rng(1)
    names = numpy.array(["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"])
    return pyarrow.table(
        {
            "symbol": names[random.integers(0, 4, rows)],
            "side": numpy.array(["BUY", "SELL"])[random.integers(0, 2, rows)],
            "leverage": random.uniform(0.5, 15, rows),
            "position_size_usd": random.uniform(1, 1_000, rows),
        }
    )


def test_ten_million_rows(engine: Engine, policy: Policy) -> None:
    table = big_table(10_000_000)
    answers = engine.decide_table(policy, table, at=NOW, columns=["decision", "leverage"])
    assert answers.num_rows == 10_000_000
    trades = numpy.isin(table["symbol"].to_numpy(), ["BTCUSDT", "ETHUSDT"])
    assert answers["leverage"].null_count == 10_000_000 - int(trades.sum())


def test_other_threads_run_meanwhile(engine: Engine, policy: Policy) -> None:
    table = big_table(2_000_000)
    ticks, stop = 0, threading.Event()

    def count() -> None:
        nonlocal ticks
        while not stop.wait(0.001):
            ticks += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = ticks
    for _ in range(3):
        engine.decide_table(policy, table, at=NOW)
    assert ticks > before + 3
    stop.set()
    thread.join()


def test_ctrl_c_interrupts_a_table(engine: Engine, policy: Policy) -> None:
    table = big_table(65_536)

    def batches() -> Iterator[pyarrow.RecordBatch]:
        batch = table.to_batches()[0]
        while True:
            yield batch

    class Endless:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            return pyarrow.RecordBatchReader.from_batches(table.schema, batches()).__arrow_c_stream__(requested_schema)

    from portcullis_engine import _portcullis

    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        _portcullis.answer_table(engine, policy, Endless(), NOW, ("intents", False), ["decision"])
    timer.join()


def _decide_in_child(queue: Any) -> None:
    queue.put(reasons(engine_with().decide_table(policy_with(), TABLE, at=NOW)))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_after_import_and_use(engine: Engine, policy: Policy) -> None:
    assert reasons(engine.decide_table(policy, TABLE, at=NOW)) == REASONS
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_decide_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=30) == REASONS
    child.join()


def test_the_package_needs_no_other_package(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        class Refuse:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in ("numpy", "pandas", "polars", "pyarrow", "arro3"):
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Refuse())
        import portcullis_engine
        assert not {"numpy", "pandas", "polars", "pyarrow", "json5"} & set(sys.modules)
        engine = portcullis_engine.Engine(portcullis_engine.Guardrails.none(), exit_owner="x", exit_delegates=[])
        print(engine.decide(None, symbol="BTCUSDT", side="BUY", size=1, now_ms=1767607200000).reason)
        """
    )
    path = os.pathsep.join(sys.path)
    # A folder without the sources of the package, which the interpreter would import first.
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "POLICY_MISSING"


def test_a_skip_of_a_table_has_the_text_of_a_call(engine: Engine, policy: Policy) -> None:
    answers = engine.decide_table(policy, TABLE, at=NOW, columns=["detail"])
    call = engine.decide(policy, symbol="SOLUSDT", side="BUY", leverage=1.0, position_size_usd=10.0, now=NOW)
    assert isinstance(call, Skip) and answers["detail"][3].as_py() == call.detail
    assert math.isnan(ROWS["leverage"][4]) and answers["detail"][4].as_py() is not None
