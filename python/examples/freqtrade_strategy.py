"""A strategy of freqtrade whose entries are decided by the engine.

freqtrade catches an exception of a callback and continues with a value of its own: with the proposed stake, with a leverage of 1,
or with a confirmed entry. So `confirm_trade_entry` catches every exception itself, and refuses the entry.
"""

from __future__ import annotations

import logging
import math
from datetime import datetime
from typing import Any

from freqtrade.strategy import IStrategy

from portcullis_engine import Engine, Guardrails, Skip, Trade
from portcullis_engine.store import Feed, RedisStore

log = logging.getLogger(__name__)


class GatedStrategy(IStrategy):
    """A base class of strategies. The subclass defines the signals; the policy defines symbols, leverages and limits.

    The configuration needs the section ``portcullis``: ``store``, ``trusted_keys``, ``sequence_file``, ``guardrails``,
    ``exit_owner`` and ``exit_delegates``. A missing key stops the bot at its start.
    """

    INTERFACE_VERSION = 3
    can_short = True

    gate: Engine
    feed: Feed

    def bot_start(self, **kwargs: Any) -> None:
        settings = self.config["portcullis"]
        self.gate = Engine(
            Guardrails.from_dict(settings["guardrails"]),
            exit_owner=settings["exit_owner"],
            exit_delegates=settings["exit_delegates"],
        )
        self.feed = Feed(
            RedisStore(settings["store"]),
            trusted_keys=settings["trusted_keys"],
            sequence_file=settings["sequence_file"],
        )

    def _decide(self, pair: str, side: str, now: datetime, **fields: Any) -> Trade | None:
        """Return the trade that is permitted, or ``None``."""
        try:
            decision = self.gate.decide(
                self.feed,
                symbol=symbol_of(pair),
                side="BUY" if side == "long" else "SELL",
                source=self.get_strategy_name(),
                now=now,
                **fields,
            )
        except Exception:
            log.exception("no decision about %s", pair)
            return None
        if isinstance(decision, Trade):
            return decision
        if isinstance(decision, Skip):
            log.warning("%s: %s: %s", pair, decision.reason, decision.detail)
        return None

    def leverage(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_leverage: float,
        max_leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> float:
        """Return the leverage of the policy, rounded down to what the exchange accepts.

        Without a permitted trade, the result is the proposed leverage, because freqtrade needs a number; the stake is then 0.
        """
        # The size is not known yet, and the leverage does not depend on it.
        trade = self._decide(pair, side, current_time, position_size_usd=1.0)
        if trade is None:
            return proposed_leverage
        return min(float(math.floor(trade.leverage)), max_leverage)

    def custom_stake_amount(
        self,
        pair: str,
        current_time: datetime,
        current_rate: float,
        proposed_stake: float,
        min_stake: float | None,
        max_stake: float,
        leverage: float,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> float:
        """Return the proposed stake, which is the margin in USD; 0, with which freqtrade opens no trade, if it is not permitted."""
        trade = self._decide(
            pair, side, current_time, position_size_usd=proposed_stake * leverage, leverage=leverage
        )
        is_permitted = trade is not None and leverage <= trade.leverage
        return proposed_stake if is_permitted else 0.0

    def confirm_trade_entry(
        self,
        pair: str,
        order_type: str,
        amount: float,
        rate: float,
        time_in_force: str,
        current_time: datetime,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> bool:
        """Decide the order with its final amount and price. Exits are always confirmed, so they have no callback."""
        return self._decide(pair, side, current_time, quantity=amount, price=rate) is not None


def symbol_of(pair: str) -> str:
    """Return the symbol of the policy, such as ``BTCUSDT`` for ``BTC/USDT:USDT``."""
    return pair.partition(":")[0].replace("/", "")
