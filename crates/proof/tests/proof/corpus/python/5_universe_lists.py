"""Which symbols the scanner looks at."""

import os
from dataclasses import dataclass, field

import click

UNIVERSE = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]  # ! 5 list constant
WHITELIST = {"BTCUSDT", "ETHUSDT"}  # ! 5 set constant
ALLOW_LIST = frozenset({"XRPUSDT", "ADAUSDT"})  # ! 5 constructor
TICKERS = "BTC,ETH,SOL".split(",")  # ! 5 text with commas
UNIVERSE_REFRESH_SEC = 300  # = timing
UNIVERSE_FILE = "universe.json"  # = other compound
TIMEFRAMES = ["1m", "5m", "1h"]  # = other name
SIDES = ("BUY", "SELL")  # = other name


@dataclass
class Scanner:
    symbols: list = field(default_factory=lambda: ["BTCUSDT", "BNBUSDT"])  # ! 5 default factory
    watchlist: tuple = ("DOGEUSDT", "LTCUSDT")  # ! 5 dataclass default
    pairs: list = field(default_factory=list)  # = empty list
    symbols_limit: int = 40  # = bound

    def __post_init__(self):
        self.pairs = self.pairs or ["BTC/USDT", "ETH/USDT"]  # ! 5 or

    def load(self, store):
        self.symbols = store.universe()  # = read
        return [s for s in self.symbols if s.endswith("USDT")]  # = read


def from_environment():
    symbols = os.getenv("SYMBOLS", "BTCUSDT,ETHUSDT").split(",")  # ! 5 getenv
    names = os.environ["SYMBOLS"].split(",")  # = no default
    return symbols, names


def accepts(symbol, universe, side):
    if symbol in ("BTCUSDT", "ETHUSDT"):  # ! 5 membership
        return True
    if side in ("BUY", "SELL"):  # = other name
        return symbol in universe  # = read
    return False


def candles(client, symbol="BTCUSDT", limit=500):  # ! 5 default argument
    return client.klines(symbol, limit)


def one(signal):
    symbol = signal.get("symbol") or "ETHUSDT"  # ! 5 or
    other = signal.get("symbol", "BTCUSDT")  # ! 5 get
    third = signal.get("symbol")  # = no default
    return symbol, other, third


@click.command()
@click.option("--symbols", default="BTCUSDT,ETHUSDT")  # ! 5 click default
@click.option("--universe-path", default="data/universe.json")  # = other compound
def scan(symbols, universe_path):
    click.echo("e.g. --symbols BTCUSDT,ETHUSDT")  # = log text
    return {"symbols": symbols.split(","), "path": universe_path}  # = read


def collect(rows):
    symbols = []  # = empty list
    for row in rows:
        symbols.append(row["symbol"])
    pairs = list(zip(symbols, symbols[1:]))  # = read
    return symbols, pairs


def payload():
    return {
        "type": "subscribe",
        "symbols": [  # ! 5 map
            "BTCUSDT",
            "ETHUSDT",
        ],
        "channels": ["trades", "depth"],  # = other name
    }
