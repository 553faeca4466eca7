"""Measures replays on Ray and Spark, and prints each time with its ratio to one process with one thread in the same round.

Usage: python benches/distributed.py [RECORDS] [ROUNDS]

The tapes are 16 times the same file. A file of the Parquet tape has RECORDS intents. The files of lines have a quarter as many
records: intents only, or intents with positions and changes of the policy between them. All are read from the page cache. A time
includes the plan and the merge. The clusters are started, and have evaluated the tape once, before they are measured.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "distributed"))

import json  # noqa: E402

import pyarrow  # noqa: E402
import pyarrow.parquet  # noqa: E402
from conftest import POLICY, record  # noqa: E402

from portcullis_engine import Engine, Guardrails, Policy, Replay  # noqa: E402
from portcullis_engine import parts, ray, spark  # noqa: E402

RECORDS = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
FILES = 16
NOW = datetime(2026, 1, 5, 10, 30, tzinfo=timezone.utc)


def write_tape(folder: Path, suffix: str, write: Callable[[Path], object]) -> str:
    """Write one file in a new folder, and link the others to it."""
    folder.mkdir()
    first = folder / f"00.{suffix}"
    write(first)
    for number in range(1, FILES):
        os.link(first, folder / f"{number:02}.{suffix}")
    return str(folder / f"*.{suffix}")


def write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    block = "".join(json.dumps(it) + "\n" for it in records)
    path.write_text(block * (RECORDS // 4 // len(records)), encoding="utf-8")


def write_mixed_lines(path: Path) -> None:
    records = [record(number) for number in range(10_000)]
    # One change of the policy per 10,000 records.
    write_lines(
        path, [it for place, it in enumerate(records) if place < 78 or not it.get("event_type", "").startswith("policy.")]
    )


def write_intent_lines(path: Path) -> None:
    write_lines(path, [it for it in map(record, range(10_000)) if "event_type" not in it])


def write_intents(path: Path) -> None:
    """Write intents as a Parquet file. Its footer states that there are no other records, so that the plan reads only it."""
    start = 1_767_607_200_000
    columns = {
        "ts": pyarrow.array(range(start, start + RECORDS), pyarrow.timestamp("ms", "UTC")),
        "symbol": [["BTCUSDT", "ETHUSDT", "XRPUSDT"][place % 3] for place in range(RECORDS)],
        "side": ["BUY"] * RECORDS,
        "leverage": [10.0] * RECORDS,
        "position_size_usd": [250.0] * RECORDS,
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=131_072)


def ray_cluster() -> Callable[[], None]:
    """Start a cluster of two nodes with one CPU each, and return the function that stops it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray starts workers with a lower priority than that of the process to which they are compared.
    os.environ["RAY_worker_niceness"] = "0"
    import ray as library
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 100_000_000}
    cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    cluster.add_node(**node)
    cluster.wait_for_nodes()
    library.init(address=cluster.address, log_to_driver=False)

    def stop() -> None:
        library.shutdown()
        cluster.shutdown()

    return stop


def spark_session() -> Any:
    """Start a cluster with two executors of one core each."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "1g",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "131072",
    }
    builder = SparkSession.builder.master("local-cluster[2,1,1024]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare(title: str, runs: dict[str, Callable[[], object]]) -> None:
    """Print the medians of all rounds; the first run is the reference."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            times[name].append(seconds(run))
    reference = next(iter(times.values()))
    for name, of in times.items():
        speeds = [one / other for one, other in zip(reference, of)]
        print(
            f"{title}: {name}: {statistics.median(of):.2f} s, {statistics.median(speeds):.2f} x"
            f" ({min(speeds):.2f} to {max(speeds):.2f}); fastest rounds {min(of):.2f} s, {min(reference) / min(of):.2f} x",
            flush=True,
        )


def equal(*results: Replay) -> None:
    assert all(result == results[0] for result in results), results


def measure_cpu(engine: Engine, policy: Policy, tapes: dict[str, str]) -> None:
    """Print the CPU times of a replay and of all its parts, which depend little on other programs."""

    def measured(run: Callable[[], Any]) -> tuple[str, Any]:
        start = time.process_time()
        result = run()
        return f"{time.process_time() - start:.2f} s", result

    for title, of in tapes.items():
        whole, expected = measured(lambda of=of: engine.replay(policy, of))
        planned, plan = measured(lambda of=of: parts.plan(engine, policy, of, parts=8))
        evaluated, results = measured(
            lambda plan=plan: [parts.replay_part(plan, number) for number in range(1, plan.parts + 1)]
        )
        merged, result = measured(lambda results=results: parts.merge(results))
        equal(expected, result)
        print(f"{title}: CPU of a replay {whole}, plan {planned}, 8 parts {evaluated}, merge {merged}", flush=True)


def measure_ray(engine: Engine, policy: Policy, tapes: dict[str, str]) -> None:
    stop = ray_cluster()
    for title, of in tapes.items():

        def one(of: str = of) -> Replay:
            return engine.replay(policy, of)

        equal(one(), ray.replay(engine, policy, of))
        runs: dict[str, Callable[[], object]] = {
            "one process with one thread": one,
            "Ray, two workers": lambda of=of: ray.replay(engine, policy, of),
        }
        compare(title, runs)
    stop()


def measure_spark(engine: Engine, policy: Policy, tapes: str, folder: Path) -> None:
    def one() -> Replay:
        return engine.replay(policy, tapes)

    start = time.perf_counter()
    session = spark_session()
    print(f"Spark: the start of the cluster: {time.perf_counter() - start:.2f} s")
    first = time.perf_counter()
    result = spark.replay(session, engine, policy, tapes)
    print(f"Spark: the first replay: {time.perf_counter() - first:.2f} s")
    equal(one(), result)
    small = folder / "small.json"
    small.write_text(json.dumps(record(1)) + "\n", encoding="utf-8")
    runs = {
        "one process with one thread": one,
        "Spark, two executors": lambda: spark.replay(session, engine, policy, tapes),
        "Spark, two executors, a tape of one record": lambda: spark.replay(session, engine, policy, small),
    }
    compare("mixed JSON lines", runs)

    columns = ["decision", "reason", "leverage", "notional_usd"]
    path = folder / "rows" / "00.parquet"

    def on_one() -> object:
        answers = engine.decide_table(policy, pyarrow.parquet.read_table(path, use_threads=False), at=NOW, columns=columns)
        return answers.group_by("reason", use_threads=False).aggregate([([], "count_all")]).num_rows

    def on_spark() -> object:
        decided = spark.decide(session.read.parquet(str(path)), engine, policy, at=NOW, columns=columns)
        return decided.groupBy("answer_reason").count().collect()

    on_spark()
    compare("decide", {"one process with one thread": on_one, "Spark, two executors": on_spark})
    session.stop()


def main() -> None:
    warnings.simplefilter("ignore")
    engine = Engine(Guardrails.from_dict({"max_leverage": 6}), exit_owner="exit-service", exit_delegates=[])
    policy = Policy.from_dict(POLICY)
    with tempfile.TemporaryDirectory() as folder:
        tapes = {
            "intents as Parquet": write_tape(Path(folder) / "rows", "parquet", write_intents),
            "intents as JSON lines": write_tape(Path(folder) / "lines", "jsonl", write_intent_lines),
            "mixed JSON lines": write_tape(Path(folder) / "mixed", "jsonl", write_mixed_lines),
        }
        measure_cpu(engine, policy, tapes)
        measure_ray(engine, policy, tapes)
        measure_spark(engine, policy, tapes["mixed JSON lines"], Path(folder))


main()
