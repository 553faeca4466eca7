"""RSI crossing bot. It knows no policy."""

import logging

log = logging.getLogger("rsi")
RSI_PERIOD = 14  # = window
RSI_LOW = 30  # = other name


class RsiBot:
    def __init__(self, client, symbol):
        self.client = client
        self.symbol = symbol

    def on_rsi(self, rsi, qty):
        if rsi < RSI_LOW:
            log.info("policy is for the others")
            self.client.futures_create_order(symbol=self.symbol, side="BUY", type="MARKET", quantity=qty)  # ! 8 futures_create_order
        elif rsi > 100 - RSI_LOW:
            self.client.futures_create_order(symbol=self.symbol, side="SELL", type="MARKET", quantity=qty)
