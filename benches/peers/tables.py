#!/usr/bin/env python3
"""Compares the gate of this benchmark in polars, DuckDB and `portcullis replay`, from a Parquet file, on one thread.

usage: tables.py PROGRAM FOLDER

PROGRAM is the `portcullis` binary. FOLDER has `intents.csv` and `policy.json`, as `--write-inputs` of this package
writes them. `scripts/compare-tables` creates all of them and starts this script.

The script writes the intents to a Parquet file, and each engine returns the times (`ts`, unique) of the allowed
intents. In each round, each engine runs once, and its result is compared with the expected result, which is computed
directly. A difference ends the run. The script prints the table and writes it into `docs/figures.md`.
"""
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"  # polars reads it when it is imported.
try:
    import duckdb
    import polars as pl
except ImportError as error:
    sys.exit(f"tables.py: {error}; run `scripts/compare-tables`, which installs polars and DuckDB and uses them")

# The number of rounds is odd, so that the median is the value of one round.
ROUNDS = 9
FIRST_MS = 1_766_550_734_062
PAGE = Path(__file__).resolve().parents[2] / "docs/figures.md"
BEGIN, END = "<!-- tables:", "<!-- end of tables -->"


def main():
    if len(sys.argv) != 3:
        fail("expected PROGRAM and FOLDER; run `scripts/compare-tables`, which passes them")
    program, folder = (Path(argument).resolve() for argument in sys.argv[1:])
    for file in (program, folder / "intents.csv", folder / "policy.json"):
        if not file.is_file():
            fail(f"`{file}` does not exist; run `scripts/compare-tables`, which creates it")
    policy = json.loads((folder / "policy.json").read_text())
    intents = read_intents(folder / "intents.csv")
    intents.write_parquet(folder / "intents.parquet")
    expected = expected_times(intents, policy)
    engines = [Polars(folder, policy), DuckDb(folder, policy), Replay(program, folder)]
    rounds = [[measure(engine, expected) for engine in engines] for _ in range(1 + ROUNDS)]
    # The first round is a warm-up.
    table = markdown(engines, rounds[1:], len(intents), len(expected))
    write(table)
    print(f"{table}\n{len(intents):,} distinct intents; every result of every round was correct")


def fail(message):
    sys.exit(f"tables.py: {message}")


def read_intents(file):
    """Returns the intents as a table with the columns of a tape."""
    with open(file, newline="") as lines:
        rows = list(csv.DictReader(lines))
    times = range(FIRST_MS, FIRST_MS + len(rows))
    return pl.DataFrame({
        "id": [f"{ts}-0" for ts in times],
        "ts": list(times),
        "symbol": [row["symbol"] for row in rows],
        "side": [row["side"] for row in rows],
        "source": ["momentum"] * len(rows),
        "leverage": [float(row["leverage"]) for row in rows],
        "position_size_usd": [int(row["cents"]) / 100 for row in rows],
    })


def expected_times(intents, policy):
    """Returns the times of the intents that the gate allows, computed row by row."""
    leverages, notional_max = policy["leverage_by_symbol"], policy["limits"]["max_notional_usd"]
    columns = intents.select("ts", "symbol", "leverage", "position_size_usd")
    return [
        ts
        for ts, symbol, leverage, notional in columns.iter_rows()
        if symbol in leverages and leverage <= leverages[symbol] and 0 < notional <= notional_max
    ]


class Polars:
    """The gate as an expression of polars."""

    name = f"polars {pl.__version__}, one expression"

    def __init__(self, folder, policy):
        if pl.thread_pool_size() != 1:
            fail(f"polars has {pl.thread_pool_size()} threads, expected 1; import polars only in this script")
        leverages = policy["leverage_by_symbol"]
        leverage_max = pl.col("symbol").replace_strict(leverages, default=None, return_dtype=pl.Float64)
        notional, notional_max = pl.col("position_size_usd"), policy["limits"]["max_notional_usd"]
        self.gate = (pl.col("leverage") <= leverage_max) & (notional > 0) & (notional <= notional_max)
        self.tape = folder / "intents.parquet"

    def run(self):
        return pl.scan_parquet(self.tape).filter(self.gate).select("ts").collect()

    def allowed(self, result):
        return result["ts"].to_list()


