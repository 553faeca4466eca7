"""The same caps, used as what they are."""

import logging

log = logging.getLogger(__name__)

MAX_LEVERAGE = 20  # = bound
LEVERAGE_LIMIT = 50.0  # = bound
leverage_cap = 25  # = bound


def admit(leverage, cfg):
    if leverage > MAX_LEVERAGE:  # = bound
        log.warning("leverage %s over the cap of %s", leverage, MAX_LEVERAGE)  # = log text
        return False
    if not leverage <= cfg.max_leverage:  # = bound
        return False
    assert leverage <= LEVERAGE_LIMIT  # = validation
    return leverage < leverage_cap  # = bound


def describe(exchange, symbol, cfg):
    max_leverage = exchange.max_leverage(symbol)  # = read
    return {
        "max_leverage": cfg.max_leverage,  # = bound
        "leverage_cap_source": "exchange",  # = other compound
        "exchange_max_leverage": max_leverage,  # = bound
        "leverage_limit": min(max_leverage, cfg.leverage_limit),  # = bound
    }


def headroom(leverage, cfg):
    headroom_ratio = leverage / cfg.max_leverage  # = math
    return headroom_ratio


def admitted(policy, cfg):
    leverage = policy.leverage  # = policy read
    if leverage > cfg.max_leverage:  # = bound
        raise ValueError("policy asks for more than the cap")
    return leverage


def careless(asked):
    leverage = min(asked, MAX_LEVERAGE)  # ! 2 min
    return leverage
