"""Settings of the momentum book."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

LEVERAGE_TIMEOUT = 10  # = other compound
SETTINGS_VERSION = 3  # = version
BASE = 10.0


@dataclass
class MomentumSettings:
    """One row for each book.

    leverage = 10 was the value of the pilot.  # = docstring
    """

    name: str
    leverage: float = 10.0  # ! 1 dataclass default
    entry_lev: int = 5  # ! 1 dataclass default
    hedge_leverage: Decimal = Decimal("3")  # ! 1 constructor
    probe_leverage: float = field(default=2.0)  # ! 1 field default
    dynamic_leverage: float = field(default_factory=lambda: 4.0)  # ! 1 default factory
    asked_leverage: float | None = None  # = explicit none
    leverage_refresh_sec: int = 30  # = timing
    max_leverage: float = 20.0  # = bound


@dataclass(frozen=True)
class BookState:
    name: str
    leverage: float
    entry_lev: int = field(metadata={"column": 4})  # = metadata


def pilot(name: str) -> BookState:
    # leverage = 10 until the review of March  # = comment
    return BookState(
        name=name,
        leverage=BASE,  # ! 1 bound name
        entry_lev=int("4"),  # ! 1 cast
    )


def from_row(row: dict) -> BookState:
    return BookState(name=row["name"], leverage=float(row["leverage"]), entry_lev=int(row["lev"]))  # = read
