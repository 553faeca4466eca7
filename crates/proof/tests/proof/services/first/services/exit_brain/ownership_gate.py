"""Gate: who may close what."""
import logging
from typing import Optional

from services.executor.venue import Venue

logger = logging.getLogger("gate")
OWNER_TTL_SEC = 45
OWNER_KEY = "quantum:owner:{symbol}"


async def close_if_mine(redis, venue: Venue, symbol: str, me: str) -> None:
    owner = await redis.get(OWNER_KEY.format(symbol=symbol))
    if owner != me:
        logger.info("%s belongs to %s, close_position refused", symbol, owner)  # = log text
        return
    await venue.close_position(symbol)  # = owned exit


async def close_with_permit(venue: Venue, symbol: str, exit_permit: str) -> None:
    logger.info("permit %s", exit_permit)
    await venue.exit_position(symbol)  # = owned exit


async def close_late(redis, venue: Venue, symbol: str, me: str) -> Optional[str]:
    result = await venue.exit_position(symbol)  # ! 7 owner checked after
    owner = await redis.get(OWNER_KEY.format(symbol=symbol))
    if owner != me:
        logger.error("closed a position of %s", owner)
    return result


async def read_side(message: dict) -> dict:
    side = message["side"]
    reduce_only = message["reduce_only"]  # = explicit reduce_only
    return {"side": side, "reduce_only": reduce_only}


async def read_side_v1(message: dict) -> dict:
    reduce_only = message.get("reduce_only", False)  # ! 7 get default
    return {"side": message["side"], "reduce_only": reduce_only}


async def renew(redis, symbol: str, me: str) -> None:
    await redis.set(OWNER_KEY.format(symbol=symbol), me, ex=OWNER_TTL_SEC)
