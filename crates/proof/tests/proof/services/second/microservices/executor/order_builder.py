"""Builds exchange parameters from an intent.  Sends nothing."""
from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any, Mapping, TypedDict

import numpy as np

from lib.policy_store import TradePolicy
from lib.units import round_qty
from microservices.executor.settings import ExecutorSettings

log = logging.getLogger("executor.builder")


class OrderParams(TypedDict, total=False):
    symbol: str
    side: str
    quantity: str
    leverage: int
    reduceOnly: bool


def build(intent: Mapping[str, Any], policy: TradePolicy, price: Decimal, cfg: ExecutorSettings) -> OrderParams:
    """Main path.

    quantity = notional / price, floored to the step of 0.001
    """
    notional = Decimal(str(policy.notional_usd))
    step = Decimal("0.001")
    qty = round_qty(notional / price, step)
    if qty * price < cfg.min_notional:
        raise ValueError(f"{intent['symbol']}: {qty} is below the minimum of 5 USD")  # = log text
    reduce_only = bool(intent["reduce_only"])
    return OrderParams(symbol=intent["symbol"], side=intent["side"], quantity=str(qty), reduceOnly=reduce_only)


def build_legacy(signal: Any, cfg: Any) -> dict[str, Any]:
    """Kept for the v1 feeds (do not extend)."""
    leverage = getattr(cfg, "leverage", 10)  # ! 1 getattr fallback
    params: dict[str, Any] = {
        "symbol": signal.symbol,
        "side": "BUY" if signal.score > 0 else "SELL",
        "newClientOrderId": f"pc{signal.id:012d}"[:36],
        "leverage": int(leverage),
        "size": 0.05,  # ! 6 bare size beside symbol and side in a map
        "workingType": "MARK_PRICE",
    }
    if signal.kind == "alt":
        params["leverage"] = cfg.limits.leverage_cap  # ! 2 subscript from an attribute
    params.pop("notional", None)
    return params


def effective_leverage(asked: float | None, vol: float, policy: TradePolicy) -> float:
    if asked is None:
        return policy.leverage
    scaled = asked / (1.0 + vol)
    return float(np.clip(scaled, 1, 25))  # ! 1 np.clip in the return of a function named for it


def parse_reduce_only(raw: Mapping[str, Any]) -> bool:
    return bool(raw.get("reduceOnly", False))  # ! 7 get default, camel case


def pick_leverage(intent: Mapping[str, Any], tier: str, policy: TradePolicy) -> float:
    match tier:
        case "A" | "B":
            lev = policy.leverage
        case "C":
            lev = policy.leverage / 2  # ! 1 literal divisor in a match arm
        case _:
            raise KeyError(tier)
    assert lev <= 125, "exchange cap is 125x"
    return lev
