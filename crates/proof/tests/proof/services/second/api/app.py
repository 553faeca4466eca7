"""Read-only HTTP API."""
from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from api.models_orm import Fill, Position

log = logging.getLogger("api")
engine = create_async_engine("postgresql+asyncpg://db/trading", pool_size=10, max_overflow=5)
Session = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await engine.dispose()


app = FastAPI(title="trading", version="2.11.0", lifespan=lifespan)


async def db():
    async with Session() as s:
        yield s


@app.get("/positions")
async def positions(
    s: Annotated[AsyncSession, Depends(db)],
    page: int = Query(1, ge=1),
    page_size: int = Query(50, le=500),
    min_leverage: float = Query(0.0, ge=0.0, le=125.0),  # = bound
) -> list[dict[str, Any]]:
    stmt = select(Position).where(Position.leverage >= min_leverage)
    stmt = stmt.order_by(Position.notional.desc()).limit(page_size)  # = order_by
    rows = (await s.scalars(stmt.offset((page - 1) * page_size))).all()
    return [{"symbol": p.symbol, "leverage": round(float(p.leverage), 2)} for p in rows]  # = rounding


@app.get("/positions/latest")
async def latest(s: Annotated[AsyncSession, Depends(db)], symbol: str = Query("BTCUSDT", max_length=20)):  # ! 5 Query default for one symbol
    row = await s.scalar(select(Position).where(Position.symbol == symbol).order_by(Position.id.desc()))
    if row is None:
        raise HTTPException(status_code=404, detail=f"no position in {symbol}")
    return row


@app.post("/orders/preview", status_code=201)
async def create_order(payload: dict[str, Any]):
    """Only a preview: nothing is sent.  Example body: {"leverage": 10, "qty": 0.5}"""
    try:
        leverage = float(payload["leverage"])
    except (KeyError, TypeError, ValueError) as exc:  # = handler re-raises
        raise HTTPException(422, "leverage is missing, 1 to 125 expected") from exc
    margin = float(payload["notional"]) / leverage
    return {"margin": margin, "fee": margin * 0.0004}


@app.get("/fills/{position_id}")
async def fills(position_id: int, s: Annotated[AsyncSession, Depends(db)]):
    total_qty = 0.0  # = zero start
    for fill in (await s.scalars(select(Fill).where(Fill.position_id == position_id))).all():
        total_qty += float(fill.qty)
    return {"qty": total_qty}
