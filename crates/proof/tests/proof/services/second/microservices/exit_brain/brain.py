"""Exit brain: the only service that may close positions in normal operation."""
from __future__ import annotations

import asyncio
import logging
from typing import Any

from lib.timeutils import position_age_sec
from microservices.exit_brain.dynamic_tp import TargetPlanner
from microservices.exit_brain.owner import ExitOwnership

log = logging.getLogger("exit_brain")

TICK_SEC = 1.0
MAX_SLIPPAGE_BPS = 30


class ExitBrain:
    def __init__(self, exchange, store, ownership: ExitOwnership, planner: TargetPlanner) -> None:
        self.exchange = exchange
        self.store = store
        self.ownership = ownership
        self.planner = planner
        self.closed_count = 0  # = zero start

    async def step(self, position: Any) -> None:
        if not await self.ownership.is_owner(position.symbol):
            return
        plan = await self.planner.plan(position)
        if plan is None:
            return
        match plan.action:
            case "hold":
                return
            case "partial":
                qty = position.qty * plan.fraction
                await self.exchange.create_order(  # = owned exit
                    symbol=position.symbol,
                    side=position.exit_side,
                    type="MARKET",
                    quantity=round(qty, 3),  # = rounding
                    reduce_only=True,  # = reduce_only given
                )
            case "full":
                await self.exchange.close_position(position.symbol, reason=plan.reason)  # = owned exit
                self.closed_count += 1
            case other:
                log.error("unknown action %r", other)

    async def on_timeout(self, position: Any) -> None:
        """Positions older than 24 h are closed."""
        age = position_age_sec(position.opened_at)
        if age < 86_400:
            return
        log.info("%s is %.1f h old, closing", position.symbol, age / 3600)
        await self.exchange.close_position(position.symbol, reason="age")  # ! 7 exit without owner in a sibling method

    async def on_permit(self, position: Any, exit_permit: str) -> None:
        if exit_permit != position.permit:
            raise PermissionError(f"permit mismatch on {position.symbol}")
        await self.exchange.market_close(position.symbol)  # = owned exit

    async def exit_all(self, owner: str) -> None:
        for pos in await self.store.positions():
            if pos.owner != owner:
                continue
            try:
                await self.exchange.exit_position(pos.symbol, slippage_bps=MAX_SLIPPAGE_BPS)  # = owned exit
            except asyncio.TimeoutError:
                log.warning("exit of %s timed out after 5 s", pos.symbol)
                continue

    async def handle_command(self, cmd: dict[str, Any]) -> None:
        params: dict[str, Any] = {"symbol": cmd["symbol"], "side": cmd["side"], "type": "MARKET"}
        params["quantity"] = cmd["qty"]
        params["reduceOnly"] = True
        log.info("operator asks to leave %(symbol)s", cmd)
        await self.exchange.create_order(**params)  # ! 7 exit through a splatted map
