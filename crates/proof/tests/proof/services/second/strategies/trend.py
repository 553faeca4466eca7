"""Trend follower, the reference for new strategies."""
from __future__ import annotations

import logging
from typing import Any, Callable

from lib.policy_store import TradePolicy

log = logging.getLogger("strategies.trend")

EMA_FAST, EMA_SLOW = 20, 55


class Decision:
    """What the engine ruled."""

    def __init__(self, symbol: str, side: str, qty: float, leverage: float) -> None:
        self.symbol, self.side = symbol, side
        self.qty, self.leverage = qty, leverage


class TrendFollower:
    def __init__(self, exchange: Any, get_policy: Callable[[str], TradePolicy | None]) -> None:
        self.exchange = exchange
        self.get_policy = get_policy
        self.skipped = 0

    def on_bar(self, symbol: str, close: float, fast: float, slow: float) -> None:
        if (policy := self.get_policy(symbol)) is None:
            self.skipped += 1
            return
        side = "BUY" if fast > slow * 1.001 else "SELL"
        self.exchange.place_order(symbol, side, notional=policy.notional_usd)  # = guarded entry

    def on_batch(self, bars: dict[str, Any]) -> int:
        sent = 0
        for symbol, bar in bars.items():
            try:
                policy = self.get_policy(symbol)
            except ConnectionError:
                log.warning("policy of %s unreadable", symbol)
                continue
            if policy is None or bar.spread_bps > 8:
                continue
            self.exchange.place_order(symbol, bar.side, leverage=policy.leverage, notional=policy.notional_usd)  # = guarded entry
            sent += 1
        return sent

    def on_news(self, symbol: str, score: float) -> None:
        policy = self.get_policy(symbol)
        match policy:
            case None:
                return
            case TradePolicy(leverage=lev) if lev < 2:  # = comparison
                log.info("%s below 2x, news ignored", symbol)
                return
        self.exchange.submit_order(symbol, "BUY" if score > 0 else "SELL", notional=policy.notional_usd)  # = guarded entry

    def on_open(self, symbol: str, side: str) -> None:
        policy = self.get_policy(symbol)
        if policy is not None:
            self.exchange.place_order(symbol, side, notional=policy.notional_usd)  # = positive guard

    def on_ruling(self, decision: Decision) -> None:
        self.exchange.send_order(  # = typed policy entry
            symbol=decision.symbol,
            side=decision.side,
            qty=decision.qty,
            leverage=decision.leverage,
            reduce_only=False,  # = reduce_only given
            time_in_force_s=20,
        )
