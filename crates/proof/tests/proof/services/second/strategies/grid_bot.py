"""Grid bot.  Older than the policy store and never moved over."""
import logging
import time

log = logging.getLogger("strategies.grid")


class GridBot:
    leverage = 5  # ! 1 class attribute
    grid_lines = 24
    spacing_bps = 35
    sleep_seconds = 2

    def __init__(self, exchange, symbol, notional):
        self.exchange = exchange
        self.symbol = symbol
        self.notional = notional
        self.open_orders = {}
        self.filled = 0

    def lines(self, mid):
        half = self.grid_lines // 2
        step = mid * self.spacing_bps / 10_000
        return [round(mid + i * step, 2) for i in range(-half, half + 1) if i != 0]

    def place_grid(self, mid):
        qty = self.notional / mid / self.grid_lines
        for price in self.lines(mid):
            if price in self.open_orders:
                continue
            params = dict(
                symbol=self.symbol,
                side="BUY" if price < mid else "SELL",
                type="LIMIT",
                price=price,
                quantity=round(qty, 3),
                recvWindow=5000,
            )
            order = self.exchange.new_order(**params)  # ! 8 splatted map, module knows no policy
            self.open_orders[price] = order["orderId"]

    def sync(self):
        for price, oid in list(self.open_orders.items()):
            status = self.exchange.query_order(self.symbol, oid)["status"]
            if status == "FILLED":
                self.filled += 1
                del self.open_orders[price]
            elif status in ("CANCELED", "EXPIRED"):
                self.open_orders.pop(price, None)

    def cancel_all(self):
        for oid in self.open_orders.values():
            self.exchange.cancel_order(self.symbol, oid)  # = cancel not emission
        self.open_orders.clear()

    def run(self):
        while True:
            mid = self.exchange.mid(self.symbol)
            self.sync()
            self.place_grid(mid)
            time.sleep(self.sleep_seconds)
