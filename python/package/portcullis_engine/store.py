"""Policy stores, and the feed that keeps the policy of a store in memory for decisions.

>>> import tempfile
>>> from datetime import datetime, timedelta, timezone
>>> from portcullis_engine import Guardrails
>>> from portcullis_engine.store import FileStore, Halt
>>> folder = tempfile.TemporaryDirectory()
>>> store = FileStore(folder.name)
>>> now = datetime(2026, 1, 5, 10, tzinfo=timezone.utc)
>>> store.halt(Halt(["BTCUSDT"]), "ada", now=now, reason="maintenance")
Halt(["BTCUSDT"])
>>> [(entry.event, entry.by) for entry in store.audit().entries]
[('trading.halted', 'ada')]
>>> folder.cleanup()
"""

from __future__ import annotations

import asyncio
import atexit
import dataclasses
import threading
import weakref
from collections.abc import Sequence
from datetime import datetime
from os import PathLike
from types import TracebackType
from typing import Any

from . import _portcullis
from ._errors import PortcullisError
from ._portcullis import FeedSnapshot, Guardrails, Halt, Policy, PolicyUnavailable

__all__ = [
    "AuditEntry",
    "AuditTrail",
    "Feed",
    "FeedHealth",
    "FeedSnapshot",
    "FileStore",
    "Halt",
    "HistoryEntry",
    "PolicyUnavailable",
    "Receipt",
    "RedisStore",
    "Store",
    "VerifyingReader",
]


@dataclasses.dataclass(frozen=True)
class Receipt:
    """The result of a publication."""

    policy: Policy
    """The policy as it is stored: with its sequence, its hash, and its signature if there is a signing key."""
    seq: int
    """The sequence of the policy."""
    repairs: tuple[str, ...]
    """One text for each interrupted change that was undone or completed."""

    @property
    def hash(self) -> str:
        """The hash of the policy, which the next writer passes as ``expected``."""
        return self.policy.hash


@dataclasses.dataclass(frozen=True)
class HistoryEntry:
    """One publication in the history."""

    seq: int | None
    hash: str | None
    version: str | None
    policy: Policy | None
    """The policy as it was published, or ``None`` if its stored fields are not a valid policy."""
    fault: str | None
    """The reason why the stored fields are not a valid policy."""
    published_at: datetime | None
    by: str | None
    """The name of the operator."""
    reason: str | None
    rollback_of: str | None
    """The hash of the earlier publication, if this one is a rollback."""


@dataclasses.dataclass(frozen=True)
class AuditEntry:
    """One entry of the audit log."""

    number: int | None
    """The number of the entry, counted from 1."""
    event: str | None
    """``policy.published``, ``policy.publish_refused``, ``policy.rolled_back``, ``policy.released``, ``trading.halted`` or
    ``trading.resumed``."""
    at: datetime | None
    by: str | None
    """The name of the operator."""
    reason: str | None
    symbols: str | None
    """The symbols that were halted or resumed, separated by spaces; ``*`` means every symbol."""
    policy_hash: str | None
    code: str | None
    """The code of a refused publication."""
    detail: str | None


@dataclasses.dataclass(frozen=True)
class AuditTrail:
    """An audit log, checked for missing and edited entries."""

    entries: tuple[AuditEntry, ...]
    """The entries, oldest first."""
    faults: tuple[str, ...]
    """The missing, edited and unreadable entries."""
    foreign: tuple[str, ...]
    """The records of other programs in the same log."""
    trimmed: int
    """The number of entries that were removed from the beginning of the log."""

    @property
    def is_verified(self) -> bool:
        """True if no entry was edited or is unreadable, and none is missing except at the trimmed beginning."""
        return not self.faults

    @property
    def is_whole(self) -> bool:
        """True if no entry is missing, edited or unreadable."""
        return self.is_verified and self.trimmed == 0


@dataclasses.dataclass(frozen=True)
class FeedHealth:
    """The health of a feed."""

    is_connected: bool
    """True if the last read succeeded; false before the first answer."""
    error: str | None
    """The error of the last read, if it failed."""
    last_good_read: datetime | None
    """The time of the last successful read, even if the store had no valid policy."""
    refused: str | None
    """The reason why the feed rejected the stored policy, if it did. An earlier policy may still be in force."""


