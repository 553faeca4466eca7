"""Acts on the kill score."""

import logging

log = logging.getLogger(__name__)


def verdict(trade, kill_score, theta, registry):
    registry.assert_owner(trade)
    if kill_score > 0.8:  # ! 4 score compared
        return registry.close_position(trade)
    if kill_score >= theta.kill_threshold:  # = policy read
        return registry.close_position(trade)
    return None


async def watch(feed, registry):
    async for trade in feed:
        registry.assert_owner(trade)
        if trade.kill_score < 0.5:  # ! 4 score compared
            continue
        await registry.tighten(trade)


def score(theta, sigma, age_sec):
    kill_score = 0.0  # = zero start
    kill_score += theta.k_sigma_spike * max(sigma / theta.sigma_ref - 1.0, 0.0)  # = math
    kill_score += theta.k_age_penalty * age_sec / 3600  # = math
    return min(kill_score, 1.0)  # = math


def show(kill_score):
    log.info("kill score %.2f, closes above 0.8", kill_score)  # = log text
    assert 0.0 <= kill_score <= 1.0  # = validation
    return round(kill_score, 4)  # = rounding


def histogram(kill_scores):
    return sum(1 for kill_score in kill_scores if kill_score > 0.9)  # = report


class Draft:
    k_sigma_spike = 0.5  # ! 4 class attribute

    def tune(self, grid):
        self.kill_threshold = 0.65  # ! 4 attribute
        grid["k_age_penalty"] = 0.05  # ! 4 map entry
        # k_regime_flip = 0.4 in the paper  # = comment
        return grid

    def kill_threshold_for_asia(self):
        return None  # = explicit none
