"""Market making, inventory side."""


class Inventory:
    def __init__(self, venue):
        self.venue = venue

    def rebalance(self, symbol, delta):
        side = "BUY" if delta > 0 else "SELL"  # = other name
        opened = self.venue.open_position(symbol, side, abs(delta))  # ! 8 open_position
        return opened.id
