"""Settings from environment variables. None of them has a default."""

from __future__ import annotations

import os

from .._errors import PortcullisError


def setting(name: str, meaning: str) -> str:
    """Return the value of a variable.

    :raises PortcullisError: if it is not set or empty. It is not an ``ImportError``, because existing services turn a gate
        off if its module cannot be imported.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise PortcullisError(
            f"the environment variable {name} is not set; set it to {meaning}", field=name
        )
    return value


def names(name: str, meaning: str) -> tuple[str, ...]:
    """Return the comma-separated values of a variable; ``none`` is the empty tuple."""
    value = setting(name, f"{meaning}, separated by commas, or to `none`")
    if value == "none":
        return ()
    found = tuple(part.strip() for part in value.split(","))
    if not all(found):
        raise PortcullisError(
            f"the environment variable {name} has an empty part; remove the comma", field=name, value=value
        )
    return found
