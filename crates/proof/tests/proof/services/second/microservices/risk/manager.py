from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from microservices.risk import limits
from microservices.risk.limits import LimitBreach

log = logging.getLogger("risk.manager")


class RiskManager:
    """Approves or refuses.  Approval needs leverage <= 20 and margin < 80 %."""

    decay_half_life = 36

    def __init__(self, settings: Any, book: Any, repo: Any) -> None:
        self.settings = settings
        self.book = book
        self.repo = repo
        self.exposure: dict[str, float] = {}
        self.leverage = None  # = explicit none

    def netExposure(self, rows: Iterable[Any]) -> float:
        notional = 0.0
        for row in rows:
            if row.status != "OPEN" or not (row.leverage and row.leverage >= 1):  # = comparison
                continue
            notional += row.notional
        return notional

    def approve(self, request: Any) -> bool:
        lev = request.leverage or self.settings.MAX_LEVERAGE  # ! 2 or with the cap
        margin = request.notional / lev
        try:
            limits.check(lev, request.notional, margin, self.book.equity)
        except LimitBreach as exc:
            log.warning("refused %s: %s", request.symbol, exc)
            return False
        held = self.exposure.get(request.symbol, 0.0)
        if held + request.notional > self.settings.max_notional:
            return False
        self.exposure[request.symbol] = held + request.notional
        return True

    def notional_for(self, symbol: str) -> float:
        try:
            notional = float(self.repo.fetch_notional(symbol))
        except (KeyError, ValueError):  # ! 10 handler puts a default size
            log.debug("no notional for %s", symbol)
            notional = 50.0  # ! 6 except that assigns
        return notional

    def leverage_for(self, symbol: str) -> float | None:
        try:
            leverage = float(self.repo.fetch_leverage(symbol))
        except KeyError:  # = handler skips
            return None
        except ValueError as exc:
            raise LimitBreach(f"leverage of {symbol} unreadable") from exc
        return leverage
