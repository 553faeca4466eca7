"""Compares the exchange's positions with ours every 30 seconds."""
import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Optional

import pandas as pd

logger = logging.getLogger("executor.reconcile")

RECONCILE_EVERY_S = 30
QTY_TOLERANCE = 1e-9  # = other compound
SNAPSHOT_SQL = """
    SELECT symbol, side, SUM(quantity) AS qty
      FROM positions
     WHERE leverage > 10 AND notional >= 100  -- # = sql text
     GROUP BY symbol, side
     LIMIT 500
"""


@dataclass
class PositionRow:
    symbol: str
    qty: float = 0.0  # = zero start
    notional: float = 0.0
    leverage: Optional[float] = None
    reduce_only: bool = False  # ! 7 dataclass field default


class Reconciler:
    def __init__(self, client, store, *, chunk_size: int = 25) -> None:
        self.client = client
        self.store = store
        self.chunk_size = chunk_size
        self.drift_count = 0

    async def snapshot(self) -> dict[str, PositionRow]:
        rows: dict[str, PositionRow] = {}
        for raw in await self.client.request("GET", "/fapi/v2/positionRisk", weight=5):
            amt = float(raw["positionAmt"])
            if abs(amt) < QTY_TOLERANCE:
                continue
            rows[raw["symbol"]] = PositionRow(
                symbol=raw["symbol"],
                qty=amt,
                notional=abs(amt) * float(raw["markPrice"]),
                leverage=float(raw["leverage"]),
                reduce_only=raw["reduceOnly"] == "true",
            )
        return rows

    async def fix_leverage(self, rows, limits) -> list[PositionRow]:
        fixed = []
        for row in rows.values():
            if row.leverage is None or row.leverage > limits.max_leverage:
                row = replace(row, leverage=limits.max_leverage)  # ! 2 dataclasses.replace with the cap
            fixed.append(row)
        return fixed

    def totals(self, frame: pd.DataFrame) -> dict[str, float]:
        totals: dict[str, float] = defaultdict(float)
        for _, rec in frame.iterrows():
            totals[rec["symbol"]] += float(rec.get("qty", 0.0))  # = zero start
        return {k: round(v, 6) for k, v in totals.items()}

    async def run(self) -> None:
        while True:
            try:
                theirs = await self.snapshot()
                ours = await self.store.fetch_all(SNAPSHOT_SQL)
                drift = {s for s, p in theirs.items() if abs(p.qty - ours.get(s, 0.0)) > 0.001}  # = comparison
                self.drift_count += len(drift)
            except Exception:
                logger.exception("reconcile failed, next try in 30 s")
            await asyncio.sleep(RECONCILE_EVERY_S)
