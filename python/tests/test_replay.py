"""Replays and comparisons of tapes, and agreement with the command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from conftest import INTENT, NOW, NOW_MS, POSITION, engine_with, policy_with
from portcullis_engine import Answer, Engine, Policy, PortcullisError, SkipCode, Verdict

RECORDS: list[dict[str, Any]] = [
    INTENT | {"ts": NOW_MS, "id": "one"},
    INTENT | {"ts": NOW_MS, "symbol": "XRPUSDT"},
    {"symbol": "BTCUSDT", "side": "SELL", "reduce_only": True, "source": "emergency", "quantity": 3, "ts": NOW_MS},
    INTENT | {"ts": NOW_MS + 3_600_001},
    POSITION | {"event_type": "position.snapshot", "ts": NOW_MS, "harvested": "NONE"},
]


def command() -> str:
    """Return the path of the command, which `scripts/test-python` builds."""
    path = os.environ.get("PORTCULLIS_COMMAND") or shutil.which("portcullis")
    assert path, "the command `portcullis` is not installed; build it, or run scripts/test-python"
    return path


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "tape.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS), encoding="utf-8")
    return path


def run(*arguments: str | Path, text: str = "") -> str:
    owner = ["--exit-owner", "exit-service", "--exit-delegate", "emergency"]
    done = subprocess.run(
        [command(), *map(str, arguments), *owner], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_replay_has_counts_and_a_digest(engine: Engine, policy: Policy, tape: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    result = engine.replay(policy, tape, out=out)
    assert result.records == len(RECORDS)
    assert result.verdicts[Verdict.TRADE] == 1 and result.verdicts[Verdict.HARVEST] == 1
    assert result.reasons[SkipCode.POLICY_STALE] == 1
    answers = [Answer.from_dict(json.loads(line)) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [answer.decision for answer in answers] == ["TRADE", "SKIP", "EXIT", "SKIP", "HARVEST"]
    assert engine.replay(policy, [tape], threads=2).digest == result.digest
    parquet = engine.replay(policy, str(tmp_path / "*.jsonl"), out=tmp_path / "answers.parquet")
    assert parquet.records == 2 * len(RECORDS)
    assert (tmp_path / "answers.parquet").read_bytes()[:4] == b"PAR1"


def test_the_command_has_the_same_answers(engine: Engine, policy: Policy, tape: Path, tmp_path: Path) -> None:
    stored = tmp_path / "policy.json"
    stored.write_text(policy.to_json(), encoding="utf-8")
    ours, theirs = tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    result = engine.replay(policy, tape, out=ours)
    report = json.loads(run("replay", tape, "--policy", stored, "--out", theirs, "--format", "json"))
    assert ours.read_bytes() == theirs.read_bytes()
    assert report["digest"] == result.digest
    single = run("decide", "--policy", stored, "--now", NOW.isoformat(), text=json.dumps(RECORDS[0]) + "\n")
    expected = engine.decide(policy, RECORDS[0], now=NOW).to_json()
    assert single.strip() == expected.replace("{", '{"n":1,', 1)


def test_a_comparison_has_flips_and_causes(engine: Engine, policy: Policy, tape: Path) -> None:
    lower = policy_with(leverage_by_symbol={"BTCUSDT": 4, "ETHUSDT": 5})
    difference = engine.diff(policy, lower, tape, threads=2)
    assert difference.records == len(RECORDS)
    assert dict(difference.kinds) == {"LEVERAGE": 1}
    assert dict(difference.causes) == {"leverage_by_symbol.BTCUSDT": 1}
    (flip,) = difference.flips
    assert (flip["before"]["leverage"], flip["after"]["leverage"]) == (8.0, 4.0)
    assert not engine.diff(policy, policy, tape).flips


def test_unusable_tapes_are_errors(engine: Engine, policy: Policy, tape: Path, tmp_path: Path) -> None:
    for tapes, problem in [
        ([], "no tape is given"),
        (tmp_path / "absent.jsonl", "no tape at"),
        (tmp_path, "directory"),
    ]:
        with pytest.raises(PortcullisError, match=problem):
            engine.replay(policy, tapes)
    with pytest.raises(PortcullisError, match="cannot write"):
        engine.replay(policy, tape, out=tmp_path / "absent" / "answers.jsonl")
    with pytest.raises(TypeError):
        engine.replay({}, tape)  # type: ignore[arg-type]


def test_ctrl_c_interrupts_a_replay(engine: Engine, policy: Policy, tmp_path: Path) -> None:
    endless = tmp_path / "endless.jsonl"
    os.mkfifo(endless)
    line = (json.dumps(INTENT | {"ts": NOW_MS}) + "\n").encode()
    stop = threading.Event()

    def write() -> None:
        with open(endless, "wb", buffering=0) as pipe:
            while not stop.is_set():
                try:
                    pipe.write(line * 1_000)
                except BrokenPipeError:
                    return

    writer = threading.Thread(target=write)
    writer.start()
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        engine.replay(policy, endless)
    stop.set()
    writer.join()
    timer.join()


def test_guardrails_apply_to_replays(policy: Policy, tape: Path) -> None:
    result = engine_with(max_leverage=5).replay(policy, tape)
    assert result.reasons[SkipCode.POLICY_LIMIT_EXCEEDED] == 1
