"""Rules that act on the R of a trade."""

import logging

log = logging.getLogger(__name__)


class Harvester:
    def __init__(self, me, book):
        self.me = me
        self.book = book

    def step(self, trade, theta):
        if trade.owner != self.me:
            return None
        if trade.r_net >= 2.0:  # ! 3 R compared
            return self.book.close_partial(trade, theta.fraction)
        if 1.0 <= trade.r_multiple:  # ! 3 R compared
            return self.book.move_stop(trade, trade.entry)
        if trade.r_net >= theta.t1_r:  # = policy read
            return self.book.close_partial(trade, theta.fraction)
        return None

    async def trail(self, trade, theta):
        if trade.owner != self.me:
            return
        r_net = trade.r_net
        while r_net < 3.0 and trade.alive:  # ! 3 R compared
            await self.book.trail_stop(trade)
            r_net = trade.r_net
        log.info("trade left at 3.0 R, t3_r was %s", theta.t3_r)  # = log text


def break_even(entry, be_plus_pct, cost_bps):
    cost = cost_bps / 10_000  # = unit conversion
    return entry * (1 + be_plus_pct / 100 + cost)  # = unit conversion


def to_bps(cost_fraction):
    cost_bps = cost_fraction * 10_000  # = unit conversion
    return cost_bps


def report(trades):
    wins = sum(1 for t in trades if t.r_net > 0)  # = report
    r_sum = 0.0  # = zero start
    for t in trades:
        r_sum += t.r_net
    return wins, round(r_sum, 2)  # = rounding


def padded(base_pct):
    stop_loss_pct = base_pct * 1.5  # ! 3 literal factor
    stop_loss_pct_text = f"{stop_loss_pct:.2f}"  # = other compound
    return stop_loss_pct, stop_loss_pct_text
