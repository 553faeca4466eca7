"""A fail-closed decision engine for AI-driven trading.

An :class:`Engine` answers an intent, which is a dict or keyword arguments, under a :class:`Policy`. The answer is a
:class:`Trade`, an :class:`Exit` or a :class:`Skip` with its reason. Time is an argument, and nothing that decides has a
default.

>>> from datetime import datetime, timezone
>>> from portcullis_engine import Engine, Guardrails, Skip, Trade
>>> engine = Engine(Guardrails.none(), exit_owner="exit-service", exit_delegates=[])
>>> now = datetime(2026, 1, 5, 10, tzinfo=timezone.utc)
>>> match engine.decide(None, symbol="BTCUSDT", side="BUY", position_size_usd=250.0, now=now):
...     case Trade(symbol, side, leverage):
...         print(f"{side} {symbol} with leverage {leverage}")
...     case Skip(reason):
...         print(f"nothing to do: {reason}")
nothing to do: POLICY_MISSING
"""

from __future__ import annotations

from ._answer import Answer
from ._codes import Gate, HarvestAction, PositionSide, Side, SkipCode, Verdict
from ._engine import Diff, Engine, Replay
from ._errors import PortcullisError
from ._portcullis import (
    Arm,
    Decision,
    Exit,
    Guardrails,
    HarvestAdvice,
    Policy,
    PolicySet,
    PolicyTimeline,
    Skip,
    Trade,
    __version__,
    bucket,
)

__all__ = [
    "Answer",
    "Arm",
    "Decision",
    "Diff",
    "Engine",
    "Exit",
    "Gate",
    "Guardrails",
    "HarvestAction",
    "HarvestAdvice",
    "Policy",
    "PolicySet",
    "PolicyTimeline",
    "PortcullisError",
    "PositionSide",
    "Replay",
    "Side",
    "Skip",
    "SkipCode",
    "Trade",
    "Verdict",
    "__version__",
    "bucket",
]
