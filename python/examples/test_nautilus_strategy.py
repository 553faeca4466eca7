"""The strategy in a backtest of Nautilus."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from conftest import engine_with, policy_with
from nautilus_strategy import GatedStrategy
from portcullis_engine import Exit, Guardrails, Skip, SkipCode, Trade
from portcullis_engine.store import Feed, FileStore

START = 1_767_607_200_000_000_000
"""2026-01-05 10:00, in nanoseconds."""


class Buyer(GatedStrategy):
    """A strategy that sends an order with each of the first quotes."""

    def __init__(self, instruments: list[Any], **named: Any) -> None:
        super().__init__(**named)
        self.instruments = instruments
        self.decisions: list[Trade | Exit | Skip] = []

    def on_start(self) -> None:
        for instrument in self.instruments:
            self.subscribe_quote_ticks(instrument.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        number = len(self.decisions)
        if number >= 3:
            return
        instrument = self.cache.instrument(tick.instrument_id)
        order = self.order_factory.market(
            instrument.id,
            OrderSide.BUY,
            instrument.make_qty(0.5),
            reduce_only=number == 2,
        )
        self.decisions.append(self.submit_gated(order, tick.ask_price.as_double()))


def quotes(instrument: Any, count: int, after: int) -> list[QuoteTick]:
    price, size = instrument.make_price(100), instrument.make_qty(10)
    times = (START + (after + 2 * number) * 1_000_000_000 for number in range(count))
    return [QuoteTick(instrument.id, price, price, size, size, at, at) for at in times]


def test_only_permitted_orders_reach_the_venue(tmp_path: Path) -> None:
    now = datetime.now(timezone.utc)
    until = (now + timedelta(hours=1)).timestamp()
    policy = policy_with(valid_until_epoch=until, universe_symbols=["BTCUSDT"])
    store = FileStore(tmp_path)
    store.publish(policy, Guardrails.none(), "ada", expected=None, now=now)

    backtest = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    backtest.add_venue(
        Venue("BINANCE"), OmsType.NETTING, AccountType.MARGIN, starting_balances=[Money(100_000, USDT)]
    )
    bitcoin = TestInstrumentProvider.btcusdt_perp_binance()
    ether = TestInstrumentProvider.ethusdt_perp_binance()
    for after, instrument in enumerate((bitcoin, ether)):
        backtest.add_instrument(instrument)
        backtest.add_data(quotes(instrument, 3, after))
    with Feed(store, trusted_keys=[], sequence_file=None) as feed:
        assert feed.wait(0, timeout=60)
        buyer = Buyer([bitcoin, ether], engine=engine_with(), feed=feed, source="momentum")
        backtest.add_strategy(buyer)
        backtest.run()
    trade, unlisted, stranger = buyer.decisions
    assert isinstance(trade, Trade) and (trade.symbol, trade.leverage) == ("BTCUSDT", 8.0)
    assert isinstance(unlisted, Skip) and unlisted.reason is SkipCode.POLICY_UNIVERSE_FILTER
    assert isinstance(stranger, Skip) and stranger.reason is SkipCode.DENY_NOT_EXIT_OWNER
    (order,) = backtest.cache.orders()
    assert order.instrument_id == bitcoin.id and order.is_closed
    backtest.dispose()
