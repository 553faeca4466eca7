"""The gate with ccxt. Requests are recorded in place of the network."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import ccxt
import pytest

from ccxt_gate import GatedExchange, OrderSkipped
from conftest import engine_with, policy_with
from portcullis_engine import Guardrails, SkipCode
from portcullis_engine.store import Feed, FileStore, Halt


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Recorded(ccxt.binanceusdm):
    """An exchange that records its requests."""

    def __init__(self) -> None:
        super().__init__({"apiKey": "key", "secret": "secret"})
        self.requests: list[tuple[str, dict[str, str]]] = []
        markets = [
            self.safe_market_structure(
                {
                    "id": f"{base}USDT",
                    "symbol": f"{base}/USDT:USDT",
                    "base": base,
                    "quote": "USDT",
                    "settle": "USDT",
                    "type": "swap",
                    "swap": True,
                    "contract": True,
                    "linear": True,
                    "inverse": False,
                    "spot": False,
                    "option": False,
                    "contractSize": 1,
                    "precision": {"amount": 0.001, "price": 0.1},
                    "info": {"orderTypes": ["LIMIT", "MARKET"]},
                }
            )
            for base in ("BTC", "DOGE")
        ]
        self.set_markets(markets)

    def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        parts = urlsplit(url)
        fields = parse_qs(body or parts.query)
        self.requests.append((parts.path, {name: values[0] for name, values in fields.items()}))
        return {"orderId": 1, "symbol": fields["symbol"][0], "leverage": 1}


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    store, now = FileStore(tmp_path), utc_now()
    policy = policy_with(valid_until_epoch=(now + timedelta(hours=1)).timestamp())
    store.publish(policy, Guardrails.none(), "ada", expected=None, now=now)
    return store


@pytest.fixture
def feed(store: FileStore) -> Iterator[Feed]:
    with Feed(store, trusted_keys=[], sequence_file=None) as feed:
        assert feed.wait(0, timeout=60)
        yield feed


def test_an_entry_has_the_leverage_of_the_policy(feed: Feed) -> None:
    exchange = Recorded()
    gate = GatedExchange(exchange, engine_with(), feed, "momentum", utc_now)
    gate.create_order("BTC/USDT:USDT", "limit", "buy", 0.01, 50_000.0)
    (path, leverage), (_, order) = exchange.requests
    assert path.endswith("/leverage") and leverage["leverage"] == "8"
    assert (order["symbol"], order["side"], order["quantity"]) == ("BTCUSDT", "BUY", "0.01")
    assert "reduceOnly" not in order


def test_an_order_without_a_policy_for_its_symbol_is_not_sent(feed: Feed) -> None:
    exchange = Recorded()
    gate = GatedExchange(exchange, engine_with(), feed, "momentum", utc_now)
    with pytest.raises(OrderSkipped) as error:
        gate.create_order("DOGE/USDT:USDT", "market", "buy", 100, 0.1)
    assert error.value.decision.reason is SkipCode.POLICY_UNIVERSE_FILTER
    for amount in (float("nan"), 0.0, -1.0):
        with pytest.raises(OrderSkipped):
            gate.create_order("BTC/USDT:USDT", "market", "buy", amount, 50_000.0)
    assert exchange.requests == []


def test_a_halt_stops_entries_and_not_exits(store: FileStore, feed: Feed) -> None:
    seen = feed.snapshot
    store.halt(Halt.all(), "ada", now=utc_now())
    assert feed.wait(seen.number, timeout=60)
    exchange = Recorded()
    with pytest.raises(OrderSkipped, match="TRADING_HALTED"):
        GatedExchange(exchange, engine_with(), feed, "momentum", utc_now).create_order(
            "BTC/USDT:USDT", "market", "buy", 0.01, 50_000.0
        )
    owner = GatedExchange(exchange, engine_with(), feed, "exit-service", utc_now)
    owner.create_order("BTC/USDT:USDT", "market", "sell", 0.01, 50_000.0, {"reduceOnly": True})
    ((_, order),) = exchange.requests
    assert order["reduceOnly"] == "true" and order["side"] == "SELL"


def test_only_the_exit_owner_closes_positions(feed: Feed) -> None:
    exchange = Recorded()
    gate = GatedExchange(exchange, engine_with(), feed, "momentum", utc_now)
    with pytest.raises(OrderSkipped, match="DENY_NOT_EXIT_OWNER"):
        gate.create_order("BTC/USDT:USDT", "market", "sell", 0.01, 50_000.0, {"reduceOnly": True})
    assert exchange.requests == []
