"""Replays and decisions on a Spark cluster with two executors, which are separate processes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.errors import PythonException
from pyspark.sql import SparkSession

import portcullis_engine.spark as distributed
from portcullis_engine import Engine, Policy, PortcullisError

NOW = datetime(2026, 1, 5, 10, 30, tzinfo=timezone.utc)
PARTS = 12


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("tests")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "512m",
        "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"],
        "spark.sql.execution.arrow.maxRecordsPerBatch": "300",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the answers of a file, or of the files of all parts in the order of their names."""
    files = sorted(path.glob("part-*.parquet")) if path.is_dir() else [path]
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def test_two_executors_give_the_result_of_one_core(
    session: Any, engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path
) -> None:
    whole = engine.replay(policy, tapes, out=tmp_path / "whole.parquet")
    answers = tmp_path / "answers"
    assert distributed.replay(session, engine, policy, tapes, parts=PARTS, answers=answers) == whole
    assert rows(answers) == rows(tmp_path / "whole.parquet")
    assert distributed.replay(session, engine, policy, tapes, plan_threads=2) == whole


def test_a_killed_worker_does_not_change_the_result(
    session: Any, engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python process of an executor is killed before it evaluates the fifth part."""
    killed = tmp_path / "killed"
    replayer = distributed._replayer

    def killed_in_the_middle(*given: Any) -> Any:
        evaluate = replayer(*given)

        def replay_units(batches: Iterator[Any]) -> Iterator[Any]:
            for batch in batches:
                if batch.column("id").to_pylist() == [5] and not killed.exists():
                    killed.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                yield from evaluate(iter([batch]))

        return replay_units

    monkeypatch.setattr(distributed, "_replayer", killed_in_the_middle)
    whole = engine.replay(policy, tapes, out=tmp_path / "whole.parquet")
    answers = tmp_path / "answers"
    assert distributed.replay(session, engine, policy, tapes, parts=PARTS, answers=answers) == whole
    assert killed.exists()
    assert rows(answers) == rows(tmp_path / "whole.parquet")


def test_an_error_of_an_executor_has_its_message(
    session: Any, engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*given: Any, **named: Any) -> Any:
        made = plan(engine, policy, tape, parts=2)
        tape.write_bytes(tapes[0].read_bytes() + b"\n")
        return made

    plan = distributed._parts.plan
    tape = tmp_path / "tape.jsonl"
    tape.write_bytes(tapes[0].read_bytes())
    monkeypatch.setattr(distributed._parts, "plan", changed)
    with pytest.raises(PythonException, match="has changed since the plan"):
        distributed.replay(session, engine, policy, tape)


def intents(count: int) -> pa.Table:
    """Return intents, with a null and a NaN among the leverages, and a column that is not a field."""
    leverages = [10.0, None, float("nan"), 3.0]
    return pa.table(
        {
            "number": pa.array(range(count), pa.int64()),
            "symbol": [["BTCUSDT", "ETHUSDT", "XRPUSDT"][place % 3] for place in range(count)],
            "side": ["BUY"] * count,
            "source": ["momentum"] * count,
            "leverage": pa.array([leverages[place % 4] for place in range(count)], pa.float64()),
            "position_size_usd": [250.0] * count,
            "note": [f"note {place}" for place in range(count)],
        }
    )


def test_decisions_are_added_as_columns(session: Any, engine: Engine, policy: Policy, tmp_path: Path) -> None:
    table = intents(2_000)
    pq.write_table(table, tmp_path / "intents.parquet")
    frame = session.read.parquet(str(tmp_path / "intents.parquet")).repartition(4)
    decided = distributed.decide(frame, engine, policy, at=NOW)
    found = sorted((row.asDict() for row in decided.collect()), key=lambda row: row["number"])
    answers = engine.decide_table(policy, table, at=NOW).drop_columns(["n", "id"])
    names = ["answer_" + name for name in answers.column_names]
    assert decided.columns == [*table.column_names, *names]
    assert {row["answer_decision"] for row in found} == {"TRADE", "SKIP"}
    for row, expected in zip(found, answers.to_pylist(), strict=True):
        for name, value in expected.items():
            got = row["answer_" + name]
            if isinstance(value, datetime):
                got, value = got.timestamp(), value.timestamp()
            assert got == value, (row["number"], name)
    assert [row["note"] for row in found] == table["note"].to_pylist()


def test_selected_columns_and_recorded_times(session: Any, engine: Engine, policy: Policy) -> None:
    schema = "symbol string, side string, position_size_usd double, ts timestamp"
    frame = session.createDataFrame([("ETHUSDT", "BUY", 100.0, NOW)], schema)
    for at in ("recorded", "ts", NOW):
        decided = distributed.decide(frame, engine, policy, at=at, columns=["decision", "leverage"], prefix="our_")
        (row,) = decided.collect()
        assert (row.our_decision, row.our_leverage) == ("TRADE", 5.0)
    with pytest.raises(PortcullisError, match="remove it"):
        distributed.decide(frame, engine, policy, at=NOW, columns=["n", "decision"])
    with pytest.raises(PortcullisError, match="pass another `prefix`"):
        distributed.decide(frame, engine, policy, at=NOW, columns=["symbol"], prefix="")
    with pytest.raises(PortcullisError):
        distributed.decide(frame, engine, policy, at=datetime(2026, 1, 5))
    with pytest.raises(PortcullisError):
        distributed.decide(frame.select("side"), engine, policy, at="absent")
