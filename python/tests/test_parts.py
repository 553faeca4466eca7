"""Replays that are divided into parts."""

from __future__ import annotations

import gzip
import json
import pickle
import signal
import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from conftest import INTENT, NOW_MS, POLICY, POSITION, engine_with
from portcullis_engine import Engine, Policy, PortcullisError
from portcullis_engine import parts as divided
from portcullis_engine._portcullis import Part, Plan
from test_replay import run

RECORDS = 60


def record(number: int) -> dict[str, Any]:
    """Return a record: mostly intents, with positions and changes of the policy between them."""
    ts = NOW_MS + number
    if number % 20 == 7:
        symbols = ["BTCUSDT"] if number % 40 == 7 else ["BTCUSDT", "ETHUSDT"]
        leverages = dict.fromkeys(symbols, 3 + number % 4)
        policy = POLICY | {"universe_symbols": symbols, "leverage_by_symbol": leverages}
        return {"event_type": "policy.updated", "ts": ts, "policy": policy}
    if number % 11 == 3:
        return POSITION | {"event_type": "position.snapshot", "ts": ts, "harvested": "NONE"}
    symbol = ["BTCUSDT", "ETHUSDT", "XRPUSDT"][number % 3]
    return INTENT | {"ts": ts, "id": str(number), "symbol": symbol}


def lines(first: int) -> bytes:
    """Return records as lines, with blank lines between them."""
    ends = ["\n", "\n\n", "\r\n", "\n  \n"]
    texts = (json.dumps(record(number)) + ends[number % 4] for number in range(first, first + RECORDS))
    return "".join(texts).encode()


@pytest.fixture
def tapes(tmp_path: Path) -> list[Path]:
    """Return two plain tapes, and a compressed one between them."""
    folder = tmp_path / "tapes"
    folder.mkdir()
    paths = [folder / name for name in ("1.jsonl", "2.jsonl.gz", "3.jsonl")]
    for place, path in enumerate(paths):
        content = lines(1 + place * RECORDS)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return paths


def in_parts(plan: Plan, answers: Path | None = None) -> list[Part]:
    return [divided.replay_part(plan, number, answers=answers) for number in range(1, plan.parts + 1)]


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_merged_parts_are_one_replay(
    engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path, count: int
) -> None:
    whole = engine.replay(policy, tapes, out=tmp_path / "whole.parquet")
    assert whole.records == 3 * RECORDS and whole.policies > 2
    plan = divided.plan(engine, policy, tapes, parts=count)
    assert (count == 1) == (plan.parts == 1)
    assert plan.tapes == [str(path) for path in tapes]
    answers = divided.Answers(tmp_path / "answers")
    answers.create()
    parts = in_parts(plan, tmp_path / "answers")
    answers.finish(plan)
    assert divided.merge(reversed(parts)) == whole
    files = sorted((tmp_path / "answers").iterdir())
    assert [file.name for file in files] == [f"part-{number + 1:05}.parquet" for number in range(plan.parts)]
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    assert rows == pq.read_table(tmp_path / "whole.parquet").to_pylist()


def test_the_settings_of_the_engine_are_in_the_plan(policy: Policy, tapes: list[Path]) -> None:
    digests = set()
    for engine in [engine_with(), engine_with(max_leverage=2), engine_with(max_position_usd=10)]:
        for initial in [policy, None]:
            whole = engine.replay(initial, tapes)
            plan = divided.plan(engine, initial, tapes, parts=5, threads=2)
            assert divided.merge(in_parts(plan)) == whole
            digests.add(whole.digest)
    assert len(digests) > 2


