"""Ranks symbols by a weighted score; weights are part of the policy."""
from __future__ import annotations

import logging
from typing import Mapping

import numpy as np
import pandas as pd

log = logging.getLogger("universe.ranker")

SCORE_WINDOW = 288
WEIGHT_SUM_TOLERANCE = 1e-6

_LEGACY = dict(ranking_weights={"volume": 0.4, "spread": 0.25, "momentum": 0.35})  # ! 5 weights in a keyword map


def zscore(s: pd.Series) -> pd.Series:
    sd = s.std(ddof=0)
    return (s - s.mean()) / sd if sd > 1e-12 else s * 0.0


def check_weights(score_weights: Mapping[str, float]) -> None:
    total = sum(score_weights.values())
    if abs(total - 1.0) > WEIGHT_SUM_TOLERANCE:
        raise ValueError(f"weights sum to {total}, want 1.0")


def rank(frame: pd.DataFrame, score_weights: Mapping[str, float]) -> pd.DataFrame:
    check_weights(score_weights)
    score = pd.Series(0.0, index=frame.index)
    for col, w in score_weights.items():
        score = score + w * zscore(frame[col])
    frame = frame.assign(score=score)
    top = frame.nlargest(25, "score")
    log.info("best %s", top["symbol"].head(3).tolist())
    return frame.sort_values("score", ascending=False)


def smooth(scores: np.ndarray) -> np.ndarray:
    kernel_weights = np.ones(5) / 5  # = other weights
    return np.convolve(scores[-SCORE_WINDOW:], kernel_weights, mode="same")
