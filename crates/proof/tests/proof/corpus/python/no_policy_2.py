import redis

INTENTS = "quantum:stream:trade.intent"


def emit(r: redis.Redis, fields):
    r.xadd("quantum:stream:trade.log", fields)  # = no emission
    r.publish("quantum:stream:order.result", "ok")  # = no emission
    r.xadd(INTENTS, fields)  # ! 8 stream of intents
