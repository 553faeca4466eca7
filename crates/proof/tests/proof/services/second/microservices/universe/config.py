"""Where the universe comes from and how often."""
import os
from dataclasses import dataclass, field

UNIVERSE_REFRESH_SEC = int(os.getenv("UNIVERSE_REFRESH_SEC", "900"))
UNIVERSE_KEY = "policy:universe:current"  # = other compound
SYMBOL_RE = r"^[A-Z0-9]{2,12}USDT$"  # = pattern
QUOTE_ASSETS = ("USDT", "USDC", "FDUSD")  # = other list
STABLE_BASES = frozenset({"USDC", "TUSD", "DAI"})  # = other list
RANK_COLUMNS = ["symbol", "volume_24h", "spread_bps", "score"]  # = column names
SYMBOL_DECIMALS = {"price_decimals": 2, "qty_decimals": 3}  # = precision
WATCHLIST = "BTCUSDT ETHUSDT SOLUSDT XRPUSDT".split()  # ! 5 text split into a list
PAIRS, RETRIES = ["BTCUSDT", "ETHUSDT"], 3  # ! 5 tuple unpacking


@dataclass
class UniverseConfig:
    max_symbols: int = 60  # = bound
    min_volume_usd: float = 20e6
    page_size: int = 100
    pairs: tuple = ()  # = empty list
    whitelist: list = field(default_factory=list)
    blacklist_ttl_h: int = 48
