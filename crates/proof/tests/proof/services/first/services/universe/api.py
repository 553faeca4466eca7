"""FastAPI front of the universe service."""
from typing import List, Optional

from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel

app = FastAPI(title="universe", version="2.1")  # = version
CACHE_TTL = 30


class UniverseOut(BaseModel):
    symbols: List[str] = []  # = empty list
    generated_ms: int
    universe_size: int


class RankRequest(BaseModel):
    tickers: Optional[List[str]] = None
    selection_weight: float
    page_size: int = 50


@app.get("/universe", response_model=UniverseOut)
async def universe(limit: int = Query(25, ge=1, le=200)):
    symbols = await app.state.selector.symbols()  # = service read
    return UniverseOut(symbols=symbols[:limit], generated_ms=app.state.now_ms(), universe_size=len(symbols))


@app.get("/klines")
async def klines(symbol: str = "BTCUSDT", interval: str = "5m", limit: int = 500):  # ! 5 default argument
    if interval not in ("1m", "5m", "1h"):
        raise HTTPException(status_code=400, detail="interval")
    return await app.state.market.klines(symbol, interval, limit)


@app.get("/depth")
async def depth(symbol: str, levels: int = 20):  # = book depth
    if not symbol.isupper():
        raise HTTPException(422, "use BTCUSDT, not btcusdt")  # = error text
    return await app.state.market.depth(symbol, levels)


@app.get("/health")
async def health():
    return {"ok": True, "cache_ttl": CACHE_TTL}