class DuckDb:
    """The gate as a query of DuckDB that joins a table of the universe."""

    name = f"DuckDB {duckdb.__version__}, one query"
    query = """
        SELECT ts FROM read_parquet($1) JOIN universe USING (symbol)
        WHERE leverage <= leverage_max AND position_size_usd > 0 AND position_size_usd <= $2
    """

    def __init__(self, folder, policy):
        # Without the cache, each query reads the file, as the other engines do.
        self.connection = duckdb.connect(config={"threads": 1, "enable_external_file_cache": False})
        self.connection.execute("CREATE TABLE universe (symbol TEXT, leverage_max DOUBLE)")
        self.connection.executemany("INSERT INTO universe VALUES (?, ?)", list(policy["leverage_by_symbol"].items()))
        self.parameters = [str(folder / "intents.parquet"), policy["limits"]["max_notional_usd"]]

    def run(self):
        return self.connection.execute(self.query, self.parameters).fetchnumpy()

    def allowed(self, result):
        return result["ts"].tolist()


class Replay:
    """`portcullis replay` as a process.

    A run prints a digest of all answers. The answers themselves are written once, by a run that is not measured and
    has the same digest.
    """

    def __init__(self, program, folder):
        self.program = program
        tape, policy = folder / "intents.parquet", folder / "policy.json"
        self.arguments = ["replay", tape, "--policy", policy, "--threads", "1", "--format", "json"]
        self.name = f"{self.start('--version').strip()}, `replay`"
        answers = folder / "answers.parquet"
        self.digest = self.read_digest(self.start(*self.arguments, "--out", answers))
        # A request above the leverage of the symbol is a trade with a lower leverage.
        granted = (pl.col("decision") == "TRADE") & (pl.col("leverage") == pl.col("leverage_requested"))
        self.times = pl.read_parquet(answers).filter(granted)["ts"].cast(pl.Int64).to_list()

    def start(self, *arguments):
        command = [self.program, *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout
        except subprocess.CalledProcessError as error:
            fail(f"`{self.program}` failed; rebuild it with `scripts/compare-tables`\n{error.stderr.strip()}")
        except OSError as error:
            fail(f"`{self.program}` could not be started: {error}; rebuild it with `scripts/compare-tables`")

    def read_digest(self, summary):
        try:
            return json.loads(summary)["digest"]
        except (ValueError, KeyError):
            fail(f"`{self.program}` printed no summary with a digest; rebuild it with `scripts/compare-tables`")

    def run(self):
        return self.start(*self.arguments)

    def allowed(self, result):
        digest = self.read_digest(result)
        if digest != self.digest:
            fail(f"`replay` printed the digest {digest}, and {self.digest} when it wrote the answers; report this bug")
        return self.times


def measure(engine, expected):
    """Runs an engine once, checks its result, and returns the time in nanoseconds."""
    start = time.perf_counter_ns()
    result = engine.run()
    took = time.perf_counter_ns() - start
    found = sorted(engine.allowed(result))
    if found != expected:
        different = sorted(set(found) ^ set(expected)) or ["unknown: one is a duplicate"]
        numbers = f"{len(found)} intents, expected {len(expected)}"
        fail(f"{engine.name} allowed {numbers}; first difference at `ts` {different[0]}")
    return took


def markdown(engines, rounds, intents, allowed):
    """Formats the table for the documentation, with the fastest engine first."""
    rows = []
    for engine, column in zip(engines, zip(*rounds)):
        ratios = [took / taken[-1] for took, taken in zip(column, rounds)]
        per_intent = [took / intents for took in column]
        cells = [engine.name, f"{allowed:,}", spread(took / 1e6 for took in column), spread(per_intent), spread(ratios)]
        rows.append((statistics.median(column), f"| {' | '.join(cells)} |\n"))
    head = "| engine | yes | ms per file | ns per intent | ratio to `replay` |\n|---|--:|--:|--:|--:|\n"
    return head + "".join(row for _, row in sorted(rows))


def spread(values):
    values = sorted(values)
    return f"{short(statistics.median(values))} ({short(values[0])} to {short(values[-1])})"


def short(value):
    """Formats a value with at least two significant digits."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def write(table):
    """Replaces the table in the documentation."""
    page = PAGE.read_text()
    before, begin, rest = page.partition(BEGIN)
    marker, newline, rest = rest.partition("\n")
    _, end, after = rest.partition(END)
    if not end:
        fail(f"{PAGE} has no markers `{BEGIN} … -->` and `{END}` for the table; restore them with git")
    PAGE.write_text(before + begin + marker + newline + table + end + after)


main()
