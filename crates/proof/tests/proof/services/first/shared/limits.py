"""Hard limits of the house. Compared with, never handed on."""
MAX_LEVERAGE = 25.0
MIN_QTY = 0.001
MAX_QTY = 1000
MAX_NOTIONAL_USD = 25_000
MIN_MARGIN = 10
SIZE_DECIMALS = 8  # = precision
SYMBOLS_TTL = 300
LEVERAGE_BACKOFF = (1, 2, 4, 8)  # = retries


def leverage_ok(leverage: float) -> bool:
    """True for 1 up to MAX_LEVERAGE = 25."""  # = docstring
    return 1.0 <= leverage <= MAX_LEVERAGE


def qty_ok(qty: float) -> bool:
    return MIN_QTY <= qty <= MAX_QTY


def require(cfg) -> None:
    if not leverage_ok(cfg.leverage):
        raise ValueError("leverage must be 1..25")  # = error text
    if cfg.T1_R >= cfg.T2_R:  # = validation
        raise ValueError("T1_R below T2_R please")
    if cfg.kill_threshold > 1.0:  # = validation
        raise ValueError("kill_threshold is a probability")


def requested(cfg):
    lev = getattr(cfg, "leverage", None)
    if lev is None:
        lev = cfg.leverage_cap  # ! 2 none falls to cap
    return lev


def fraction(bps: float) -> float:
    return bps / 10_000
