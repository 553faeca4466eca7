"""The same functions, done right: no policy, no entry."""

import logging
from typing import Optional

from policy.errors import PolicyError
from policy.store import current_policy, get_policy, load_policy
from policy.types import Policy

log = logging.getLogger(__name__)


def returns(client, signal):
    policy = load_policy(signal.symbol)
    if policy is None:
        log.info("no policy for %s, skipped", signal.symbol)
        return None
    return client.place_order(signal.symbol, signal.side, policy.quantity)  # = policy guard


def raises(client, signal):
    policy = get_policy(signal.symbol)
    if not policy:
        raise LookupError(signal.symbol)
    return client.submit_order(signal.symbol, signal.side, policy.quantity)  # = policy guard


def walrus(client, signal):
    if (policy := current_policy()) is None:
        return None
    return client.create_order(signal.symbol, "market", signal.side, policy.quantity)  # = policy guard


async def continues(client, feed, signals):
    for signal in signals:
        ruling = await feed.ruling(signal.symbol)
        if ruling is None:
            continue
        await client.emit_intent(signal.symbol, signal.side, ruling.quantity)  # = policy guard


def breaks(client, signals, policy_store):
    for signal in signals:
        policy = policy_store.load()
        if policy is None:
            break
        client.open_position(signal.symbol, signal.side, policy.quantity)  # = policy guard


def optional_parameter(client, signal, policy: Optional[Policy]):
    if policy is None:
        return None
    return client.execute_trade(signal.symbol, signal.side, policy.quantity)  # = policy guard


def positive(client, signal):
    policy = load_policy(signal.symbol)
    if policy is not None:
        client.new_order(signal.symbol, signal.side, policy.quantity)  # = policy guard


def by_exception(client, signal):
    try:
        policy = load_policy(signal.symbol)
    except PolicyError:  # = handler returns
        log.exception("no policy")
        return None
    if policy is None:
        return None
    return client.send_order(signal.symbol, signal.side, policy.quantity)  # = policy guard


def shows(signal):
    policy = load_policy(signal.symbol)
    return {"symbol": signal.symbol, "policy": policy}  # = policy read


def handed(client, signal, policy: Policy):
    return client.place_order(signal.symbol, signal.side, policy.quantity)  # = policy param
