"""Policy stores, feeds, and the modules for existing services."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from conftest import INTENT, NOW, engine_with, policy_with
from portcullis_engine import (
    Engine,
    Exit,
    Guardrails,
    HarvestAdvice,
    Policy,
    PortcullisError,
    Skip,
    SkipCode,
    Trade,
)
from portcullis_engine.store import (
    Feed,
    FileStore,
    Halt,
    PolicyUnavailable,
    RedisStore,
    Store,
    VerifyingReader,
)
from store_support import RedisServer

# RFC 8032, test 1.
SECRET = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
OTHER = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["file", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        return FileStore(tmp_path)
    server: RedisServer = request.getfixturevalue("server")
    flush(server)
    return RedisStore(server.url)


def flush(server: RedisServer) -> None:
    command(server, "FLUSHALL")


def command(server: RedisServer, *words: str) -> None:
    """Send one command to the server."""
    import socket

    with socket.create_connection(("127.0.0.1", server.port)) as link:
        parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        link.sendall(f"*{len(words)}\r\n{parts}".encode())
        assert link.recv(1_000)[:1] in b"+:$"


def lasting(**changes: Any) -> Policy:
    """Return a policy that is in force now, by the clock of this machine."""
    until = datetime.now(timezone.utc) + timedelta(hours=1)
    return policy_with(valid_until_epoch=until.timestamp(), **changes)


def publish(store: Store, policy: Policy, expected: str | None = None, **named: Any) -> str:
    now = datetime.now(timezone.utc)
    receipt = store.publish(policy, Guardrails.none(), "ada", expected=expected, now=now, **named)
    return receipt.hash


def feed_of(store: Store, **named: Any) -> Feed:
    return Feed(store, **{"trusted_keys": [], "sequence_file": None} | named)


def code_of(error: pytest.ExceptionInfo[PortcullisError]) -> str | None:
    return error.value.code


def test_a_policy_is_published_and_loaded(store: Store) -> None:
    with pytest.raises(PortcullisError, match="publish one") as error:
        store.load()
    assert code_of(error) == SkipCode.POLICY_MISSING
    assert store.current_hash() is None

    receipt = store.publish(
        policy_with(), Guardrails.none(), "ada", expected=None, now=NOW, reason="first"
    )
    assert (receipt.seq, receipt.repairs) == (1, ())
    assert store.load() == receipt.policy
    assert store.current_hash() == receipt.hash == receipt.policy.hash

    (entry,) = store.history(10)
    assert (entry.seq, entry.hash, entry.version) == (1, receipt.hash, "2026-01-05a")
    assert (entry.by, entry.reason, entry.published_at) == ("ada", "first", NOW)
    assert (entry.policy, entry.fault, entry.rollback_of) == (receipt.policy, None, None)

    trail = store.audit()
    assert trail.is_whole and trail.is_verified
    assert [(it.number, it.event, it.by, it.at) for it in trail.entries] == [
        (1, "policy.published", "ada", NOW)
    ]
    assert trail.entries[0].policy_hash == receipt.hash


def test_a_publication_needs_the_policy_that_it_replaces(store: Store) -> None:
    first = publish(store, lasting())
    with pytest.raises(PortcullisError, match="prepared against no policy") as error:
        publish(store, lasting())
    assert code_of(error) == "PUBLISH_CONFLICT"
    publish(store, lasting(policy_version="b"), first)
    assert [entry.version for entry in store.history(1)] == ["b"]


@pytest.mark.parametrize(
    ("policy", "limits", "code"),
    [
        (policy_with(valid_until_epoch=1_700_000_000), {}, SkipCode.POLICY_STALE),
        (policy_with(), {"max_leverage": 6}, SkipCode.POLICY_CONSTRAINT_VIOLATION),
    ],
)
def test_a_policy_that_is_not_permitted_is_not_published(
    store: Store, policy: Policy, limits: dict[str, Any], code: SkipCode
) -> None:
    with pytest.raises(PortcullisError) as error:
        store.publish(policy, Guardrails.from_dict(limits), "ada", expected=None, now=NOW)
    assert code_of(error) == code
    assert store.history(1) == []


def test_arguments_that_decide_are_checked(store: Store) -> None:
    publish_with: Any = store.publish
    with pytest.raises(TypeError):
        publish_with(policy_with(), Guardrails.none(), "ada", now=NOW)
    with pytest.raises(TypeError):
        publish_with(policy_with(), Guardrails.none(), "ada", expected=None)
    with pytest.raises(PortcullisError, match="no time zone"):
        store.publish(policy_with(), Guardrails.none(), "ada", expected=None, now=NOW.replace(tzinfo=None))
    with pytest.raises(PortcullisError, match="`operator` is empty"):
        store.publish(policy_with(), Guardrails.none(), " ", expected=None, now=NOW)
    with pytest.raises(PortcullisError) as error:
        store.publish(policy_with(), Guardrails.none(), "ada", expected="12", now=NOW)
    assert error.value.field == "expected"
    with pytest.raises(PortcullisError) as error:
        publish(store, lasting(), signing_key="secret")
    assert error.value.field == "signing_key" and "secret" not in str(error.value)


def test_entries_are_halted_and_resumed(store: Store) -> None:
    assert store.halts() == Halt([])
    assert not store.halts()
    assert store.halt(Halt(["btcusdt"]), "ada", now=NOW, reason="news") == Halt(["BTCUSDT"])
    both = store.halt(Halt(["ETHUSDT"]), "ada", now=NOW)
    assert both.symbols == ("BTCUSDT", "ETHUSDT") and both.halts("BTCUSDT") and not both.halts("SOLUSDT")
    assert store.resume(Halt(["BTCUSDT"]), "ada", now=NOW) == Halt(["ETHUSDT"])
    assert store.halt(Halt.all(), "ada", now=NOW).is_everything
    assert store.resume(Halt.all(), "ada", now=NOW) == store.halts() == Halt([])
    events = [(entry.event, entry.symbols) for entry in store.audit().entries]
    assert events[0] == ("trading.halted", "BTCUSDT") and events[-1] == ("trading.resumed", "*")


def test_a_halt_needs_symbols(store: Store) -> None:
    with pytest.raises(PortcullisError, match="names no symbols"):
        store.halt(Halt([]), "ada", now=NOW)
    with pytest.raises(TypeError, match="is a str"):
        Halt("BTCUSDT")
    with pytest.raises(PortcullisError, match=r"Halt\.all\(\)"):
        Halt(["*"])
    with pytest.raises(PortcullisError):
        Halt([""])


def test_halts_are_values() -> None:
    assert Halt(["a", "B"]) == Halt(["b", "A"]) != Halt.all()
    assert hash(Halt(["a"])) == hash(Halt(["A"]))
    assert [repr(it) for it in (Halt([]), Halt(["a"]), Halt.all())] == ["Halt([])", 'Halt(["A"])', "Halt.all()"]
    for halt in (Halt([]), Halt(["a"]), Halt.all()):
        assert pickle.loads(pickle.dumps(halt)) == halt
    assert Halt.all().halts("BTCUSDT") and Halt(["A"]).halts("") and not Halt([]).halts("A")


def test_an_unreachable_store_has_a_code() -> None:
    store = RedisStore("redis://user:secret@127.0.0.1:1")
    with pytest.raises(PortcullisError) as error:
        store.load()
    assert code_of(error) == SkipCode.POLICY_STORE_UNAVAILABLE
    assert "secret" not in str(error.value) and "secret" not in repr(store)
    with pytest.raises(PortcullisError) as error:
        RedisStore("http://user:secret@host")
    assert code_of(error) == "STORE_ADDRESS_INVALID" and error.value.field == "url"
    assert "secret" not in str(error.value)


def test_an_invalid_policy_in_the_store_has_a_code(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text('{"policy_version": "1"}')
    with pytest.raises(PortcullisError) as error:
        FileStore(tmp_path).load()
    assert code_of(error) == SkipCode.POLICY_MISSING_FIELD


def test_a_reader_accepts_trusted_policies_in_ascending_order(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "sequence"
    reader = VerifyingReader(store, trusted_keys=[PUBLIC], sequence_file=file)
    publish(store, lasting())
    with pytest.raises(PortcullisError) as error:
        reader.load()
    assert code_of(error) == SkipCode.POLICY_SIGNATURE_INVALID
    publish(store, lasting(policy_seq=9), store.current_hash(), signing_key=SECRET)
    assert reader.load().seq == 9
    with pytest.raises(PortcullisError, match="valid Ed25519|32 bytes"):
        VerifyingReader(store, trusted_keys=["key"], sequence_file=None)
    with pytest.raises(TypeError, match="is a str"):
        VerifyingReader(store, trusted_keys=PUBLIC, sequence_file=None)


def test_an_older_policy_is_rejected_after_a_restart(tmp_path: Path) -> None:
    file, document = tmp_path / "sequence", tmp_path / "policy.json"
    document.write_text(lasting(policy_seq=2).to_json())
    store = FileStore(document)
    assert VerifyingReader(store, trusted_keys=[], sequence_file=file).load().seq == 2
    document.write_text(lasting(policy_seq=1).to_json())
    with pytest.raises(PortcullisError) as error:
        VerifyingReader(store, trusted_keys=[], sequence_file=file).load()
    assert code_of(error) == SkipCode.POLICY_ROLLED_BACK


def test_a_feed_follows_the_policy_and_the_halts(store: Store, engine: Engine) -> None:
    with feed_of(store) as feed:
        assert feed.wait(0, timeout=60)
        missing = feed.policy
        assert isinstance(missing, PolicyUnavailable) and missing.code is SkipCode.POLICY_MISSING
        now = datetime.now(timezone.utc)
        skip = engine.decide(feed, INTENT, now=now)
        assert isinstance(skip, Skip) and skip.reason is SkipCode.POLICY_MISSING

        seen = feed.snapshot
        publish(store, lasting())
        assert feed.wait(seen.number, timeout=60)
        assert feed.policy == store.load()
        assert isinstance(engine.decide(feed, INTENT, now=now), Trade)
        assert isinstance(engine.decide(feed.policy, INTENT, now=now), Trade)
        assert isinstance(engine.decide(feed.snapshot, INTENT, now=now), Trade)
        assert feed.snapshot is feed.snapshot

        seen = feed.snapshot
        store.halt(Halt(["BTCUSDT"]), "ada", now=now)
        assert feed.wait(seen.number, timeout=60)
        assert feed.halt == Halt(["BTCUSDT"])
        halted = engine.decide(feed, INTENT, now=now)
        assert isinstance(halted, Skip) and halted.reason is SkipCode.TRADING_HALTED
        assert isinstance(engine.decide(feed, INTENT | {"symbol": "ETHUSDT"}, now=now), Trade)
        exit_intent = {"symbol": "BTCUSDT", "side": "SELL", "reduce_only": True, "source": "exit-service"}
        assert isinstance(engine.decide(feed, exit_intent, now=now), Exit)
        assert "TRADING_HALTED" in engine.explain(feed, INTENT, now=now)
        health = feed.health()
        assert health.is_connected and health.error is None and health.refused is None
        assert health.last_good_read is not None


def test_the_reason_of_an_unavailable_policy_is_that_of_the_decision(
    tmp_path: Path, engine: Engine
) -> None:
    with feed_of(RedisStore("redis://127.0.0.1:1")) as feed:
        decision = engine.decide(feed, INTENT, now=NOW)
        assert isinstance(decision, Skip) and decision.reason is SkipCode.POLICY_STORE_UNAVAILABLE
        assert not feed.wait(0, timeout=0.0)
        assert not feed.health().is_connected
    publish(FileStore(tmp_path), lasting())
    with feed_of(FileStore(tmp_path), trusted_keys=[PUBLIC]) as feed:
        assert feed.wait(0, timeout=60)
        unavailable = feed.policy
        decision = engine.decide(unavailable, INTENT, now=NOW)
        assert isinstance(decision, Skip) and decision.reason is SkipCode.POLICY_SIGNATURE_INVALID
        with pytest.raises(TypeError, match="isinstance"):
            bool(unavailable)
        match unavailable:
            case PolicyUnavailable(code, detail):
                assert code is SkipCode.POLICY_SIGNATURE_INVALID and "signed" in detail
            case _:
                raise AssertionError(unavailable)


def test_a_feed_is_not_the_policy_of_a_table(store: Store, engine: Engine) -> None:
    import pyarrow as pa

    with feed_of(store) as feed:
        for policy in (feed, feed.snapshot, feed.policy):
            call: Any = engine.decide_table
            with pytest.raises(TypeError, match="PolicyTimeline"):
                call(policy, pa.table({"symbol": ["BTCUSDT"]}), at=NOW)


def test_a_coroutine_waits_for_a_change(store: Store) -> None:
    async def follow() -> list[int]:
        with feed_of(store) as feed:
            numbers = [(await feed.changed()).number] if feed.snapshot.number == 0 else [feed.snapshot.number]
            waiting = [asyncio.create_task(feed.changed(feed.snapshot)) for _ in range(3)]
            await asyncio.sleep(0)
            await asyncio.to_thread(publish, store, lasting())
            found = await asyncio.gather(*waiting)
            assert len({it.number for it in found}) == 1
            assert isinstance(found[0].policy, Policy)
            return [*numbers, found[0].number]

    first, second = asyncio.run(follow())
    assert first < second


def test_a_change_before_the_wait_is_not_missed(store: Store) -> None:
    async def follow() -> None:
        with feed_of(store) as feed:
            await asyncio.to_thread(feed.wait, 0, timeout=60)
            seen = feed.snapshot
            await asyncio.to_thread(publish, store, lasting())
            await asyncio.to_thread(feed.wait, seen.number, timeout=60)
            assert (await feed.changed(seen)).number > seen.number

    asyncio.run(follow())


def test_stopping_ends_every_wait(store: Store) -> None:
    async def follow(feed: Feed) -> None:
        waiting = asyncio.create_task(feed.changed())
        await asyncio.sleep(0)
        await asyncio.to_thread(feed.stop)
        with pytest.raises(PortcullisError) as error:
            await waiting
        assert code_of(error) == "FEED_STOPPED"

    feed = feed_of(store)
    assert feed.wait(0, timeout=60)
    errors: list[PortcullisError] = []

    def wait() -> None:
        try:
            feed.wait(10**9, timeout=3_600)
        except PortcullisError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    asyncio.run(follow(feed))
    thread.join()
    assert [error.code for error in errors] == ["FEED_STOPPED"]
    feed.stop()
    with pytest.raises(PortcullisError) as error:
        feed.snapshot  # noqa: B018
    assert code_of(error) == "FEED_STOPPED"
    with pytest.raises(PortcullisError):
        engine_with().decide(feed, INTENT, now=NOW)
    assert "stopped" in repr(feed)


def test_a_wait_that_is_cancelled_leaves_nothing(store: Store) -> None:
    async def follow() -> None:
        with feed_of(store) as feed:
            await asyncio.to_thread(feed.wait, 0, timeout=60)
            waiting = asyncio.create_task(feed.changed())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert not feed._waiting

    asyncio.run(follow())


def test_the_last_policy_stays_if_the_store_is_unreachable(tmp_path: Path, engine: Engine) -> None:
    with RedisServer(tmp_path) as server, feed_of(RedisStore(server.url)) as feed:
        publish(RedisStore(server.url), lasting())
        while not isinstance(feed.policy, Policy):
            time.sleep(0.01)
        server.stop()
        while feed.health().is_connected:
            time.sleep(0.01)
        assert isinstance(engine.decide(feed, INTENT, now=datetime.now(timezone.utc)), Trade)


def in_fork(work: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a new process, in a directory from which the installed package is imported."""
    program = "import os, sys\n" + work
    command = [sys.executable, "-c", program]
    directory = Path(sys.executable).parent
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=600)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_must_create_its_own_objects(tmp_path: Path) -> None:
    publish(FileStore(tmp_path), lasting())
    result = in_fork(f"""
import asyncio, warnings
warnings.simplefilter("ignore")
from portcullis_engine import PortcullisError
from portcullis_engine.store import Feed, FileStore, VerifyingReader
store = FileStore({str(tmp_path)!r})
reader = VerifyingReader(store, trusted_keys=[], sequence_file=None)
feed = Feed(store, trusted_keys=[], sequence_file=None)
assert feed.wait(0, timeout=60)
def wait():
    asyncio.run(feed.changed())
child = os.fork()
if child == 0:
    calls = [lambda: feed.policy, feed.health, lambda: feed.wait(0, timeout=1), store.load, reader.load, wait]
    for call in calls:
        try:
            call()
        except PortcullisError as error:
            assert error.code == "FORKED_PROCESS" and "after the fork" in str(error), error
        else:
            os._exit(1)
    feed.stop()
    with Feed(FileStore({str(tmp_path)!r}), trusted_keys=[], sequence_file=None) as own:
        assert own.wait(0, timeout=60)
        assert own.policy.version == "2026-01-05a"
    sys.exit(0)
_, status = os.waitpid(child, 0)
assert feed.policy.version == "2026-01-05a"
feed.stop()
sys.exit(os.waitstatus_to_exitcode(status))
""")
    assert result.returncode == 0, result.stderr


def test_a_feed_that_is_not_stopped_does_not_block_the_end_of_the_program(tmp_path: Path) -> None:
    result = in_fork(f"""
import asyncio
from portcullis_engine.store import Feed, FileStore
feed = Feed(FileStore({str(tmp_path)!r}), trusted_keys=[], sequence_file=None)
async def follow():
    waiting = asyncio.create_task(feed.changed(None))
    await asyncio.sleep(0.01)
    waiting.cancel()
asyncio.run(follow())
""")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_harvest_uses_the_policy_of_a_feed(store: Store, engine: Engine) -> None:
    from conftest import POSITION

    publish(store, lasting())
    with feed_of(store) as feed:
        while not isinstance(feed.policy, Policy):
            time.sleep(0.01)
        now = datetime.now(timezone.utc)
        assert isinstance(engine.harvest(feed, POSITION, now=now), HarvestAdvice)
        assert engine.explain_harvest(feed, POSITION, now=now)
