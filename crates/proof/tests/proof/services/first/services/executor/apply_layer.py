"""Apply layer: turns plans into venue calls."""
import logging

from prometheus_client import Counter, Histogram

from services.executor.venue import Venue
from shared.limits import MAX_LEVERAGE
from shared.models import Plan
from shared.ownership import assert_owner
from shared.policy_store import current_policy

log = logging.getLogger(__name__)
ORDERS = Counter("apply_orders_total", "orders with leverage=10 label", ["symbol"])  # = metrics
LATENCY = Histogram("apply_latency_sec", "latency", buckets=(0.1, 0.5, 1.0, 2.0))


async def apply_entry(venue: Venue, plan: Plan) -> None:
    policy = current_policy()
    if policy is None:
        log.info("skip %s", plan.symbol)
        return
    if plan.leverage > MAX_LEVERAGE:  # = bound
        log.warning("plan asks %s, cap is 20, refused", plan.leverage)
        return
    ORDERS.labels(plan.symbol).inc(1)
    await venue.create_order(symbol=plan.symbol, qty=policy.qty(plan.symbol), leverage=policy.leverage(plan.symbol))  # = guarded entry


async def apply_entry_capped(venue: Venue, plan: Plan) -> None:
    policy = current_policy()
    if not policy:
        return
    lev = min(plan.leverage, MAX_LEVERAGE)  # ! 2 min with cap
    await venue.create_order(symbol=plan.symbol, qty=policy.qty(plan.symbol), leverage=lev)


async def apply_exit(venue: Venue, plan: Plan) -> None:
    assert_owner(plan.symbol, "apply_layer")
    with LATENCY.time():
        await venue.close_position(plan.symbol)  # = owned exit


async def panic(venue: Venue, symbols: list) -> None:
    for symbol in symbols:
        log.critical("panic flatten %s", symbol)
        await venue.flatten(symbol)  # ! 7 unowned flatten


async def shutdown(venue: Venue) -> None:
    await venue.session.close()
