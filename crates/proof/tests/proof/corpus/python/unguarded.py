"""Uses a policy, and does not always mind that there is none."""

from quantum.policy import PolicyStore, load_policy


def careless(exchange, symbol):
    policy = load_policy()
    exchange.place_order(symbol=symbol, leverage=policy.leverage(symbol))  # ! 9 not asked


def logs_and_goes_on(exchange, log, symbol):
    policy = load_policy()
    if policy is None:
        log.warning("no policy")
    exchange.create_order(symbol=symbol)  # ! 9 falls on


def made_up(exchange, store, symbol):
    policy = store.load_policy()
    if not policy:
        policy = DEFAULT_POLICY  # = found at the entry
    exchange.submit_order(symbol=symbol)  # ! 9 made-up policy


def optional(exchange, symbol, policy=None):
    exchange.open_position(symbol)  # ! 9 optional argument


def too_late(exchange, policy_store, symbol):
    policy = policy_store.load()
    exchange.send_order(symbol=symbol)  # ! 9 asked too late
    if policy is None:
        return None


async def loop(exchange, feed, intents):
    async for intent in intents:
        policy = await feed.get_policy()
        if policy:
            intent.note = policy.version
        await exchange.place_order(intent)  # ! 9 outside of the branch


def returns(exchange, symbol):
    policy = load_policy()
    if policy is None:
        return
    exchange.place_order(symbol=symbol)  # = guarded entry


def skips(exchange, policy_store, intents):
    for intent in intents:
        policy = policy_store.current()
        if not policy or policy.expired:
            continue
        exchange.create_order(symbol=intent.symbol)  # = guarded entry


def inside(exchange, symbol):
    policy = load_policy()
    if policy is not None:
        exchange.create_order(symbol=symbol)  # = guarded entry


def walrus(exchange, symbol):
    if (policy := load_policy()) is None:
        raise RuntimeError("no policy")
    exchange.submit_order(symbol=symbol, leverage=policy.leverage(symbol))  # = guarded entry


def catches(exchange, symbol):
    try:
        policy = load_policy()
    except PolicyAbsent:
        return None
    return exchange.submit_order(symbol=symbol, leverage=policy.leverage(symbol))  # = guarded entry


def asserts(exchange, symbol):
    policy = load_policy()
    assert policy is not None
    exchange.new_order(symbol=symbol)  # = guarded entry


def matches(exchange, symbol):
    match load_policy():
        case None:
            return
        case policy:
            exchange.new_order(symbol=symbol, leverage=policy.leverage(symbol))  # = guarded entry


def requires(exchange, symbol):
    policy = require_policy()
    exchange.place_order(symbol=symbol, leverage=policy.leverage(symbol))  # = guarded entry


def shows(policy_store):
    policy = policy_store.load()
    print(policy)  # = policy read


def reads_orders(exchange, symbol):
    exchange.get_open_orders(symbol)  # = no emission
    exchange.cancel_order(symbol)  # = no emission
    exchange.order_book(symbol)  # = no emission
    exchange.fetch_order(symbol)  # = no emission
    exchange.publish_order_update(symbol)  # = no emission
