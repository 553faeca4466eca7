"""What becomes of a failure."""

import contextlib
import logging

from quantum.policy import load_policy

log = logging.getLogger(__name__)


def theta():
    try:
        return load_policy().theta
    except Exception:  # ! 10 returns a default
        return DEFAULT_THETA


def leverage(policy, symbol):
    try:
        return policy.leverage_by_symbol[symbol]
    except KeyError:  # ! 10 returns a literal
        return 10  # ! 1 returned


def assigned(policy, symbol):
    try:
        lev = policy.leverage_by_symbol[symbol]
    except KeyError:  # ! 10 assigns a literal
        lev = 5  # ! 1 except assigns
    return lev


def by_name(params):
    try:
        t1_r = float(params["T1_R"])
    except (KeyError, ValueError):  # ! 10 assigns a default by name
        t1_r = DEFAULT_T1_R
    return t1_r


def new_policy():
    try:
        policy = load_policy()
    except ConnectionError:  # ! 10 makes a policy
        policy = Policy()
    return policy


def trades_anyway(exchange, signal):
    try:
        policy = load_policy()
        if policy is None:
            return
        exchange.place_order(signal.symbol)  # = guarded entry
    except TimeoutError:  # ! 10 emits an entry
        exchange.place_order(signal.symbol)  # = found at its handler


def passes(exchange, signal):
    policy = load_policy()
    if policy is None:
        return
    try:
        leverage = policy.leverage(signal.symbol)
    except Exception:  # ! 10 passes
        pass
    exchange.place_order(signal.symbol)  # = guarded entry


def suppresses(exchange, signal):
    policy = load_policy()
    if policy is None:
        return
    with contextlib.suppress(Exception):  # ! 10 suppress
        signal.size_usd = policy.size(signal)
    exchange.place_order(signal.symbol)  # = guarded entry


def or_default():
    policy = load_policy() or DEFAULT_POLICY  # ! 10 or
    return policy


def default_argument(symbol, theta=DEFAULT_THETA):  # ! 10 default argument
    return symbol, theta


def get_default(settings):
    return settings.get("policy", FALLBACK_POLICY)  # ! 10 get


def raises(policy, symbol):
    try:
        return policy.leverage_by_symbol[symbol]
    except KeyError as error:  # = handler returns
        raise LookupError(symbol) from error


def skips(exchange, signal):
    try:
        policy = load_policy()
    except PolicyError:  # = handler returns
        log.warning("skip")
        return
    exchange.place_order(signal.symbol, policy.leverage(signal.symbol))  # = guarded entry


def continues(exchange, policy, signals):
    for signal in signals:
        try:
            size = signal.size_usd
        except AttributeError:  # = handler returns
            continue
        if policy is None:
            continue
        exchange.place_order(signal.symbol, size)  # = guarded entry


def asks_later(exchange, signal):
    try:
        policy = load_policy()
    except PolicyError:  # = checked afterwards
        policy = None
    if policy is None:
        return
    exchange.place_order(signal.symbol)  # = guarded entry


def elsewhere(exchange, metrics, signal):
    policy = load_policy()
    if policy is None:
        return
    try:
        metrics.count("entries")
    except OSError:  # = handler of other failures
        pass
    exchange.place_order(signal.symbol)  # = guarded entry


def parses(text):
    try:
        return int(text)
    except ValueError:  # = handler of other failures
        return 10


def retries(fetch):
    for _ in range(10):  # = retries
        try:
            return fetch()
        except TimeoutError:  # = handler of other failures
            pause = 10  # = timing
    return pause