class Store:
    """A store of one policy, its publications, an audit log and the halts: a :class:`RedisStore` or a :class:`FileStore`.

    Every method blocks and releases the global interpreter lock; call it with ``asyncio.to_thread`` from a coroutine. An
    object must not be used in a forked child: this raises ``PortcullisError`` with the code ``FORKED_PROCESS``.

    :class:`PortcullisError` has a ``code`` in every error of a store: ``POLICY_STORE_UNAVAILABLE``, ``STORE_READ_ONLY``,
    ``STORE_FOREIGN_CONTENT``, ``STORE_CONTENDED``, ``STORE_ADDRESS_INVALID``, or ``STORE_OUTCOME_UNKNOWN`` if a change may
    or may not have been applied.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _portcullis.Store) -> None:
        self._native = native

    @property
    def name(self) -> str:
        """The name of the store for messages, without a password."""
        return self._native.name

    def load(self) -> Policy:
        """Read the store once and return its policy.

        This does not check that the policy is in force (a decision does), nor that it is authentic and the newest (a
        :class:`VerifyingReader` does).

        :raises PortcullisError: with the skip reason as the code if there is no valid policy, such as ``POLICY_MISSING``.
        """
        return self._native.load()

    def current_hash(self) -> str | None:
        """Return the hash of the stored fields for the argument ``expected``, even if they are not a valid policy."""
        return self._native.current_hash()

    def publish(
        self,
        policy: Policy,
        guardrails: Guardrails,
        operator: str,
        *,
        expected: str | None,
        now: datetime,
        reason: str | None = None,
        signing_key: str | None = None,
    ) -> Receipt:
        """Publish a policy in one atomic change, if the store still has the policy that the writer expects.

        A policy without a sequence gets the next one.

        :param guardrails: the limits that the policy must meet; ``Guardrails.none()`` for no limits.
        :param operator: the name of the person or service, for the audit log.
        :param expected: the hash of the policy in the store, or ``None`` if the store has no policy.
        :param now: the time of the publication, an aware datetime.
        :param signing_key: the Ed25519 key with which the policy is signed: 32 bytes in base64.
        :raises PortcullisError: with the code ``PUBLISH_CONFLICT`` if the store has another policy than ``expected``,
            ``POLICY_ROLLED_BACK`` if the sequence is not higher than every earlier one, ``POLICY_STALE`` if the policy has
            expired, ``POLICY_CONSTRAINT_VIOLATION`` if it violates the guardrails, ``PUBLISH_SIGNED_WITHOUT_SEQUENCE``, or
            a code of the store. Nothing is published, except that the outcome is unknown with ``STORE_OUTCOME_UNKNOWN``.
        """
        published, seq, repairs = self._native.publish(
            policy,
            guardrails,
            operator,
            expected=expected,
            now=now,
            reason=reason,
            signing_key=signing_key,
        )
        return Receipt(published, seq, tuple(repairs))

    def history(self, newest: int) -> list[HistoryEntry]:
        """Return at most ``newest`` publications, newest first."""
        return [HistoryEntry(**fields) for fields in self._native.history(newest)]

    def halts(self) -> Halt:
        """Return the current halts. Content that cannot be parsed halts everything."""
        return self._native.halts()

    def halt(
        self, halt: Halt, operator: str, *, now: datetime, reason: str | None = None
    ) -> Halt:
        """Halt entries, in addition to earlier halts, and return all current halts. Exits are still allowed.

        :param halt: ``Halt(["BTCUSDT"])``, or ``Halt.all()`` for every symbol.
        """
        return self._native.halt(halt, operator, now=now, reason=reason)

    def resume(
        self, halt: Halt, operator: str, *, now: datetime, reason: str | None = None
    ) -> Halt:
        """Resume entries, and return all current halts.

        If everything is halted, each symbol stays halted until ``Halt.all()`` is resumed.
        """
        return self._native.resume(halt, operator, now=now, reason=reason)

    def audit(self) -> AuditTrail:
        """Return the audit log, checked for missing and edited entries."""
        fields = self._native.audit()
        entries = tuple(AuditEntry(**entry) for entry in fields.pop("entries"))
        return AuditTrail(entries, **fields)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class RedisStore(Store):
    """A store in Redis.

    :param url: ``redis://[[user]:password@]host[:port][/db]``, or ``rediss://`` for TLS. No connection is made before the
        first call; the timeouts are two seconds.
    :raises PortcullisError: with the code ``STORE_ADDRESS_INVALID`` if the URL is not valid.
    """

    __slots__ = ()

    def __init__(self, url: str) -> None:
        super().__init__(_portcullis.Store.redis(url))


class FileStore(Store):
    """A store in files: the policy in a JSON file, and everything else in files next to it.

    :param path: the policy file, or a directory that contains it as ``policy.json``. The directory must exist.
    """

    __slots__ = ()

    def __init__(self, path: str | PathLike[str]) -> None:
        super().__init__(_portcullis.Store.file(path))


class VerifyingReader:
    """A reader that accepts a policy only if it is authentic and not older than the policies that it has seen.

    :param trusted_keys: public keys, each 32 bytes in base64; a policy must be signed by one of them. An empty sequence
        turns the check off.
    :param sequence_file: the file that saves the highest sequence across restarts, or ``None`` to keep it in memory.
    :raises PortcullisError: if a key is invalid, or if the file cannot be read.
    """

    __slots__ = ("_native",)

    def __init__(
        self,
        store: Store,
        *,
        trusted_keys: Sequence[str],
        sequence_file: str | PathLike[str] | None,
    ) -> None:
        keys = _keys(trusted_keys)
        self._native = _portcullis.Reader(store._native, keys, sequence_file)

    def load(self) -> Policy:
        """Read the store once and return its policy.

        :raises PortcullisError: with the skip reason as the code if there is no policy that the reader accepts, such as
            ``POLICY_SIGNATURE_INVALID`` or ``POLICY_ROLLED_BACK``.
        """
        return self._native.load()


class Feed(_portcullis.Feed):
    """A thread that follows a store and keeps the current policy and halts in memory for decisions.

    Pass the feed as the policy of a decision: ``engine.decide(feed, intent, now=…)`` uses the policy and the halts of one
    moment. Without a policy, the decision is a skip with the reason, such as ``POLICY_STORE_UNAVAILABLE``.

    A publication, a withdrawal and a halt arrive within a second. If the store is unreachable, the last policy stays active
    until it expires. Until the store has answered for the first time, nothing is traded; ``wait(0, timeout=10)`` waits for
    the first answer.

    A feed is a context manager that stops the thread at the end. The reads raise ``PortcullisError`` with the code
    ``FEED_STOPPED`` after the end of the feed, and with the code ``FORKED_PROCESS`` in a forked child, because the thread
    does not exist there.

    :param trusted_keys: public keys, each 32 bytes in base64; a policy must be signed by one of them. An empty sequence
        turns the check off.
    :param sequence_file: the file that saves the highest sequence across restarts, or ``None`` to keep it in memory.
    :param require_noeviction: whether there is no policy as long as the Redis server may delete keys on its own.
    :raises PortcullisError: if a key is invalid, or if the file cannot be read.
    """

    _waiting: set[asyncio.Future[FeedSnapshot | None]]
    _lock: threading.Lock
    _follower: threading.Thread | None

    def __new__(
        cls,
        store: Store,
        *,
        trusted_keys: Sequence[str],
        sequence_file: str | PathLike[str] | None,
        require_noeviction: bool = False,
    ) -> Feed:
        feed = super().__new__(
            cls,
            store._native,
            trusted_keys=_keys(trusted_keys),
            sequence_file=sequence_file,
            require_noeviction=require_noeviction,
        )
        feed._waiting = set()
        feed._lock = threading.Lock()
        feed._follower = None
        return feed

    def health(self) -> FeedHealth:
        """Return the health of the feed."""
        return FeedHealth(**self._read_health())

    def wait(self, after: int, *, timeout: float) -> bool:
        """Wait for a snapshot with a number higher than ``after``, and return true if there is one.

        :param after: the number of a snapshot; 0 waits for the first answer of the store.
        :param timeout: the longest time to wait, in seconds.
        """
        return self._wait(after, timeout)

    async def changed(self, after: FeedSnapshot | None = None) -> FeedSnapshot:
        """Wait for a snapshot later than ``after``, and return it.

        :param after: a snapshot of this feed; ``None`` for the one at the time of the call. To miss no change, pass the
            snapshot that was used last.
        :raises PortcullisError: with the code ``FEED_STOPPED`` if the feed is stopped.
        """
        number = (self.snapshot if after is None else after).number
        while True:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[FeedSnapshot | None] = loop.create_future()
            with self._lock:
                self._waiting.add(future)
                if self._follower is None:
                    self._follow(self.snapshot.number)
            try:
                # The snapshot is read after the registration, so that no change in between is missed.
                snapshot: FeedSnapshot | None = self.snapshot
                if snapshot is not None and snapshot.number <= number:
                    snapshot = await future
            finally:
                with self._lock:
                    self._waiting.discard(future)
            if snapshot is None:
                raise PortcullisError(
                    "the feed was stopped; start another one", code="FEED_STOPPED"
                )
            if snapshot.number > number:
                return snapshot

    def stop(self) -> None:
        """Stop the thread and wait until it has ended. Every waiting call ends with the code ``FEED_STOPPED``.

        Has no effect on a feed that was stopped, and in a forked child.
        """
        if not self._end():
            return
        with self._lock:
            follower = self._follower
        if follower is not None and follower is not threading.current_thread():
            follower.join()

    def _follow(self, number: int) -> None:
        """Start the thread that passes each change to the waiting coroutines."""
        self._follower = threading.Thread(
            target=_pass_changes, args=(self, number), name="policy-changes", daemon=True
        )
        self._follower.start()
        _followed.add(self)

    def _resolve(self, snapshot: FeedSnapshot | None) -> None:
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        for future in waiting:
            try:
                future.get_loop().call_soon_threadsafe(_set_result, future, snapshot)
            except RuntimeError:
                # The loop of the coroutine is closed, so nothing waits any more.
                continue

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


_followed: weakref.WeakSet[Feed] = weakref.WeakSet()


@atexit.register
def _stop_followed() -> None:
    """Stop the threads before the interpreter ends."""
    for feed in list(_followed):
        feed.stop()


def _pass_changes(feed: Feed, number: int) -> None:
    try:
        while (snapshot := feed._wait_or_stop(number)) is not None:
            number = snapshot.number
            feed._resolve(snapshot)
    finally:
        feed._resolve(None)


def _set_result(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _keys(trusted_keys: Sequence[str]) -> list[str]:
    if isinstance(trusted_keys, str):
        raise TypeError("`trusted_keys` is a str; pass a list of keys")
    return list(trusted_keys)
