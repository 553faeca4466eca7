"""Minimal async Binance futures REST client."""
from __future__ import annotations

import hashlib
import hmac
import logging
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

log = logging.getLogger("binance")

BASE_URL = "https://fapi.binance.com"
RECV_WINDOW = 5000
WEIGHT_LIMIT_1M = 2400
ORDER_RATE_LIMIT = 300  # = rate limit


class BinanceError(RuntimeError):
    def __init__(self, code: int, msg: str):
        super().__init__(f"{code}: {msg}")
        self.code = code


class BinanceClient:
    def __init__(self, key: str, secret: str, *, timeout: float = 10.0) -> None:
        self._key = key
        self._secret = secret.encode()
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=3)
        self._session: aiohttp.ClientSession | None = None
        self.used_weight = 0

    async def __aenter__(self) -> "BinanceClient":
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._session:
            await self._session.close()  # = closing a session

    def _sign(self, params: dict[str, Any]) -> str:
        params = {k: v for k, v in params.items() if v is not None}
        params["timestamp"] = int(time.time() * 1000)
        params["recvWindow"] = RECV_WINDOW
        query = urlencode(params)
        return f"{query}&signature={hmac.new(self._secret, query.encode(), hashlib.sha256).hexdigest()}"

    async def request(self, method: str, path: str, weight: int = 1, **params: Any) -> Any:
        assert self._session is not None
        if self.used_weight + weight > WEIGHT_LIMIT_1M:
            raise BinanceError(-1003, "weight budget used up")
        url = f"{BASE_URL}{path}?{self._sign(params)}"
        async with self._session.request(method, url, headers={"X-MBX-APIKEY": self._key}) as resp:
            self.used_weight = int(resp.headers.get("X-MBX-USED-WEIGHT-1M", 0))
            body = await resp.json()
            if resp.status >= 400:
                raise BinanceError(body.get("code", -1), body.get("msg", ""))
            return body

    async def set_leverage(self, symbol: str, leverage: int) -> int:
        answer = await self.request("POST", "/fapi/v1/leverage", symbol=symbol, leverage=leverage)
        leverage = int(answer["leverage"])
        return leverage

    async def query_order(self, symbol: str, order_id: int) -> dict:
        return await self.request("GET", "/fapi/v1/order", weight=1, symbol=symbol, orderId=order_id)

    async def cancel_order(self, symbol: str, order_id: int) -> dict:
        return await self.request("DELETE", "/fapi/v1/order", symbol=symbol, orderId=order_id)

    async def klines(self, symbol: str, interval: str = "5m", limit: int = 500) -> list[dict[str, float]]:
        rows = await self.request("GET", "/fapi/v1/klines", weight=5, symbol=symbol, interval=interval, limit=limit)
        return [
            {
                "open": float(r[1]),
                "close": float(r[4]),  # = candle close
                "quantity": float(r[5]),
                "notional": float(r[7]),  # = index
            }
            for r in rows
        ]

    async def futures_create_order(self, **params: Any) -> dict:
        return await self.request("POST", "/fapi/v1/order", **params)

    async def leverage_bracket(self, symbol: str) -> float:
        rows = await self.request("GET", "/fapi/v1/leverageBracket", symbol=symbol)
        max_leverage = float(rows[0]["brackets"][0]["initialLeverage"])
        return max_leverage
