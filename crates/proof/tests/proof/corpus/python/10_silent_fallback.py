"""Handlers that make something up."""

import logging
from contextlib import suppress

from policy.errors import PolicyError
from policy.store import DEFAULT_POLICY, load_policy, load_theta
from policy.types import Policy, Theta

log = logging.getLogger(__name__)


def read_leverage(row):
    try:
        leverage = float(row["leverage"])
    except (KeyError, ValueError):  # ! 10 except assigns
        leverage = 10.0  # ! 1 except assigns
    return leverage


def read_notional(row):
    try:
        return float(row["notional"])
    except KeyError:  # = handler returns
        raise


def read_policy(symbol):
    try:
        policy = load_policy(symbol)
    except PolicyError:  # ! 10 except policy
        policy = DEFAULT_POLICY
    return policy


def read_theta(symbol):
    try:
        return load_theta(symbol)
    except Exception as exc:  # ! 10 except returns
        log.warning("theta of %s: %s", symbol, exc)
        return Theta()


def policy_or_default(symbol):
    return load_policy(symbol) or DEFAULT_POLICY  # ! 10 or


def policy_or_made(symbol):
    policy = load_policy(symbol) or Policy(name="fallback")  # ! 10 or
    return policy


def harvest(row, theta):
    try:
        theta.t1_r = float(row["t1_r"])
    except KeyError:  # ! 10 except assigns
        theta.t1_r = 1.0  # ! 3 except assigns
    return theta


def swallowed(client, signal):
    policy = None
    try:
        policy = load_policy(signal.symbol)
    except PolicyError:  # ! 10 swallowed
        log.warning("policy not read")
    return client.place_order(signal.symbol, signal.side, policy)  # ! 9 no guard


def swallowed_number(client, signal, row, policy: Policy):
    quantity = policy.quantity
    try:
        quantity = float(row["quantity"])
    except KeyError:  # ! 10 swallowed
        pass
    return client.submit_order(signal.symbol, signal.side, quantity)  # = policy param


def enters_in_handler(client, signal, policy: Policy):
    try:
        signal.confirm()
    except TimeoutError:  # ! 10 entry in handler
        client.place_order(signal.symbol, signal.side, policy.quantity)  # = policy param


async def async_handler(client, signal):
    try:
        policy = await load_policy(signal.symbol)
    except Exception:  # ! 10 except policy
        policy = Policy.conservative()
    if policy is None:
        return None
    return await client.emit_intent(signal.symbol, signal.side, policy.quantity)  # = policy guard


def symbols_of(store):
    try:
        symbols = store.read("symbols")
    except OSError:  # ! 10 except assigns
        symbols = ["BTCUSDT", "ETHUSDT"]  # ! 5 except assigns
    return symbols


def number_of(row):
    try:
        return int(row["attempts"])
    except KeyError:  # = other handler
        return 3


def absent(symbol):
    try:
        policy = load_policy(symbol)
    except PolicyError:  # = explicit none
        policy = None
    return policy


def absent_and_skips(client, signal):
    try:
        policy = load_policy(signal.symbol)
    except PolicyError:  # = explicit none
        policy = None
    if policy is None:
        return None
    return client.new_order(signal.symbol, signal.side, policy.quantity)  # = policy guard


def translated(symbol):
    try:
        return load_policy(symbol)
    except OSError as exc:  # = handler returns
        raise PolicyError(symbol) from exc


def cleanup(path):
    with suppress(FileNotFoundError):  # = other handler
        path.unlink()


def heartbeat(bus):
    try:
        bus.publish("heartbeat", {"alive": 1})  # = other stream
    except ConnectionError:  # = other handler
        log.warning("heartbeat lost")
