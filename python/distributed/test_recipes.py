"""The recipes of the README for DuckDB, polars and DataFusion."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portcullis_engine import Engine, Policy
from portcullis_engine import parts as divided

README = Path(__file__).parents[1] / "README.md"
NOW = datetime(2026, 1, 5, 10, 30, tzinfo=timezone.utc)


def run(title: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run the recipe whose first line is a comment with this title, and return its variables."""
    recipes = re.findall(r"```python\n# (.*)\n([^`]*)```", README.read_text(encoding="utf-8"))
    variables = dict(names)
    exec(dict(recipes)[title], variables)
    return variables


@pytest.fixture
def names(
    engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Return the variables that the recipes use, in a folder with the files that they read."""
    count = 3_000
    leverages = [10.0, None, float("nan"), 3.0]
    table = pa.table(
        {
            "symbol": [["BTCUSDT", "ETHUSDT", "XRPUSDT"][place % 3] for place in range(count)],
            "side": ["BUY"] * count,
            "leverage": pa.array([leverages[place % 4] for place in range(count)], pa.float64()),
            "position_size_usd": [250.0] * count,
        }
    )
    pq.write_table(table, tmp_path / "intents.parquet", row_group_size=700)
    (tmp_path / "tapes").symlink_to(tapes[0].parent)
    monkeypatch.chdir(tmp_path)
    return {"engine": engine, "policy": policy, "now": NOW}


def expected(names: dict[str, Any]) -> Counter[tuple[str, str | None]]:
    answers = names["engine"].decide_table(names["policy"], pq.read_table("intents.parquet"), at=NOW).to_pylist()
    return Counter((row["decision"], row["reason"]) for row in answers)


def test_a_relation_is_decided(names: dict[str, Any]) -> None:
    found = run("DuckDB: decide a relation", names)["counts"]
    assert {(decision, reason): count for decision, reason, count in found} == expected(names)


def test_a_data_frame_of_datafusion_is_decided(names: dict[str, Any]) -> None:
    batches = run("DataFusion: decide a DataFrame", names)["counts"]
    found = [tuple(row.values()) for batch in batches for row in batch.to_pylist()]
    assert {(decision, reason): count for decision, reason, count in found} == expected(names)


def test_a_lazy_frame_is_decided(names: dict[str, Any]) -> None:
    variables = run("polars: decide a LazyFrame", names)
    found = variables["counts"].rows()
    assert {(decision, reason): count for decision, reason, count in found} == expected(names)


def test_the_answers_to_a_tape_are_an_io_source(
    names: dict[str, Any], engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path
) -> None:
    variables = run("polars: scan the answers to a tape", names)
    engine.replay(policy, "tapes/*.jsonl", out="whole.parquet")
    whole = polars.read_parquet("whole.parquet")
    skips = whole.filter(polars.col("decision") == "SKIP").select("id", "reason")
    assert variables["skips"].rows() == skips.rows() and skips.height > 0
    answers = variables["scan_answers"](divided.plan(engine, policy, tapes, parts=5))
    engine.replay(policy, tapes, out="whole.parquet")
    whole = polars.read_parquet("whole.parquet")
    assert answers.collect().rows() == whole.rows()
    assert answers.head(10).collect().rows() == whole.head(10).rows()
    assert answers.collect(engine="streaming").height == whole.height