def test_plans_and_parts_are_values(engine: Engine, policy: Policy, tapes: list[Path]) -> None:
    plan = divided.plan(engine, policy, tapes, parts=3)
    assert plan == divided.plan(engine, policy, tapes, parts=3) != divided.plan(engine, None, tapes, parts=3)
    part = divided.replay_part(plan, 2, threads=2)
    for value in (plan, part):
        assert pickle.loads(pickle.dumps(value)) == value
        assert type(value).from_json(value.to_json()) == value
    assert repr(plan) == f"<Plan of {plan.parts} parts and 3 tapes>"
    assert repr(part) == "<Part with the records {} to {}>".format(*part.records)


def test_missing_and_foreign_parts_are_errors(engine: Engine, policy: Policy, tapes: list[Path]) -> None:
    plan = divided.plan(engine, policy, tapes, parts=3)
    parts = in_parts(plan)
    assert divided.merge([*parts, parts[0]]) == divided.merge(parts)
    foreign = in_parts(divided.plan(engine, None, tapes, parts=3))
    for given, problem in [
        ([], "no part"),
        (parts[1:], "parts are missing.*pass every part"),
        ([parts[0], parts[2]], "a part is missing between them"),
        ([*parts[:2], foreign[2]], "their settings differ"),
    ]:
        with pytest.raises(PortcullisError, match=problem):
            divided.merge(given)
    for number in (0, plan.parts + 1):
        with pytest.raises(PortcullisError, match="give a number from 1 to"):
            divided.replay_part(plan, number)


def test_bytes_of_another_kind_are_errors(engine: Engine, policy: Policy, tapes: list[Path]) -> None:
    plan = divided.plan(engine, policy, tapes, parts=2)
    newer = plan.to_json().replace(b'"format":1', b'"format":2')
    with pytest.raises(PortcullisError, match="make a new plan"):
        divided.replay_part(Plan.from_json(newer), 1)
    for content in (b"", plan.to_json()[:-5], b"{}"):
        with pytest.raises(PortcullisError, match="not a plan"):
            Plan.from_json(content)
    with pytest.raises(PortcullisError, match="not a part"):
        Part.from_json(plan.to_json())


def test_unusable_tapes_and_directories_are_errors(
    engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(PortcullisError, match="pass at least 1"):
        divided.plan(engine, policy, tapes, parts=0)
    with pytest.raises(PortcullisError, match="no tape at"):
        divided.plan(engine, policy, tmp_path / "absent.jsonl", parts=2)
    plan = divided.plan(engine, policy, tapes, parts=2)
    with pytest.raises(PortcullisError, match="cannot write"):
        divided.replay_part(plan, 1, answers=tmp_path / "absent")
    answers = divided.Answers(tmp_path / "answers")
    answers.create()
    divided.replay_part(plan, 1, answers=tmp_path / "answers")
    with pytest.raises(PortcullisError, match="part-00002.parquet` is missing"):
        answers.finish(plan)
    with pytest.raises(PortcullisError, match="pass an empty directory"):
        answers.create()
    tapes[0].write_bytes(lines(1) + b"\n")
    with pytest.raises(PortcullisError, match="has changed since the plan"):
        divided.replay_part(plan, 1, answers=tmp_path / "answers")
    assert [file.name for file in (tmp_path / "answers").iterdir()] == ["part-00001.parquet"]


def test_the_command_reads_the_same_plans(engine: Engine, policy: Policy, tapes: list[Path]) -> None:
    plan = divided.plan(engine, policy, tapes, parts=2)
    stored = tapes[0].parent / "plan.json"
    stored.write_bytes(plan.to_json())
    theirs = [Part.from_json(run("replay", "--part", stored, "--number", str(number)).encode()) for number in (1, 2)]
    assert theirs == in_parts(plan)


def test_ctrl_c_interrupts_planning(engine: Engine, policy: Policy, tmp_path: Path) -> None:
    # A gzip file of 4 GB of zeros takes seconds to read.
    tape = tmp_path / "zeros.jsonl.gz"
    tape.write_bytes(gzip.compress(b"\n" * (1 << 26)) * 60)
    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        divided.plan(engine, policy, tape, parts=2)
    timer.join()
