"""The policy of existing services, with the interface of their module ``policy_store``.

Replace ``from lib.policy_store import load_policy`` with ``from portcullis_engine.compat.policy_store import load_policy``.

These variables are required. Without them, :func:`load_policy` raises :class:`~portcullis_engine.PortcullisError`:

- ``QUANTUM_REDIS_URL``: the store, ``redis://…``, ``rediss://…`` or ``file:PATH``.
- ``QUANTUM_POLICY_TRUSTED_KEYS``: the public keys that sign policies (base64), separated by commas; ``none`` accepts
  policies without a signature.
- ``QUANTUM_POLICY_SEQUENCE_FILE``: the file that saves the highest sequence across restarts; ``none`` keeps it in memory.

There is no fallback: without a valid policy in force, :func:`load_policy` returns ``None``; for a symbol that the policy
does not list, :meth:`PolicyData.get_leverage` returns ``None``. There is no ``save_policy``: a publication needs an operator,
guardrails and the policy that it replaces, so use :meth:`portcullis_engine.store.Store.publish`.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from types import MappingProxyType

from .._errors import PortcullisError
from .._portcullis import Policy
from ..store import FileStore, RedisStore, VerifyingReader
from ._settings import names, setting

__all__ = ["PolicyData", "PolicyStore", "load_policy"]

_log = logging.getLogger(__name__)


class PolicyData:
    """A policy that was in force when it was loaded. It is immutable, and answers for as long as it is in force."""

    __slots__ = ("_fields", "_leverages", "policy")

    policy: Policy
    """The policy for ``engine.decide``."""

    def __init__(self, policy: Policy) -> None:
        fields: dict[str, str] = json.loads(policy.to_json())
        self.policy = policy
        self._fields = fields
        leverages = _numbers(fields, "leverage_by_symbol")
        self._leverages = {_symbol(name): leverage for name, leverage in leverages.items()}

    @property
    def universe_symbols(self) -> list[str]:
        """The symbols of the policy, in upper case."""
        return self.policy.symbols

    @property
    def leverage_by_symbol(self) -> Mapping[str, float]:
        """The leverage of each symbol, which is a multiple of the margin."""
        return MappingProxyType(self._leverages)

    @property
    def harvest_params(self) -> Mapping[str, float]:
        """The parameters of the harvest, such as ``T1_R`` in R multiples."""
        return MappingProxyType(_numbers(self._fields, "harvest_params"))

    @property
    def kill_params(self) -> Mapping[str, float]:
        """The parameters of the kill score."""
        return MappingProxyType(_numbers(self._fields, "kill_params"))

    @property
    def valid_until_epoch(self) -> float:
        """The expiry, in seconds since the epoch."""
        return self.policy.valid_until.timestamp()

    @property
    def policy_version(self) -> str:
        return self.policy.version

    @property
    def policy_hash(self) -> str:
        return self.policy.hash

    def is_stale(self) -> bool:
        """Return true if the policy is not in force now, because it has expired or is not valid yet."""
        now = datetime.now(timezone.utc)
        begin = self.policy.valid_from
        return now > self.policy.valid_until or (begin is not None and now < begin)

    def contains_symbol(self, symbol: str) -> bool:
        """Return true if the policy is in force and lists the symbol, in upper or lower case."""
        return not self.is_stale() and self.policy.lists(symbol)

    def get_leverage(self, symbol: str) -> float | None:
        """Return the leverage of a symbol.

        Returns ``None`` if the policy is not in force, does not list the symbol, or has no leverage for it. The caller must
        then skip the trade.
        """
        return self._leverages.get(_symbol(symbol)) if self.contains_symbol(symbol) else None

    def get_harvest_param(self, param_name: str) -> float | None:
        """Return a parameter of the harvest, or ``None`` if the policy does not have it."""
        return self.harvest_params.get(param_name)

    def get_kill_param(self, param_name: str) -> float | None:
        """Return a parameter of the kill score, or ``None`` if the policy does not have it."""
        return self.kill_params.get(param_name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PolicyData) and self.policy == other.policy

    def __hash__(self) -> int:
        return hash(self.policy)

    def __repr__(self) -> str:
        return f"PolicyData({self.policy!r})"


class PolicyStore:
    """The store of the environment variables. All objects of a process share one reader."""

    def load(self) -> PolicyData | None:
        """Load the policy: see :func:`load_policy`."""
        return load_policy()


def load_policy() -> PolicyData | None:
    """Read the store once, and return its policy if it is valid, authentic, the newest and in force; otherwise ``None``.

    The reason for ``None`` is logged as a skip code, such as ``POLICY_MISSING`` or ``POLICY_STALE``. The caller must then
    skip the trade.

    :raises PortcullisError: if a variable is not set or not valid.
    """
    reader = _reader()
    try:
        loaded = PolicyData(reader.load())
    except PortcullisError as error:
        _log.error("%s: %s", error.code, error)
        return None
    if loaded.is_stale():
        now = datetime.now(timezone.utc)
        code = "POLICY_STALE" if now > loaded.policy.valid_until else "POLICY_NOT_YET_VALID"
        _log.error("%s: %r", code, loaded.policy)
        return None
    _log.info("POLICY_LOADED: version=%s hash=%s", loaded.policy_version, loaded.policy_hash)
    return loaded


_readers: dict[tuple[object, ...], VerifyingReader] = {}
"""The reader of each process and of its variables, so that the highest sequence is remembered."""


def _reader() -> VerifyingReader:
    address = setting("QUANTUM_REDIS_URL", "the address of the policy store")
    keys = names("QUANTUM_POLICY_TRUSTED_KEYS", "the public keys of the policy")
    file = setting("QUANTUM_POLICY_SEQUENCE_FILE", "the file of the highest sequence, or to `none`")
    key = (os.getpid(), address, keys, file)
    reader = _readers.get(key)
    if reader is None:
        path = address.removeprefix("file:")
        store = RedisStore(address) if path == address else FileStore(path)
        sequence_file = None if file == "none" else file
        reader = VerifyingReader(store, trusted_keys=keys, sequence_file=sequence_file)
        reader = _readers.setdefault(key, reader)
    return reader


def _numbers(fields: Mapping[str, str], name: str) -> dict[str, float]:
    numbers = json.loads(fields[name])
    return {key: float(number) for key, number in numbers.items()}


def _symbol(name: str) -> str:
    """Return the name with ASCII letters in upper case, as the policy compares symbols."""
    return name.encode().upper().decode()
