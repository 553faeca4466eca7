"""Replays that are divided into parts, which several processes or machines evaluate.

The counts and the digest of the merged parts are those of :meth:`portcullis_engine.Engine.replay`, for any number of parts.
Plans and parts can be pickled, and written as JSON, which the command ``portcullis`` also reads and writes. The modules
:mod:`portcullis_engine.ray` and :mod:`portcullis_engine.spark` distribute the parts.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import uuid
from collections.abc import Iterable

from . import _portcullis
from ._engine import Engine, Path, Replay, to_paths, to_replay
from ._errors import PortcullisError
from ._portcullis import Part, Plan, Policy

__all__ = ["Answers", "Part", "Plan", "merge", "plan", "replay_part"]


def plan(
    engine: Engine,
    policy: Policy | None,
    tapes: Path | Iterable[Path],
    *,
    parts: int,
    threads: int = 1,
) -> Plan:
    """Divide the replay of tapes into at most ``parts`` parts of about the same number of bytes.

    The tapes are searched for policy records and positions, and only these are evaluated. Plain files are divided at lines
    and Parquet files at row groups; a compressed file is not divided.

    :param engine: the engine; its guardrails and its exit ownership are part of the plan.
    :param policy: the policy before the first policy record of the tapes.
    :param tapes: paths or patterns of JSON lines (plain, gzip or zstd) or Parquet files. Every process that evaluates a part
        reads them at the same paths.
    :param parts: the maximum number of parts, at least 1.
    :param threads: the number of threads that read the tapes; it does not change the plan.
    :raises PortcullisError: if a tape is not a regular file, or cannot be read to its end.
    """
    return _portcullis.plan_parts(engine, policy, to_paths(tapes), parts, threads)


def replay_part(plan: Plan, number: int, *, answers: Path | None = None, threads: int = 1) -> Part:
    """Evaluate one part of a plan.

    :param number: the number of the part, from 1 to ``plan.parts``.
    :param answers: an existing directory. The answers of the part are written to ``part-NNNNN.parquet`` in it: first under
        a temporary name, which is then replaced, so that a file with this name is always complete.
    :param threads: the number of threads; it does not change the answers.
    :raises PortcullisError: if there is no such part, if a tape has changed since the plan was made, or if the answers cannot
        be written.
    """
    if answers is None:
        return _portcullis.replay_part(plan, number, None, threads)
    return Answers(answers).write(plan, number, threads)


def merge(parts: Iterable[Part]) -> Replay:
    """Merge all parts of a replay, in any order.

    A part that is given more than once counts once.

    :raises PortcullisError: if a part is missing, or if two parts belong to different replays.
    """
    return to_replay(_portcullis.merge_parts(list(parts)))


def threads_of_driver(threads: int | None) -> int:
    """Return the number of threads with which a driver plans. It waits for the plan, so it uses all CPUs."""
    return (os.cpu_count() or 1) if threads is None else threads


class Answers:
    """A directory that receives the answers of the parts of one replay.

    :param path: the directory. It is the same for all processes: use storage that they share.
    """

    def __init__(self, path: Path) -> None:
        self._path = pathlib.Path(path).absolute()

    def create(self) -> None:
        """Create the directory. Only a directory without answers of another replay is accepted.

        :raises PortcullisError: if the directory contains files of parts.
        """
        self._path.mkdir(parents=True, exist_ok=True)
        if any(self._path.glob("part-*.parquet")):
            raise PortcullisError(
                f"`{self._path}` contains the answers of another replay; pass an empty directory, or remove its"
                " `part-*.parquet`",
                field="answers",
            )

    def write(self, plan: Plan, number: int, threads: int) -> Part:
        """Evaluate a part, and write its answers."""
        name = self._file(number)
        temporary = self._path / f".{name.name}.{uuid.uuid4().hex}.tmp"
        try:
            part = _portcullis.replay_part(plan, number, os.fspath(temporary), threads)
            temporary.replace(name)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        return part

    def finish(self, plan: Plan) -> None:
        """Remove the temporary files of processes that ended early, and check that there is a file for each part.

        :raises PortcullisError: if a file is missing.
        """
        for temporary in self._path.glob(".part-*.tmp"):
            temporary.unlink(missing_ok=True)
        for number in range(1, plan.parts + 1):
            if not self._file(number).exists():
                raise PortcullisError(
                    f"`{self._file(number)}` is missing, although part {number} was evaluated; pass a directory on storage"
                    " that the driver and all workers share",
                    field="answers",
                )

    def _file(self, number: int) -> pathlib.Path:
        return self._path / f"part-{number:05}.parquet"
