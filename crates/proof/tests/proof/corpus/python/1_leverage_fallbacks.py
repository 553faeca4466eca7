"""Reads what the strategy asked for. Every fallback here is one too many."""

import os

DEFAULT_LEVERAGE = 10  # ! 1 constant


def from_signal(signal: dict, asked):
    leverage = asked or 10  # ! 1 or
    leverage = asked if asked else 8  # ! 1 ternary
    leverage = signal.get("leverage", 10)  # ! 1 get
    hedge = signal.get("hedge", {}).get("leverage", 2.5)  # ! 1 get
    taken = signal.pop("leverage", 7)  # ! 1 pop
    kept = signal.setdefault("leverage", "10")  # ! 1 setdefault
    shown = signal.get("leverage")  # = no default
    limit = signal.get("leverage_window", 10)  # = window
    return leverage, hedge, taken, kept, shown, limit


def from_object(strategy):
    first = getattr(strategy, "leverage", 10.0)  # ! 1 getattr
    second = getattr(strategy, "leverage", None)  # = explicit none
    third = getattr(strategy, "leverage_retries", 3)  # = retries
    return first, second, third


def from_environment():
    a = float(os.getenv("LEVERAGE", "10"))  # ! 1 getenv
    b = os.environ.get("BOOK_LEVERAGE", "5")  # ! 1 environ
    c = os.environ["LEVERAGE"]  # = no default
    d = int(os.getenv("METRICS_PORT", "9100"))  # = port
    e = os.getenv("LEVERAGE")  # = no default
    return a, b, c, d, e


def with_default(symbol: str, leverage: float = 10.0):  # ! 1 default argument
    return symbol, leverage


def with_constant(symbol: str, *, leverage=DEFAULT_LEVERAGE):  # = found where it is bound
    return symbol, leverage


def required(symbol: str, leverage: float, attempts: int = 3):  # = retries
    return symbol, leverage, attempts
