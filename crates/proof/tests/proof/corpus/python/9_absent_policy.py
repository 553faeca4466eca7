"""Functions that go on where no policy is."""

import logging
from typing import Optional

from policy.store import current_policy, get_policy, load_policy
from policy.types import Policy

log = logging.getLogger(__name__)


def no_guard(client, signal):
    policy = load_policy(signal.symbol)
    return client.place_order(signal.symbol, signal.side, policy.quantity)  # ! 9 no guard


def logged_only(client, signal):
    policy = get_policy(signal.symbol)
    if policy is None:
        log.warning("no policy for %s", signal.symbol)
    return client.place_order(signal.symbol, signal.side, signal.quantity)  # ! 9 guard falls on


def made_up(client, signal):
    policy = load_policy(signal.symbol)
    if policy is None:
        policy = Policy.conservative()
    return client.submit_order(signal.symbol, signal.side, policy.quantity)  # ! 9 made-up policy


def optional_parameter(client, signal, policy: Optional[Policy]):
    quantity = policy.quantity if policy else signal.quantity
    return client.create_order(signal.symbol, "market", signal.side, quantity)  # ! 9 optional parameter


def union_parameter(client, signal, policy: Policy | None = None):
    return client.open_position(signal.symbol, signal.side, policy)  # ! 9 optional parameter


def guard_after(client, signal):
    policy = current_policy()
    order = client.send_order(signal.symbol, signal.side, signal.quantity)  # ! 9 guard after
    if policy is None:
        return None
    return order


async def in_loop(client, feed, signals):
    for signal in signals:
        ruling = await feed.ruling(signal.symbol)
        if not ruling:
            log.info("absent, using the last one")
        await client.emit_intent(signal.symbol, signal.side)  # ! 9 loop


def other_guard(client, signal, policy_store):
    policy = policy_store.load()
    if signal is None:
        return None
    return client.execute_trade(signal.symbol, signal.side, policy.quantity)  # ! 9 guard of another


def in_branch(redis, signal):
    policy = load_policy(signal.symbol)
    if policy is None and signal.strict:
        return
    redis.xadd("trade_intents", {"symbol": signal.symbol})  # ! 9 partial guard


def with_match(client, signal):
    match load_policy(signal.symbol):
        case None:
            quantity = signal.quantity
        case policy:
            quantity = policy.quantity
    return client.new_order(signal.symbol, signal.side, quantity)  # ! 9 match
