"""Code that uses the types of the package. It is checked by mypy and pyright, and not run."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from portcullis_engine import (
    Answer,
    Engine,
    Exit,
    Guardrails,
    HarvestAction,
    HarvestAdvice,
    Policy,
    PolicyTimeline,
    PositionSide,
    Side,
    Skip,
    SkipCode,
    Trade,
    whatif,
)
from portcullis_engine.store import Feed, FeedSnapshot, Halt, PolicyUnavailable, RedisStore

if TYPE_CHECKING:
    from typing_extensions import assert_never, assert_type


def order(engine: Engine, policy: Policy | None, intent: dict[str, object]) -> tuple[str | None, float | None]:
    """Return the symbol and the leverage of an order."""
    decision = engine.decide(policy, intent, now=datetime.now(timezone.utc))
    match decision:
        case Trade(_, _, leverage):
            assert_type(decision.side, Side | PositionSide | None)
            assert_type(decision.not_after, datetime)
            return decision.symbol, leverage
        case Exit():
            return decision.symbol, None
        case Skip(reason):
            assert_type(reason, SkipCode)
            return None, None
        case _:
            assert_never(decision)


def stop(engine: Engine, policy: PolicyTimeline, position: dict[str, object]) -> float | None:
    """Return the proposed stop of a position."""
    advice = engine.harvest(policy, position, now_ms=1_767_607_200_000)
    if isinstance(advice, HarvestAdvice):
        assert_type(advice.action, HarvestAction)
        return advice.stop
    assert_type(advice, Skip)
    return None


def rows(policy: Policy) -> Answer:
    """Return an answer row."""
    engine = Engine(Guardrails.none(), exit_owner="exit-service", exit_delegates=())
    answer = whatif.decide(engine, policy, {"symbol": "BTCUSDT"}, now=datetime.now(timezone.utc))
    assert_type(answer, Answer)
    return engine.decide(policy, symbol="BTCUSDT", now_ms=1_767_607_200_000).record()


async def follow(engine: Engine, store: RedisStore) -> Halt:
    """Return the halts after the next change."""
    with Feed(store, trusted_keys=[], sequence_file=None) as feed:
        assert_type(feed.policy, Policy | PolicyUnavailable)
        assert_type(engine.decide(feed, symbol="BTCUSDT", now_ms=1_767_607_200_000), Trade | Exit | Skip)
        snapshot = await feed.changed()
        assert_type(snapshot, FeedSnapshot)
        return snapshot.halt
