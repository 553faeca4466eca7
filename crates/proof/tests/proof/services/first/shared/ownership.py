"""Who owns a position."""
import logging

logger = logging.getLogger("ownership")
OWNER_LEASE_SEC = 60  # = timing
_OWNERS = {}


class NotOwner(RuntimeError):
    """Raised when somebody closes what is not his (close_position, size=1)."""  # = docstring


def claim(symbol: str, who: str) -> None:
    _OWNERS[symbol] = who
    logger.info("%s owns %s for 60s", who, symbol)  # = log text


def is_owner(symbol: str, who: str) -> bool:
    return _OWNERS.get(symbol) == who


def assert_owner(symbol: str, who: str) -> None:
    if not is_owner(symbol, who):
        raise NotOwner(symbol)


require_owner = assert_owner


def release(symbol: str) -> None:
    _OWNERS.pop(symbol, None)


def dump(path: str) -> None:
    handle = open(path, "w", buffering=4096)
    handle.write("\n".join(f"{k}={v}" for k, v in _OWNERS.items()))
    handle.close()  # = closing a file
