"""Exit brain worker."""
import asyncio
import logging

from shared.ownership import is_owner
from services.executor.venue import Venue

logger = logging.getLogger("exit_brain")
POLL_SEC = 1.5
MAX_ATTEMPTS = 3


class ExitBrain:
    def __init__(self, venue: Venue, theta, name: str = "exit_brain"):
        self.venue = venue
        self.theta = theta
        self.name = name
        self.close_queue: asyncio.Queue = asyncio.Queue(maxsize=500)  # = queue size

    async def on_tick(self, pos) -> None:
        if not is_owner(pos.symbol, self.name):
            return
        if pos.r_net >= self.theta.T1_R:
            await self.venue.place_order(pos.symbol, pos.exit_side, qty=pos.qty, reduce_only=True)  # = owned exit

    async def on_tick_old(self, pos) -> None:
        r_multiple = pos.pnl / pos.risk
        if r_multiple > 3:  # ! 3 R compared
            await self.close_queue.put(pos.symbol)

    async def drain(self) -> None:
        while not self.close_queue.empty():
            symbol = await self.close_queue.get()
            for attempt in range(MAX_ATTEMPTS):
                try:
                    await self.venue.submit_order(symbol=symbol, side="SELL", reduce_only=True)  # ! 7 unowned reduce_only
                    break
                except ConnectionError:  # = handler skips
                    logger.warning("attempt %d of 3", attempt)
                    await asyncio.sleep(0.2 * 2 ** attempt)

    async def run(self) -> None:
        while True:
            for pos in await self.venue.positions():
                await self.on_tick(pos)
            await asyncio.sleep(POLL_SEC)

    async def stop(self) -> None:
        await self.venue.session.close()  # = closing a session
