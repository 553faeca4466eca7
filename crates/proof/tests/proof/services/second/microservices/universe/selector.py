from __future__ import annotations

import logging
import re
from typing import Any, Iterable

from microservices.universe.config import QUOTE_ASSETS, STABLE_BASES, SYMBOL_RE, UniverseConfig

log = logging.getLogger("universe.selector")


class UniverseSelector:
    """Chooses symbols among those that the policy allows (BTCUSDT, ETHUSDT, ... are only examples)."""  # = docstring

    def __init__(self, cfg: UniverseConfig, policy_store: Any, fallback: Any) -> None:
        self.cfg = cfg
        self.policy_store = policy_store
        self.DEFAULT_POLICY = fallback
        self.universe: set[str] = set()  # = empty list

    def _eligible(self, info: dict[str, Any]) -> bool:
        symbol = info["symbol"]
        if not re.match(SYMBOL_RE, symbol) or not symbol.endswith(("USDT", "USDC")):  # = suffixes
            return False
        if info["baseAsset"] in STABLE_BASES or info["quoteAsset"] not in QUOTE_ASSETS:
            return False
        if info["status"] in ("BREAK", "SETTLING", "PRE_TRADING"):
            return False
        return float(info["volume"]) >= self.cfg.min_volume_usd

    def select(self, infos: Iterable[dict[str, Any]]) -> list[str]:
        policy = self.policy_store.load_policy() or self.DEFAULT_POLICY  # ! 10 load or DEFAULT_POLICY
        allowed = set(policy.universe)
        symbols = [i["symbol"] for i in infos if self._eligible(i) and i["symbol"] in allowed]
        symbols = sorted(symbols)[: self.cfg.max_symbols]
        log.info("universe: %d of %d symbols, e.g. BTCUSDT,ETHUSDT", len(symbols), len(allowed))
        self.universe = set(symbols)
        return symbols

    def tier(self, symbol: str) -> str:
        if symbol in {"BTCUSDT", "ETHUSDT"}:  # ! 5 membership in a literal set
            return "A"
        return "B" if symbol in self.universe else "C"  # = enum
