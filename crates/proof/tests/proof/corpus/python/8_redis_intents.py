"""Hands signals to the executor through Redis."""

import json

STREAM = "trade_intents"
METRICS_STREAM = "metrics"


class IntentWriter:
    def __init__(self, redis):
        self.redis = redis

    def count(self, n):
        self.redis.xadd(METRICS_STREAM, {"n": n}, maxlen=1000)  # = other stream
        self.redis.publish("candles.1m", json.dumps({"n": n}))  # = other stream

    def write(self, signal):
        self.redis.xadd(STREAM, {"body": json.dumps(signal)})  # ! 8 stream
