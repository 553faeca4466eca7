"""The exit ownership of existing services, with the interface of their module ``exit_ownership``.

Replace ``from lib.exit_ownership import validate_exit_ownership`` with
``from portcullis_engine.compat.exit_ownership import validate_exit_ownership``.

The variables ``QUANTUM_EXIT_OWNER`` (one service) and ``QUANTUM_EXIT_DELEGATES`` (services separated by commas, or
``none``) are required. Without them, each call raises :class:`~portcullis_engine.PortcullisError`.

>>> import os
>>> os.environ |= {"QUANTUM_EXIT_OWNER": "exitbrain_v3_5", "QUANTUM_EXIT_DELEGATES": "manual_close,emergency_stop"}
>>> validate_exit_ownership("manual_close", "BTCUSDT")
True
>>> validate_exit_ownership(source="momentum", symbol="BTCUSDT")
False
"""

from __future__ import annotations

import logging

from .. import Engine, Guardrails
from ._settings import names, setting

__all__ = ["EXIT_OWNER", "get_exit_owner", "is_exit_owner", "validate_exit_ownership"]

EXIT_OWNER: str
"""The service that may close positions. Importing this name without the variables raises ``PortcullisError``."""

_log = logging.getLogger(__name__)


def _engine() -> Engine:
    """Return an engine with the exit ownership, which checks the names."""
    owner = setting("QUANTUM_EXIT_OWNER", "the service that may close positions")
    delegates = names("QUANTUM_EXIT_DELEGATES", "the other services that may close positions")
    return Engine(Guardrails.none(), exit_owner=owner, exit_delegates=delegates)


def validate_exit_ownership(source: str, symbol: str | None = None) -> bool:
    """Return true if the service may close positions; otherwise log ``DENY_NOT_EXIT_OWNER`` and return false.

    :param source: the name of the service.
    :param symbol: the symbol, for the log.
    :raises TypeError: if ``source`` is not a text, for example because a Redis client is the first argument.
    :raises PortcullisError: if a variable is not set.
    """
    if not isinstance(source, str):
        raise TypeError(
            f"`source` is a {type(source).__name__}; pass the name of the service, such as"
            " `validate_exit_ownership(source=…, symbol=…)`"
        )
    engine = _engine()
    if source == engine.exit_owner or source in engine.exit_delegates:
        return True
    _log.error(
        "DENY_NOT_EXIT_OWNER: %s may not close a position%s; the exit owner is %s",
        source,
        "" if symbol is None else f" in {symbol}",
        engine.exit_owner,
    )
    return False


def get_exit_owner() -> str:
    """Return the service that may close positions."""
    return _engine().exit_owner


def is_exit_owner(source: str) -> bool:
    """Return true if the service is the exit owner. A delegate is not."""
    return source == get_exit_owner()


def __getattr__(name: str) -> str:
    if name == "EXIT_OWNER":
        return get_exit_owner()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
