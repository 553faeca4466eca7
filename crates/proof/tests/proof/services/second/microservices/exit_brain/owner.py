"""Who owns the exit of a symbol.  One owner at a time, a lease of some seconds in Redis."""
import logging
import time
import uuid

log = logging.getLogger("exit_owner")

LEASE_SEC = 15
OWNER_KEY = "exit:owner:{symbol}"
OWNER_SCRIPT_VERSION = "1.4"  # = version


class ExitOwnership:
    def __init__(self, redis, name: str) -> None:
        self.redis = redis
        self.name = name
        self.token = uuid.uuid4().hex[:8]
        self.lost = 0

    async def acquire(self, symbol: str, lease: int = LEASE_SEC) -> bool:
        ok = await self.redis.set(OWNER_KEY.format(symbol=symbol), f"{self.name}:{self.token}", nx=True, ex=lease)
        return bool(ok) or await self.is_owner(symbol)

    async def is_owner(self, symbol: str) -> bool:
        raw = await self.redis.get(OWNER_KEY.format(symbol=symbol))
        return raw is not None and raw.decode() == f"{self.name}:{self.token}"

    async def release(self, symbol: str) -> None:
        if await self.is_owner(symbol):
            await self.redis.delete(OWNER_KEY.format(symbol=symbol))
        else:
            self.lost += 1
            log.warning("lease of %s lost at %.0f", symbol, time.time())
