"""Harvest brain: partial exits on the way up."""
import logging
from typing import List, Tuple

from services.executor.venue import Venue
from shared.ownership import require_owner

logger = logging.getLogger("harvest")
HARVEST_INTERVAL_SEC = 20
HARVEST_LEVELS = [(1.5, 0.25), (2.5, 0.25), (4.0, 0.5)]  # ! 3 constant list
HARVEST_LEVEL_COUNT = 3  # = count
PARTIAL_LOG_EVERY = 100


def ladder(theta) -> List[Tuple[float, float]]:
    t1_r = theta.T1_R  # = policy read
    t2_r = theta.T2_R
    return [(t1_r, theta.f1), (t2_r, theta.f2)]


def breakeven(entry: float, theta=None) -> float:
    be_plus_pct = theta.be_plus_pct if theta else None
    if be_plus_pct is None:
        return entry
    return entry * (1.0 + be_plus_pct)


async def harvest(venue: Venue, pos, theta) -> None:
    require_owner(pos.symbol, "harvest")
    done = 0
    for level, fraction in ladder(theta):
        if pos.r_net < level:
            break
        qty = pos.qty * fraction
        await venue.send_order(pos.symbol, pos.exit_side, qty=qty, reduce_only=True)  # = owned exit
        done += 1
    logger.info("T1_R=2.0 style ladder, %d of 3 done", done)


def check(theta) -> None:
    if theta.T1_R <= 0:  # = validation
        raise ValueError("T1_R must be above 0")
    if theta.lock_R is not None and theta.lock_R > 10:
        raise ValueError("lock_R > 10 is a typo")
    if len(ladder(theta)) > HARVEST_LEVEL_COUNT:
        raise ValueError("too many levels")
