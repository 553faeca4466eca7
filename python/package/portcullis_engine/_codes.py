"""The codes of answers. Each member is also a ``str`` with the stable text of the code."""

from __future__ import annotations

from enum import Enum


class _Code(str, Enum):
    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


class Verdict(_Code):
    """The verdict of an answer."""

    TRADE = "TRADE"
    EXIT = "EXIT"
    SKIP = "SKIP"
    HARVEST = "HARVEST"
    POLICY = "POLICY"


class Side(_Code):
    """The side of an order."""

    BUY = "BUY"
    SELL = "SELL"


class PositionSide(_Code):
    """The side of a position."""

    LONG = "LONG"
    SHORT = "SHORT"


class HarvestAction(_Code):
    """The action that is proposed for a position."""

    NONE = "NONE"
    PARTIAL_25 = "PARTIAL_25"
    PARTIAL_50 = "PARTIAL_50"
    PARTIAL_75 = "PARTIAL_75"
    FULL_CLOSE_PROPOSED = "FULL_CLOSE_PROPOSED"


class Gate(_Code):
    """The gates in the order in which they are checked."""

    READABLE = "readable"
    EXIT_OWNERSHIP = "exit ownership"
    HALT = "halt"
    POLICY = "policy"
    IN_FORCE = "in force"
    FRESHNESS = "freshness"
    UNIVERSE = "universe"
    LEVERAGE = "leverage"
    SIZE = "size"
    LIMITS = "limits"


class SkipCode(_Code):
    """The reasons of skips, in the order of their numbers."""

    INTENT_UNREADABLE = "INTENT_UNREADABLE"
    INTENT_INVALID = "INTENT_INVALID"
    INTENT_AMBIGUOUS = "INTENT_AMBIGUOUS"
    INTENT_NOT_ACTIONABLE = "INTENT_NOT_ACTIONABLE"
    DENY_NOT_EXIT_OWNER = "DENY_NOT_EXIT_OWNER"
    TRADING_HALTED = "TRADING_HALTED"
    POLICY_MISSING = "POLICY_MISSING"
    POLICY_MISSING_FIELD = "POLICY_MISSING_FIELD"
    POLICY_PARSE_ERROR = "POLICY_PARSE_ERROR"
    POLICY_INVALID = "POLICY_INVALID"
    POLICY_HASH_MISMATCH = "POLICY_HASH_MISMATCH"
    POLICY_SIGNATURE_INVALID = "POLICY_SIGNATURE_INVALID"
    POLICY_ROLLED_BACK = "POLICY_ROLLED_BACK"
    POLICY_CONSTRAINT_VIOLATION = "POLICY_CONSTRAINT_VIOLATION"
    POLICY_STORE_UNAVAILABLE = "POLICY_STORE_UNAVAILABLE"
    POLICY_NOT_YET_VALID = "POLICY_NOT_YET_VALID"
    POLICY_STALE = "POLICY_STALE"
    INTENT_STALE = "INTENT_STALE"
    CLOCK_UNTRUSTED = "CLOCK_UNTRUSTED"
    POLICY_UNIVERSE_FILTER = "POLICY_UNIVERSE_FILTER"
    POLICY_MISSING_LEVERAGE = "POLICY_MISSING_LEVERAGE"
    POLICY_MISSING_SIZE = "POLICY_MISSING_SIZE"
    POLICY_LIMIT_EXCEEDED = "POLICY_LIMIT_EXCEEDED"
    INTENT_DUPLICATE = "INTENT_DUPLICATE"
    INTENT_SUPERSEDED = "INTENT_SUPERSEDED"
    HARVEST_NO_POSITION = "HARVEST_NO_POSITION"
    HARVEST_MISSING_STOP = "HARVEST_MISSING_STOP"
    HARVEST_INVALID_INPUT = "HARVEST_INVALID_INPUT"
    INTENT_UNSUPPORTED = "INTENT_UNSUPPORTED"
