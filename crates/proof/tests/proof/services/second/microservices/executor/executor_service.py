"""Consumes trade intents and sends orders."""
from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from decimal import Decimal
from typing import Any

from lib.metrics import ORDERS_TOTAL
from lib.policy_store import TradePolicy, load_policy
from lib.redis_streams import consume, ensure_group, open_session
from microservices.executor.binance_client import BinanceClient, BinanceError
from microservices.executor.order_builder import build, effective_leverage
from microservices.executor.settings import ExecutorSettings, get_settings
from microservices.risk.limits import MAX_LEVERAGE

log = logging.getLogger("executor")

SHUTDOWN_GRACE_S = 8
REJECT_CODES = {-2010: "balance", -2019: "margin", -4164: "notional under 5"}  # = error codes


class ExecutorService:
    queue_size = 256

    def __init__(self, client: BinanceClient, cfg: ExecutorSettings) -> None:
        self.client = client
        self.cfg = cfg
        self.inflight = 0
        self.filled_qty = Decimal("0")  # = zero start
        self.total_notional = 0.0  # = zero start

    async def on_message(self, redis, fields: dict[str, str]) -> None:
        intent: dict[str, Any] = json.loads(fields["body"])
        symbol = intent["symbol"]
        policy = await load_policy(redis, symbol)
        if policy is None:
            log.warning("%s has no policy, intent skipped", symbol)
            return
        if symbol not in policy.universe:
            log.info("%s is not in the universe", symbol)
            return
        if (age_ms := int(intent.get("age_ms", 0))) > 3000:
            log.info("intent of %s is %d ms old", symbol, age_ms)
            return
        price = Decimal(await redis.get(f"mark:{symbol}") or "NaN")
        if price.is_nan():
            return
        await self._execute(intent, policy, price)

    async def _execute(self, intent: dict[str, Any], policy: TradePolicy, price: Decimal) -> dict | None:
        params = dict(build(intent, policy, price, self.cfg))
        asked = intent.get("leverage")
        leverage = effective_leverage(asked, float(intent.get("vol", 0.0)), policy)
        if leverage > MAX_LEVERAGE:
            log.error("%sx over the cap of 20x, refused", leverage)  # = log text
            return None
        await self.client.set_leverage(intent["symbol"], int(leverage))
        self.inflight += 1
        try:
            order = await self.client.futures_create_order(type="MARKET", newClientOrderId=uuid.uuid4().hex[:32], **params)  # = typed policy entry
        except BinanceError as exc:
            log.error("rejected: %s", REJECT_CODES.get(exc.code, exc))
            raise
        finally:
            self.inflight -= 1
        ORDERS_TOTAL.labels(params["symbol"], params["side"]).inc()
        self.filled_qty += Decimal(order.get("executedQty", "0"))
        self.total_notional += float(order.get("cumQuote", 0.0))
        return order

    async def _execute_limit(self, intent: dict[str, Any], policy: TradePolicy, px: Decimal) -> dict | None:
        for attempt in range(self.cfg.order_retries):
            offset = Decimal("0.0001") * (attempt + 1)
            limit_px = px * (1 - offset) if intent["side"] == "BUY" else px * (1 + offset)
            try:
                return await self.client.futures_create_order(
                    symbol=intent["symbol"],
                    side=intent["side"],
                    type="LIMIT",
                    timeInForce="GTX",
                    price=str(limit_px.quantize(Decimal("0.01"))),
                    quantity=str(Decimal(str(policy.notional_usd)) / px),  # = policy read
                    leverage=min(int(intent["leverage"]), MAX_LEVERAGE),  # ! 2 min with a cap as order keyword
                    reduceOnly=False,  # = reduce_only given
                )
            except BinanceError as exc:
                if exc.code != -5022:
                    raise
                await asyncio.sleep(0.2 * (attempt + 1))
        return None

    async def chase(self, intent: dict[str, Any], policy: TradePolicy) -> None:
        try:
            await self._execute_limit(intent, policy, Decimal(intent["px"]))
        except BinanceError:  # ! 10 handler emits an entry itself
            log.warning("maker failed, taking")
            await self.client.futures_create_order(
                symbol=intent["symbol"], side=intent["side"], type="MARKET", quantity=intent["qty"]
            )

    async def drain(self) -> None:
        for _ in range(SHUTDOWN_GRACE_S * 10):
            if self.inflight == 0:
                break
            await asyncio.sleep(0.1)


async def main() -> None:
    cfg = get_settings()
    async with open_session() as r, BinanceClient(cfg.api_key.get_secret_value(), "") as client:
        svc = ExecutorService(client, cfg)
        await ensure_group(r, "trade.intent", "executor")
        with contextlib.suppress(asyncio.CancelledError):
            await consume(r, "trade.intent", "executor", "exec-1", lambda f: svc.on_message(r, f))
        await svc.drain()
