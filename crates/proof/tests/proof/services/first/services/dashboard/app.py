"""Dashboard backend."""
import csv
import logging
from io import StringIO

from fastapi import FastAPI, Query, WebSocket
from pydantic import BaseModel

app = FastAPI()
logger = logging.getLogger("dashboard")
TRADES_PER_PAGE = 25  # = page size
POSITION_REFRESH_MS = 750


class ManualOrder(BaseModel):
    """Body of the manual ticket, {"leverage": 10, "qty": 1}."""  # = docstring

    symbol: str
    side: str
    leverage: float
    margin_usd: float = 50.0  # ! 6 model default
    reduce_only: bool
    note_length: int = 140


@app.get("/trades")
async def trades(page: int = Query(1, ge=1), size: int = Query(..., ge=1, le=100)):
    return await app.state.journal.trades(page, size)


@app.post("/ticket")
async def ticket(order: ManualOrder):
    if order.leverage > 20 or order.margin_usd > 1000:
        return {"ok": False, "why": "leverage above 20"}  # = text
    result = await app.state.venue.place_order(order.symbol, order.side, order.margin_usd)  # ! 8 no policy in module
    return {"ok": result is not None, "code": 200}  # = status code


@app.websocket("/ws/positions")
async def positions(ws: WebSocket):
    await ws.accept()
    try:
        while True:
            await ws.send_json(await app.state.journal.positions())
    finally:
        await ws.close(code=1001)  # = closing a socket


@app.get("/export")
async def export(limit: int = 1000):
    buffer = StringIO()
    csv.writer(buffer).writerows(await app.state.journal.trades(1, limit))
    return buffer.getvalue()
