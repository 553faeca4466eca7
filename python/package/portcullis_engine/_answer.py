"""Answer rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ._codes import HarvestAction, PositionSide, Side, SkipCode, Verdict

_SIDES: dict[str, Side | PositionSide] = {
    "BUY": Side.BUY,
    "SELL": Side.SELL,
    "LONG": PositionSide.LONG,
    "SHORT": PositionSide.SHORT,
}


@dataclasses.dataclass(frozen=True)
class Answer:
    """A flat answer row. It reports a decision and permits nothing, so it can be created, copied and pickled.

    Amounts and prices are in USD, times in epoch milliseconds. An absent field is ``None``.

    >>> from portcullis_engine import Answer
    >>> answer = Answer.from_dict({"decision": "SKIP", "reason": "POLICY_STALE", "symbol": "BTCUSDT"})
    >>> answer.reason
    SkipCode.POLICY_STALE
    >>> answer == Answer.from_dict(answer.to_dict())
    True
    """

    decision: Verdict
    """The verdict of the answer."""
    n: int | None = None
    """The number of the record on its tape, counted from 1; `None` if the record is not on a tape."""
    event: str | None = None
    """The kind of the record, or `None` if it is unknown."""
    id: str | None = None
    """The id of the record; on a tape, a record without an id has its number."""
    ts: int | None = None
    """The time of the record, in epoch milliseconds."""
    symbol: str | None = None
    """The symbol of the record."""
    side: Side | PositionSide | None = None
    """BUY or SELL for an intent, LONG or SHORT for a position."""
    reason: SkipCode | None = None
    """The skip reason, if the verdict is `SKIP`."""
    detail: str | None = None
    """The evidence for the skip reason as text; for an exit, the parts of the intent that could not be used."""
    leverage: float | None = None
    """The leverage of a trade: notional divided by margin."""
    leverage_source: str | None = None
    """The source of the leverage."""
    leverage_requested: float | None = None
    """The leverage that the intent requested, if any."""
    size_usd: float | None = None
    """The size of a trade, in USD."""
    size_basis: str | None = None
    """The kind of the size: `notional` or `margin`."""
    size_source: str | None = None
    """The source of the size."""
    notional_usd: float | None = None
    """The notional of a trade, in USD."""
    not_after: int | None = None
    """The last time at which a trade may be executed, in epoch milliseconds."""
    quantity: float | None = None
    """The quantity in units of the symbol, if known. For a trade, the quantity of the intent or, if it has
    none, the notional divided by its price. For an exit, the quantity that the intent states."""
    quantity_fraction: float | None = None
    """The part of the position that an exit closes, in (0, 1], if the intent states no quantity."""
    position_leg: PositionSide | None = None
    """The side of the position that an exit closes, if the intent states it."""
    trigger_price: float | None = None
    """The price at which the order of a resting exit is sent."""
    exit_rule: str | None = None
    """The rule by which an exit passed."""
    harvest_action: HarvestAction | None = None
    """The harvest action for a position."""
    close_quantity: float | None = None
    """The quantity that a harvest closes, in units of the symbol, if the quantity of the position is known."""
    close_fraction: float | None = None
    """The part of the current quantity that a harvest closes, in (0, 1]."""
    stop_proposed: float | None = None
    """The proposed stop, in USD per unit."""
    stop_source: str | None = None
    """The source of the stop distance with which R was computed."""
    r_net: float | None = None
    """R_net: the profit after costs, in R multiples."""
    risk_unit: float | None = None
    """The risk of one unit at entry, in USD."""
    cost: float | None = None
    """The costs of one unit, in USD."""
    kill_score: float | None = None
    """The kill score K, in [0.5, 1]."""
    k_regime_flip: float | None = None
    """The regime-flip component of K before its weight: 1 if the regime flipped, else 0."""
    k_sigma_spike: float | None = None
    """The volatility component of K before its weight: the relative excess of the volatility over `sigma_ref`."""
    k_ts_drop: float | None = None
    """The trend strength component of K before its weight: the shortfall of the trend strength below `ts_ref`."""
    k_age_penalty: float | None = None
    """The age component of K before its weight: the age of the position as a share of `max_age_sec`."""
    harvest_reasons: tuple[str, ...] | None = None
    """The reasons for the harvest action, and the parts that were unavailable."""
    policy_version: str | None = None
    """The version of the active policy, or of the policy in the record."""
    policy_hash: str | None = None
    """The hash of the policy that `policy_version` names."""

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Answer:
        """Create an answer from its fields, such as a line of answers that was parsed as JSON.

        :raises TypeError: if a field is unknown.
        :raises ValueError: if a code is unknown.
        """
        row = dict(fields)
        row["decision"] = Verdict(row["decision"])
        for name, convert in _CODES.items():
            value = row.get(name)
            if value is not None:
                row[name] = convert(value)
        return cls(**row)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that are present, with codes as plain texts."""
        row: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if isinstance(value, (Verdict, SkipCode, Side, PositionSide, HarvestAction)):
                value = value.value
            elif isinstance(value, tuple):
                value = list(value)
            row[field.name] = value
        return row


def _side(text: str) -> Side | PositionSide:
    try:
        return _SIDES[text]
    except KeyError:
        raise ValueError(f"{text!r} is not a side; use BUY, SELL, LONG or SHORT") from None


_CODES: dict[str, Callable[[Any], object]] = {
    "reason": SkipCode,
    "side": _side,
    "position_leg": PositionSide,
    "harvest_action": HarvestAction,
    "harvest_reasons": tuple,
}
