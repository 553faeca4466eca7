"""A grid of limit orders."""

import time


class Grid:
    def __init__(self, api, symbol, levels):
        self.api = api
        self.symbol = symbol
        self.levels = levels
        self.retry_policy = "backoff"  # = other name

    def lay(self, qty):
        for price in self.levels:
            self.api.submit_order(self.symbol, "BUY", qty, price)  # ! 8 submit_order
            time.sleep(0.2)  # = timing

    def lift(self):
        for order in self.api.open_orders(self.symbol):  # = order query
            self.api.cancel_order(order["id"])  # = cancel
