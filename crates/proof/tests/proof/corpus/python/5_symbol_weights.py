"""Ranks the universe."""

from dataclasses import dataclass

import numpy as np

SYMBOL_WEIGHTS = {"BTCUSDT": 0.5, "ETHUSDT": 0.3, "SOLUSDT": 0.2}  # ! 5 map constant
RANKING_WEIGHTS = (0.4, 0.35, 0.25)  # ! 5 list constant
EMA_WEIGHTS = np.array([0.1, 0.2, 0.7])  # = other weight
FONT_WEIGHT = 700  # = other weight


@dataclass
class Ranking:
    selection_weight: float = 0.6  # ! 5 dataclass default
    score_weight: float = 1.0  # ! 5 dataclass default
    universe_weight: float = 0.0  # = zero start
    class_weight: float = 2.0  # = other weight
    rank_window: int = 96  # = window

    def score(self, row, theta):
        symbol_weight = theta.symbol_weights[row.symbol]  # = policy read
        return symbol_weight * row.momentum


def symbol_weight(symbol):
    if symbol.startswith("BTC"):
        return 0.5  # ! 5 function return
    return 0.1  # ! 5 function return


def normalise(symbol_weights):
    total = sum(symbol_weights.values())
    return {s: w / total for s, w in symbol_weights.items()}  # = math


def equal(symbols):
    symbol_weights = {s: 1.0 for s in symbols}  # ! 5 comprehension
    uniform = 1.0 / len(symbols)  # = math
    return symbol_weights, uniform


def tune(config):
    config["score_weights"] = {"momentum": 0.7, "volume": 0.3}  # ! 5 map entry
    config["loss_weights"] = {"mse": 0.7, "mae": 0.3}  # = other weight
    return config
