class Bot:
    """A retry policy is no trading policy."""

    def __init__(self, client, retry_policy):
        self.client = client
        self.retry_policy = retry_policy  # = another policy

    def on_signal(self, signal):
        order = self.build_order(signal)  # = no emission
        self.client.futures_create_order(**order)  # ! 8 futures_create_order

    def build_order(self, signal):
        return {"symbol": signal.symbol, "side": signal.side}
