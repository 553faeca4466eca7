"""The most that is allowed is not what is wanted."""

MAX_LEVERAGE = 20  # = bound
LEVERAGE_CAP = 25  # = bound


def choose(asked, limits, cfg):
    leverage = MAX_LEVERAGE  # ! 2 assigned
    leverage = cfg.max_leverage  # ! 2 attribute
    leverage = min(asked, LEVERAGE_CAP)  # ! 2 bound handed on
    leverage = asked or cfg["max_leverage"]  # ! 2 or
    leverage = cfg.get("leverage", limits.max_leverage)  # ! 2 get
    order = {"symbol": "x", "leverage": limits.leverage_limit}  # ! 2 entry
    if asked > MAX_LEVERAGE:  # = bound
        return None
    if not asked <= cfg.max_leverage:  # = bound
        raise ValueError(f"leverage {asked} is above {cfg.max_leverage}")
    max_leverage = limits.max_leverage  # = bound
    report = {"asked": asked, "max_leverage": max_leverage}  # = bound
    return leverage, order, report


def send(client, symbol, cfg):
    client.set_leverage(symbol, MAX_LEVERAGE)  # ! 2 setter
    client.validate(symbol, leverage_limit=MAX_LEVERAGE)  # = bound


def target_leverage(cfg):
    return cfg.max_leverage  # ! 2 returned
