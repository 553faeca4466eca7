"""Prometheus metrics, shared by all services."""
from prometheus_client import Counter, Gauge, Histogram, start_http_server

METRICS_PORT = 9108

ORDERS_TOTAL = Counter("orders_total", "Orders sent, e.g. leverage=10 qty=0.5", ["symbol", "side"])  # = metric text
LEVERAGE_HISTOGRAM = Histogram("effective_leverage", "Leverage per position", buckets=(1, 2, 5, 10, 20, 50))  # = metric buckets
NOTIONAL_BUCKETS = (10, 50, 100, 500, 1_000, 5_000)
NOTIONAL_HIST = Histogram("order_notional", "USD per order", buckets=NOTIONAL_BUCKETS)
KILL_SCORE_GAUGE = Gauge("kill_score", "K of a position, 0 to 1", ["symbol"])
R_BUCKET = Counter("r_bucket", "closed trades by R", ["bucket"])


def observe_fill(symbol: str, side: str, leverage: float, r_net: float) -> None:
    ORDERS_TOTAL.labels(symbol, side).inc()
    LEVERAGE_HISTOGRAM.observe(leverage)
    bucket = "runner" if r_net > 3.0 else "normal"
    R_BUCKET.labels(bucket).inc()


def reset(symbol: str) -> None:
    KILL_SCORE_GAUGE.labels(symbol).set(0)


def serve() -> None:
    start_http_server(METRICS_PORT)
