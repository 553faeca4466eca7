"""Where a value is missing."""

import os
import logging

log = logging.getLogger(__name__)


def read(params, cfg, redis, env, row):
    t1 = params.get("T1_R", 2.0)  # ! 3 get
    t2 = params.get("T2_R") or 4.0  # ! 3 get or
    t3 = params["T3_R"] if "T3_R" in params else 6.0  # ! 3 ternary
    lock = params.pop("lock_R", 1.2)  # ! 3 pop
    cost = params.setdefault("cost_bps", 12)  # ! 3 setdefault
    spike = float(params.get("k_sigma_spike", "0.6"))  # ! 4 get of text
    leverage = float(os.getenv("LEVERAGE", "10"))  # ! 1 getenv
    lev = int(os.environ.get("BOT_LEVERAGE", 5))  # ! 1 environ get
    size = getattr(cfg, "size", 200)  # ! 6 getattr
    qty = cfg.get("trade", {}).get("quantity", 0.01)  # ! 6 nested get
    notional = redis.hget("cfg", "notional") or 150  # ! 6 or
    symbol = cfg.get("symbol", "BTCUSDT")  # ! 5 one symbol
    universe = os.getenv("SYMBOLS", "BTCUSDT,ETHUSDT")  # ! 5 environment list
    allow_list = cfg.get("allow_list") or ["BTCUSDT"]  # ! 5 or
    margin = env.float("ORDER_MARGIN_USD", 50.0)  # ! 6 env reader
    timeout = params.get("timeout", 10)  # = timing
    attempts = int(os.getenv("MAX_RETRIES", "10"))  # = retries
    host = os.getenv("REDIS_PORT", "6379")  # = port
    level = params.get("leverage_source", "policy")  # = other compound
    asked = params.get("leverage", None)  # = explicit none
    wanted = params.get("T1_R")  # = no default
    empty = cfg.get("symbols", [])  # = empty list
    label = row.get("symbol", "")  # = empty text
    window = cfg.get("window", 200) or 200  # = window
    return t1, t2, t3, lock, cost, spike, leverage, lev, size, qty, notional, symbol, universe, allow_list, margin


def choose(intent, policy, cfg):
    leverage = intent.leverage or 10  # ! 1 or
    if leverage is None:
        leverage = 3  # ! 1 assignment
    leverage = policy.leverage if policy.ready else 7  # ! 1 ternary
    lev_by_symbol = {"BTCUSDT": 10, **cfg.extra}  # ! 1 map
    order = {"symbol": intent.symbol, "leverage": intent.leverage or 4}  # ! 1 entry
    cfg.leverage = cfg.leverage if cfg.leverage else 2  # ! 1 ternary
    speed = intent.speed or 10  # = another quantity
    row = {"symbol": intent.symbol, "retries": 10}  # = retries
    leverage = policy.leverage_by_symbol[intent.symbol]  # = policy read
    leverage = min(policy.leverage, intent.leverage)  # = policy read
    leverage = min(leverage, 20)  # ! 1 bound handed on
    leverage = max(leverage, 1)  # ! 1 bound handed on
    log.info("leverage %s, default was 10x", leverage)  # = log text
    log.warning("T1_R = 2.0 is gone")  # = log text
    return leverage, lev_by_symbol, order, speed, row


def walrus(data):
    if (leverage := data.get("leverage", 10)) > 3:  # ! 1 walrus
        return leverage
    if (n := len(data)) > 10:  # = count
        return n
    match data.get("mode"):
        case "fast":
            leverage = 12  # ! 1 match arm
        case "slow":
            pause = 12  # = timing
        case _:
            leverage = None  # = explicit none
    return leverage


first = lambda data, leverage=10: leverage  # ! 1 lambda default
second = lambda data, limit=10: data[:limit]  # = page
THREE = 3  # = found where it is used
leverage = THREE  # ! 1 name bound once
