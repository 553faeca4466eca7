"""The strategy with freqtrade: loaded and called as the bot does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from freqtrade.enums import RunMode
from freqtrade.resolvers import StrategyResolver
from freqtrade.strategy.strategy_wrapper import strategy_safe_wrapper

from conftest import policy_with
from portcullis_engine import Guardrails
from portcullis_engine.store import Halt, RedisStore
from store_support import RedisServer

SUBCLASS = '''
from pandas import DataFrame
from freqtrade_strategy import GatedStrategy

class Momentum(GatedStrategy):
    minimal_roi = {"0": 0.05}
    stoploss = -0.1
    timeframe = "5m"

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe
'''


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def store(server: RedisServer) -> RedisStore:
    store, now = RedisStore(server.url), utc_now()
    policy = policy_with(valid_until_epoch=(now + timedelta(hours=1)).timestamp())
    store.publish(policy, Guardrails.none(), "ada", expected=None, now=now)
    return store


@pytest.fixture
def strategy(server: RedisServer, store: RedisStore, tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "momentum.py").write_text(SUBCLASS)
    config: dict[str, Any] = {
        "strategy": "Momentum",
        "strategy_path": str(tmp_path),
        "user_data_dir": tmp_path,
        "runmode": RunMode.DRY_RUN,
        "stake_currency": "USDT",
        "dry_run": True,
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "exchange": {"name": "binance"},
        "portcullis": {
            "store": server.url,
            "trusted_keys": [],
            "sequence_file": None,
            "guardrails": {"max_notional_usd": 1_000},
            "exit_owner": "exit-service",
            "exit_delegates": [],
        },
    }
    strategy = StrategyResolver.load_strategy(config)
    strategy.ft_bot_start()
    assert strategy.feed.wait(0, timeout=60)
    yield strategy
    strategy.feed.stop()


def leverage(strategy: Any, pair: str, limit: float = 20.0) -> float:
    call = strategy_safe_wrapper(strategy.leverage, default_retval=1.0)
    return call(
        pair=pair,
        current_time=utc_now(),
        current_rate=100.0,
        proposed_leverage=1.0,
        max_leverage=limit,
        entry_tag=None,
        side="long",
    )


def stake(strategy: Any, pair: str, leverage: float, proposed: float = 100.0) -> float:
    call = strategy_safe_wrapper(strategy.custom_stake_amount, default_retval=proposed)
    return call(
        pair=pair,
        current_time=utc_now(),
        current_rate=100.0,
        proposed_stake=proposed,
        min_stake=10.0,
        max_stake=10_000.0,
        leverage=leverage,
        entry_tag=None,
        side="long",
    )


def confirmed(strategy: Any, pair: str, amount: float = 1.0) -> bool:
    call = strategy_safe_wrapper(strategy.confirm_trade_entry, default_retval=True)
    return call(
        pair=pair,
        order_type="limit",
        amount=amount,
        rate=100.0,
        time_in_force="GTC",
        current_time=utc_now(),
        entry_tag=None,
        side="short",
    )


def test_an_entry_has_the_leverage_of_the_policy(strategy: Any) -> None:
    assert leverage(strategy, "BTC/USDT:USDT") == 8.0
    assert leverage(strategy, "ETH/USDT:USDT", limit=3.0) == 3.0
    assert stake(strategy, "BTC/USDT:USDT", 8.0) == 100.0
    assert confirmed(strategy, "BTC/USDT:USDT") is True


def test_an_entry_that_is_not_permitted_has_no_stake(strategy: Any) -> None:
    for pair in ("DOGE/USDT:USDT", "SOL/USDT:USDT"):
        assert leverage(strategy, pair) == 1.0
        assert stake(strategy, pair, 1.0) == 0.0
        assert confirmed(strategy, pair) is False
    # The notional would be 1,600 USD.
    assert stake(strategy, "BTC/USDT:USDT", 8.0, proposed=200.0) == 0.0
    assert confirmed(strategy, "BTC/USDT:USDT", amount=11.0) is False
    assert stake(strategy, "BTC/USDT:USDT", 9.0) == 0.0


def test_a_halt_and_an_exception_refuse_an_entry(strategy: Any, store: RedisStore) -> None:
    seen = strategy.feed.snapshot
    store.halt(Halt(["BTCUSDT"]), "ada", now=utc_now())
    assert strategy.feed.wait(seen.number, timeout=60)
    assert stake(strategy, "BTC/USDT:USDT", 8.0) == 0.0 and not confirmed(strategy, "BTC/USDT:USDT")
    assert confirmed(strategy, "ETH/USDT:USDT")
    strategy.feed.stop()
    assert stake(strategy, "ETH/USDT:USDT", 5.0) == 0.0 and confirmed(strategy, "ETH/USDT:USDT") is False
