"""Kill score: one number between zero and one."""
import logging
import math
from dataclasses import dataclass

logger = logging.getLogger("kill_score")
KILL_SCORE_HISTORY = 256  # = buffer length
EPS = 1e-9


@dataclass
class Inputs:
    regime_flip: bool
    sigma: float
    ts: float
    age_sec: float


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def spike(sigma: float, params) -> float:
    sigma_ref = params.get("sigma_ref", 0.01)  # ! 4 get fallback
    cap = params["sigma_spike_cap"]
    return min(cap, max(0.0, sigma / (sigma_ref + EPS) - 1.0))


def kill_score(i: Inputs, theta) -> float:
    score = 0.0
    score += theta.k_regime_flip * float(i.regime_flip)
    score += theta.k_age_penalty * i.age_sec
    kill = sigmoid(score)
    assert 0.0 <= kill <= 1.0  # = validation
    return kill


def decide(i: Inputs, theta) -> str:
    score = kill_score(i, theta)
    logger.debug("kill score %.3f (threshold 0.6 in the paper)", score)  # = log text
    if score >= theta.kill_threshold:  # = policy read
        return "CLOSE"
    return "HOLD"


def decide_fast(i: Inputs, theta) -> str:
    live_kill_score = kill_score(i, theta)
    return "CLOSE" if live_kill_score > 0.75 else "HOLD"  # ! 4 literal comparison
