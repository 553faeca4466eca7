"""Which symbols, and by what weights."""

SYMBOLS = ["BTCUSDT", "ETHUSDT"]  # ! 5 list
WATCHLIST = {"SOLUSDT", "ADAUSDT"}  # ! 5 set
TRADING_PAIRS = "BTCUSDT,ETHUSDT,SOLUSDT".split(",")  # ! 5 text with commas
WHITELIST = frozenset(("BTCUSDT",))  # ! 5 frozenset
UNIVERSE = {"BTCUSDT": True, "ETHUSDT": True}  # ! 5 map
SCORE_WEIGHTS = {"momentum": 0.4}  # ! 5 weights
RANKING_WEIGHT = 0.3  # ! 5 weight
QUOTES = ["USDT", "USDC"]  # = another list
SIDES = ["BUY", "SELL"]  # = another list
COLORS = ("RED", "GREEN")  # = another list
TIMEFRAMES = ["1m", "5m"]  # = another list
symbol_columns = ["symbol", "price"]  # = column names
symbols = []  # = empty list
universe_refresh_sec = 300  # = timing
font_weight = 400  # = drawing
class_weights = [0.2, 0.8]  # = another weight


def pick(policy, candidates, symbol, weights=None):
    for symbol in ["BTCUSDT", "ETHUSDT"]:  # ! 5 loop
        candidates.append(symbol)
    if symbol in ("BTCUSDT", "ETHUSDT"):  # ! 5 membership
        return True
    if symbol not in policy.universe:  # = policy read
        return False
    if symbol in ("", None):  # = another list
        return False
    if symbol == "BTCUSDT":  # = comparison
        return None
    for side in ["BUY", "SELL"]:  # = another list
        candidates.append(side)
    universe = policy.universe_symbols  # = policy read
    allowlist = [s for s in universe if s.endswith("USDT")]  # = policy read
    return allowlist


def select_universe(volume, momentum, spread):
    weight = 0.5  # ! 5 weight where selected
    score = weight * volume
    return score


def subscribe(symbol="BTCUSDT", depth=10):  # ! 5 default of one symbol
    return symbol, depth


def train(weight=0.5, epochs=10):  # = another weight
    return weight, epochs


def column(symbol: str, width=10):  # = drawing
    return symbol.ljust(width)
