"""Replays on a Ray cluster.

>>> from portcullis_engine import ray as portcullis_ray
>>> portcullis_ray.replay.__name__
'replay'
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import parts as _parts
from ._engine import Engine, Path, Replay
from ._errors import PortcullisError
from ._portcullis import Policy

__all__ = ["replay"]

_PARTS_PER_CPU = 4
_TASKS_PER_CPU = 2


def replay(
    engine: Engine,
    policy: Policy | None,
    tapes: Path | Iterable[Path],
    *,
    parts: int | None = None,
    answers: Path | None = None,
    max_retries: int = 3,
    window: int | None = None,
    plan_threads: int | None = None,
) -> Replay:
    """Answer every record of tape files on the workers of a Ray cluster.

    The counts, the digest and the answers are those of :meth:`portcullis_engine.Engine.replay`. The driver plans the parts.
    Each part is a task that needs one CPU; tasks are spread over the nodes. The driver receives only the results of parts,
    which are a few kilobytes each and the policies on the tapes. ``ray.init()`` must have been called.

    :param engine: the engine.
    :param policy: the policy before the first policy record of the tapes.
    :param tapes: paths or patterns, as in :func:`portcullis_engine.parts.plan`. The driver and all workers read them at the
        same paths.
    :param parts: the maximum number of parts; ``None`` for four per CPU of the cluster.
    :param answers: a directory that the driver and all workers share. It receives ``part-00001.parquet`` and so on, whose
        rows in the order of the names are the answers in order.
    :param max_retries: how often Ray evaluates a part again if its worker ended. An error of the engine is not retried.
    :param window: the maximum number of tasks that are submitted and not finished; ``None`` for two per CPU of the cluster.
    :param plan_threads: the number of threads with which the driver plans; ``None`` for one per CPU of its machine.
    :raises PortcullisError: if Ray is not initialized, and under the conditions of :func:`portcullis_engine.parts.plan` and
        :func:`portcullis_engine.parts.replay_part`.
    """
    ray = _ray()
    cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
    directory = None if answers is None else _parts.Answers(answers)
    if directory is not None:
        directory.create()
    plan = _parts.plan(
        engine,
        policy,
        tapes,
        parts=_PARTS_PER_CPU * cpus if parts is None else parts,
        threads=_parts.threads_of_driver(plan_threads),
    )
    results = _evaluate(ray, plan, directory, max_retries, _TASKS_PER_CPU * cpus if window is None else window)
    if directory is not None:
        directory.finish(plan)
    return _parts.merge(results)


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise PortcullisError("Ray is not installed; run `pip install 'portcullis-engine[ray]'`") from None
    if not ray.is_initialized():
        raise PortcullisError("Ray is not initialized; call `ray.init()` first, with the address of the cluster")
    return ray


def _evaluate(
    ray: Any, plan: _parts.Plan, directory: _parts.Answers | None, max_retries: int, window: int
) -> list[_parts.Part]:
    """Evaluate all parts, with at most ``window`` tasks at a time."""
    if window < 1:
        raise PortcullisError(f"`window` is {window}; pass at least 1", field="window", value=str(window))
    task = ray.remote(_replay_part).options(num_cpus=1, max_retries=max_retries, scheduling_strategy="SPREAD")
    shared = ray.put(plan)
    results: list[_parts.Part] = []
    pending: list[Any] = []
    try:
        for number in range(1, plan.parts + 1):
            if len(pending) >= window:
                ready, pending = ray.wait(pending, num_returns=1)
                results.extend(ray.get(ready))
            pending.append(task.remote(shared, number, directory))
        while pending:
            ready, pending = ray.wait(pending, num_returns=1)
            results.extend(ray.get(ready))
    except BaseException:
        for reference in pending:
            ray.cancel(reference, force=True)
        raise
    return results


def _replay_part(plan: _parts.Plan, number: int, directory: _parts.Answers | None) -> _parts.Part:
    if directory is None:
        return _parts.replay_part(plan, number)
    return directory.write(plan, number, threads=1)
