"""Replays on a Ray cluster of two nodes with one CPU each."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import ray
from ray.cluster_utils import Cluster

import portcullis_engine.ray as distributed
from portcullis_engine import Engine, Policy, PortcullisError
from portcullis_engine import parts as divided

PARTS = 12


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    node = {"num_cpus": 1, "object_store_memory": 100_000_000}
    cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    cluster.add_node(**node)
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the answers of a file, or of the files of all parts in the order of their names."""
    files = sorted(path.glob("part-*.parquet")) if path.is_dir() else [path]
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def test_ray_must_be_initialized(engine: Engine, policy: Policy, tapes: list[Path]) -> None:
    assert not ray.is_initialized()
    with pytest.raises(PortcullisError, match="call `ray.init"):
        distributed.replay(engine, policy, tapes)


def test_two_nodes_give_the_result_of_one_core(
    cluster: Any, engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path
) -> None:
    whole = engine.replay(policy, tapes, out=tmp_path / "whole.parquet")
    answers = tmp_path / "answers"
    assert distributed.replay(engine, policy, tapes, parts=PARTS, answers=answers) == whole
    assert rows(answers) == rows(tmp_path / "whole.parquet")
    for options in [{"parts": 1}, {"parts": PARTS, "window": 1}, {"plan_threads": 2}]:
        assert distributed.replay(engine, policy, tapes, **options) == whole


def test_a_killed_worker_does_not_change_the_result(
    cluster: Any, engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker of the fifth part is killed while its answers have their temporary name."""
    whole = engine.replay(policy, tapes, out=tmp_path / "whole.parquet")
    killed = tmp_path / "killed"
    evaluate = distributed._replay_part

    def killed_in_the_middle(plan: Any, number: int, directory: Any) -> Any:
        if number == 5:
            try:
                killed.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                divided.replay_part(plan, number)
                (tmp_path / "answers" / ".part-00005.parquet.0.tmp").write_bytes(b"PAR1")
                os.kill(os.getpid(), signal.SIGKILL)
        return evaluate(plan, number, directory)

    monkeypatch.setattr(distributed, "_replay_part", killed_in_the_middle)
    answers = tmp_path / "answers"
    assert distributed.replay(engine, policy, tapes, parts=PARTS, answers=answers) == whole
    assert killed.exists()
    assert rows(answers) == rows(tmp_path / "whole.parquet")
    assert len(list(answers.iterdir())) == len(list(answers.glob("part-*.parquet")))


def test_a_worker_that_is_killed_without_a_retry_is_an_error(
    cluster: Any, engine: Engine, policy: Policy, tapes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(plan: Any, number: int, directory: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(distributed, "_replay_part", killed)
    with pytest.raises(ray.exceptions.WorkerCrashedError):
        distributed.replay(engine, policy, tapes, parts=2, max_retries=0)


def test_an_error_of_a_worker_has_its_message(
    cluster: Any, engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*given: Any, **named: Any) -> divided.Plan:
        plan = divided._portcullis.plan_parts(engine, policy, [str(tape)], 2, 1)
        tape.write_bytes(tapes[0].read_bytes() + b"\n")
        return plan

    tape = tmp_path / "tape.jsonl"
    tape.write_bytes(tapes[0].read_bytes())
    monkeypatch.setattr(divided, "plan", changed)
    with pytest.raises(PortcullisError, match="has changed since the plan"):
        distributed.replay(engine, policy, tape)


def test_unusable_arguments_are_errors(
    cluster: Any, engine: Engine, policy: Policy, tapes: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(PortcullisError, match="pass at least 1"):
        distributed.replay(engine, policy, tapes, window=0)
    (tmp_path / "part-00009.parquet").touch()
    with pytest.raises(PortcullisError, match="pass an empty directory"):
        distributed.replay(engine, policy, tapes, answers=tmp_path)
