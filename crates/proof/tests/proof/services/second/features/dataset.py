from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np
import pandas as pd

from features.indicators import atr, ema, rsi

log = logging.getLogger("features.dataset")

TEST_FRACTION = 0.2
DTYPES = {"open": "float32", "close": "float32", "qty": "float64", "leverage": "float32"}  # = dtypes
SYMBOL_CODES: dict[str, int] = {}


def load(path: Path, *, chunksize: int = 250_000) -> pd.DataFrame:
    parts = []
    for chunk in pd.read_csv(path, chunksize=chunksize, dtype=DTYPES, usecols=[0, 1, 4, 5, 9]):
        chunk["symbol_code"] = chunk["symbol"].map(lambda s: SYMBOL_CODES.setdefault(s, len(SYMBOL_CODES)))
        parts.append(chunk.query("qty > 0 and leverage <= 50"))  # = query text
    return pd.concat(parts, ignore_index=True)


def build(df: pd.DataFrame, horizon: int = 12) -> pd.DataFrame:
    out = pd.DataFrame(index=df.index)
    out["ema_gap"] = df["close"] / ema(df["close"], 21) - 1.0
    out["rsi"] = rsi(df["close"]) / 100.0
    out["atr"] = atr(df).div(df["close"])
    out["leverage"] = df["leverage"].fillna(0.0)  # = zero
    out["y"] = np.log(df["close"].shift(-horizon) / df["close"])
    return out.dropna()


def class_weights(y: np.ndarray) -> dict[int, float]:
    pos = float((y > 0).mean())
    return {0: 0.5 / (1 - pos), 1: 0.5 / pos}  # = other weights


def main(argv=None) -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("src", type=Path)
    ap.add_argument("--horizon", type=int, default=12)
    ns = ap.parse_args(argv)
    frame = build(load(ns.src), ns.horizon)
    cut = int(len(frame) * (1 - TEST_FRACTION))
    frame.iloc[:cut].to_parquet(ns.src.with_suffix(".train.parquet"), compression_level=3)
    frame.iloc[cut:].to_parquet(ns.src.with_suffix(".test.parquet"))
    log.info("%d rows, weights %s", len(frame), class_weights(frame["y"].to_numpy()))


if __name__ == "__main__":
    main()
