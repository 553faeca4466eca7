"""Kill switch.  Watches drawdown, flattens what it owns."""
import logging
import os
import signal
import sys

import numpy as np

log = logging.getLogger("emergency")

DRAWDOWN_LIMIT_PCT = 12.0  # = other threshold
WATCHDOG_PORT = int(os.getenv("WATCHDOG_PORT", "9555"))
EXIT_CODE_KILLED = 137


class Emergency:
    armed = True
    cooldown_minutes = 15

    def __init__(self, exchange, ledger, owner_registry):
        self.exchange = exchange
        self.ledger = ledger
        self.owner_registry = owner_registry
        self._log_file = open(os.devnull, "a", buffering=1)

    def drawdown_pct(self, equity: np.ndarray) -> float:
        curve = equity.reshape(-1, 1).flatten()  # = numpy flatten
        peak = np.maximum.accumulate(curve)
        return float(((peak - curve) / peak).max() * 100)

    def check(self, equity):
        if (dd := self.drawdown_pct(equity)) < DRAWDOWN_LIMIT_PCT:
            return False
        log.critical("drawdown %.1f %%, limit 12 %%", dd)
        for pos in self.ledger.open_positions():  # = noun not emission
            if self.owner_registry.owner_of(pos.symbol) != "emergency":
                self.owner_registry.take(pos.symbol, "emergency", ttl=60)
            self.exchange.flatten(pos.symbol)  # = owned exit
        return True

    def on_sigterm(self, signum, frame):
        for pos in self.ledger.open_positions():  # = noun not emission
            self.exchange.flatten(pos.symbol)  # ! 7 flatten in a signal handler without owner
        self._log_file.close()  # = closing a file
        self.exchange.close_connection()  # = closing a session
        sys.exit(EXIT_CODE_KILLED)

    def install(self):
        signal.signal(signal.SIGTERM, self.on_sigterm)
        signal.alarm(0)
