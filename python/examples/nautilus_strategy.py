"""A strategy of Nautilus that decides each order before the order reaches the risk engine of Nautilus."""

from __future__ import annotations

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from portcullis_engine import Engine, Exit, Skip, Trade
from portcullis_engine.store import Feed


class GatedStrategy(Strategy):
    """A base class of strategies. Call :meth:`submit_gated` in place of ``submit_order``."""

    def __init__(self, engine: Engine, feed: Feed, source: str, config: StrategyConfig | None = None) -> None:
        super().__init__(config)
        self._engine = engine
        self._feed = feed
        self._source = source

    def submit_gated(self, order: Order, price: float) -> Trade | Exit | Skip:
        """Decide an order, and submit it if it is permitted. The time is that of the clock of the strategy.

        :param price: the limit price; for a market order, the last price, from which the notional is computed.
        """
        decision = self._engine.decide(
            self._feed,
            symbol=self.symbol_of(order),
            side="BUY" if order.is_buy else "SELL",
            quantity=order.quantity.as_double(),
            price=price,
            reduce_only=order.is_reduce_only,
            source=self._source,
            now=self.clock.utc_now().to_pydatetime(),
        )
        match decision:
            case Trade() | Exit():
                self.submit_order(order)
            case Skip():
                self.log.warning(f"{decision.reason}: {decision.detail}")
        return decision

    @staticmethod
    def symbol_of(order: Order) -> str:
        """Return the symbol of the policy, such as ``BTCUSDT`` for ``BTCUSDT-PERP.BINANCE``."""
        symbol: str = order.instrument_id.symbol.value
        return symbol.removesuffix("-PERP")
