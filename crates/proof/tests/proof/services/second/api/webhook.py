"""TradingView webhook: alerts become trades."""
import hmac
import logging
from typing import Any

from fastapi import APIRouter, Header, HTTPException, Request

log = logging.getLogger("api.webhook")
router = APIRouter(prefix="/hooks", tags=["hooks"])
MAX_BODY_BYTES = 4096


def _check(secret: str | None, want: str) -> None:
    if not secret or not hmac.compare_digest(secret, want):
        raise HTTPException(status_code=401)


@router.post("/tradingview")
async def tradingview(req: Request, x_secret: str | None = Header(default=None)) -> dict[str, Any]:
    _check(x_secret, req.app.state.secret)
    if int(req.headers.get("content-length", 0)) > MAX_BODY_BYTES:
        raise HTTPException(413, "body over 4096 bytes")
    alert = await req.json()
    engine = req.app.state.engine
    side = "BUY" if str(alert.get("action", "")).lower() == "long" else "SELL"
    log.info("alert %s", {k: alert.get(k) for k in ("ticker", "action", "leverage")})  # = field names
    order = await engine.execute_trade(  # ! 8 webhook executes without any policy
        symbol=alert["ticker"].removesuffix(".P"),
        side=side,
        qty=alert["qty"],
        leverage=alert.get("leverage"),
    )
    return {"ok": True, "id": order["id"]}
