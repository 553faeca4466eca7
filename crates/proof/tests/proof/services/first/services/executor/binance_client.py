"""Thin REST client. No decisions in here."""
import hashlib
import hmac
import time
from typing import Any, Dict, Optional
from urllib.parse import urlencode

import httpx

BASE_URL = "https://fapi.binance.com"
RECV_WINDOW = 5000
ORDER_RATE_LIMIT = 300  # = rate limit
POSITION_PAGE_SIZE = 100  # = page size


class BinanceClient:
    def __init__(self, key: str, secret: str, order_timeout: float = 10.0):  # = timing
        self._key, self._secret = key, secret
        self._http = httpx.AsyncClient(base_url=BASE_URL, timeout=order_timeout)

    def _sign(self, params: Dict[str, Any]) -> str:
        params["timestamp"] = int(time.time() * 1000)
        params["recvWindow"] = RECV_WINDOW
        query = urlencode(params)
        return query + "&signature=" + hmac.new(self._secret.encode(), query.encode(), hashlib.sha256).hexdigest()

    async def change_leverage(self, symbol: str, leverage: int = 20) -> dict:  # ! 1 default argument
        body = self._sign({"symbol": symbol, "leverage": leverage})
        return (await self._http.post("/fapi/v1/leverage", content=body)).json()

    async def place_order(self, symbol: str, side: str, qty: float, reduce_only: bool = False) -> dict:  # ! 7 default argument
        body = self._sign({"symbol": symbol, "side": side, "quantity": qty, "reduceOnly": reduce_only})
        return (await self._http.post("/fapi/v1/order", content=body)).json()

    async def position_history(self, symbol: str, page: int = 1, order: Optional[str] = None) -> list:
        params = {"symbol": symbol, "page": page, "limit": POSITION_PAGE_SIZE, "order": order}
        return (await self._http.get("/history", params=params)).json()

    async def close(self) -> None:
        await self._http.aclose()  # = closing a session
