"""An exchange of ccxt behind the engine: every order is decided before it is sent."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import ccxt

from portcullis_engine import Engine, Exit, Skip, Trade
from portcullis_engine.store import Feed


class OrderSkipped(Exception):
    """An order that was not sent, with the decision."""

    def __init__(self, decision: Skip) -> None:
        super().__init__(f"{decision.reason}: {decision.detail}")
        self.decision = decision


class GatedExchange:
    """Sends orders to an exchange after a decision. The leverage of an entry is set before its order."""

    def __init__(
        self, exchange: ccxt.Exchange, engine: Engine, feed: Feed, source: str, clock: Callable[[], datetime]
    ) -> None:
        self._exchange = exchange
        self._engine = engine
        self._feed = feed
        self._source = source
        self._clock = clock

    def create_order(
        self,
        symbol: str,
        type: str,
        side: str,
        amount: float,
        price: float,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """Decide an order, and send it.

        :param symbol: the symbol of ccxt, such as ``BTC/USDT:USDT``. The policy has the symbol of the exchange.
        :param price: the limit price; for a market order, the last price, from which the notional is computed.
        :raises OrderSkipped: if the order is not permitted.
        """
        params = dict(params or {})
        decision = self._engine.decide(
            self._feed,
            symbol=self._exchange.market(symbol)["id"],
            side=side.upper(),
            quantity=amount,
            price=price,
            reduce_only=params.get("reduceOnly"),
            source=self._source,
            now=self._clock(),
        )
        match decision:
            case Trade():
                # The exchange accepts whole numbers only. A leverage is rounded down, never up.
                self._exchange.set_leverage(math.floor(decision.leverage), symbol)
            case Exit():
                params["reduceOnly"] = True
            case Skip():
                raise OrderSkipped(decision)
        limit = None if type == "market" else price
        return self._exchange.create_order(symbol, type, side, amount, limit, params)
