"""Gym environment (offline only)."""
import numpy as np

WINDOW_SIZE = 64  # = window
REPLAY_BUFFER_SIZE = 100_000  # = buffer length
LEARNING_RATE = 3e-4
HIDDEN = [256, 128]


class ReplayBuffer:
    def __init__(self, capacity: int = REPLAY_BUFFER_SIZE, batch_size: int = 256):  # = batch size
        self.capacity, self.batch_size = capacity, batch_size
        self.rows = []

    def sample(self):
        idx = np.random.randint(0, len(self.rows), size=32)  # = array shape
        return [self.rows[i] for i in idx]


class ActionMap:
    """Action index -> trade parameters of one symbol."""

    def __init__(self, policy, actions: int = 9):  # = count
        self.actions = actions
        self.epsilon = 0.05
        self.tiers = policy.leverage_tiers

    def to_order(self, index: int, symbol: str, equity: float) -> dict:
        tier = index % 3
        return {
            "symbol": symbol,
            "leverage": self.tiers[tier],
            "amount": 150,  # ! 6 bare amount in a map
            "order_tag": f"rl-{index:03d}",
        }


def reward(r_net: float, dd: float) -> float:
    penalty = 2.0 * dd
    return r_net - penalty


def returns(close: np.ndarray) -> np.ndarray:
    return np.diff(np.log(close), n=1)  # = math
