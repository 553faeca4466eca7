"""Abstract venue. Definitions only, nothing is sent from here."""
import abc
from typing import Any, Dict, List, Optional

import httpx

VENUE_API_VERSION = "v2"
POOL_SIZE = 20  # = pool size


class Venue(abc.ABC):
    def __init__(self, timeout: float = 5.0, order_cache_ttl: int = 60):
        self.session = httpx.AsyncClient(timeout=timeout, limits=httpx.Limits(max_connections=POOL_SIZE))
        self.order_cache_ttl = order_cache_ttl
        self.open_orders: Dict[str, Any] = {}

    @abc.abstractmethod
    async def create_order(self, symbol: str, qty: float, leverage: float) -> dict:  # = definition
        ...

    @abc.abstractmethod
    async def open_position(self, symbol: str, size: float, leverage: Optional[float] = None) -> dict:
        ...

    @abc.abstractmethod
    async def close_position(self, symbol: str) -> dict:  # = definition
        ...

    @abc.abstractmethod
    async def execute_trade(self, symbol: str, side: str, qty: float) -> dict:
        ...

    async def positions(self) -> List[dict]:
        response = await self.session.get("/positions", params={"limit": 500})  # = page size
        if response.status_code != 200:
            return []
        return response.json()

    async def close(self) -> None:
        await self.session.aclose()  # = closing a session
