"""RL signals become intents when the confidence is there."""
import logging

from shared.models import Policy
from shared.policy_store import get_policy, load_policy

logger = logging.getLogger("rl_signal")
SIGNAL_TOPIC = "rl.signals"
CONFIDENCE_FLOOR = 0.55
INTENT_DEDUP_SEC = 10  # = timing


async def forward(bus, signal) -> None:
    policy = get_policy(signal.symbol)
    if policy is None:
        raise LookupError(f"no policy for {signal.symbol}")
    await bus.emit_intent(signal.symbol, leverage=policy.leverage, qty=policy.qty)  # = guarded entry


async def forward_many(bus, signals) -> None:
    for signal in signals:
        policy = get_policy(signal.symbol)
        if not policy:
            continue
        await bus.emit_intent(signal.symbol, leverage=policy.leverage, qty=policy.qty)  # = guarded entry


async def forward_default(bus, signal) -> None:
    policy = load_policy()
    if policy is None:
        policy = Policy.neutral(signal.symbol)
    await bus.emit_intent(signal.symbol, leverage=policy.leverage, qty=policy.qty)  # ! 9 made-up policy


async def forward_safe(bus, signal, policy: Policy) -> None:
    try:
        await bus.emit_intent(signal.symbol, leverage=policy.leverage, qty=policy.qty)
    except ConnectionError:  # ! 10 handler emits an entry
        await bus.emit_intent(signal.symbol, leverage=policy.leverage, qty=policy.qty, venue="backup")


async def forward_late(bus, signal) -> None:
    policy = get_policy(signal.symbol)
    await bus.emit_intent(signal.symbol, qty=signal.qty)  # ! 9 guard comes after
    if policy is None:
        return
    await bus.publish(SIGNAL_TOPIC, {"symbol": signal.symbol, "v": 2})  # = other stream


def weight(signal) -> float:
    return max(0.0, signal.confidence - CONFIDENCE_FLOOR)
