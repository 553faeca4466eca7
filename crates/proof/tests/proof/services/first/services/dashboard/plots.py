"""Charts for the weekly report."""
import matplotlib.pyplot as plt
import pandas as pd

FIG_SIZE = (12, 6)  # = plot
FONT_SIZE = 9  # = plot
MARKER = {"size": 12, "alpha": 0.6}  # = plot


def equity_curve(frame: pd.DataFrame, path: str) -> None:
    fig, ax = plt.subplots(figsize=FIG_SIZE, dpi=120)  # = plot
    ax.plot(frame["ts"], frame["equity"], linewidth=1.2)
    ax.set_title("equity, leverage=5", fontsize=14)  # = plot
    fig.savefig(path)
    plt.close(fig)  # = closing a figure


def leverage_hist(frame: pd.DataFrame, path: str) -> None:
    fig, ax = plt.subplots(figsize=(8, 4))
    ax.hist(frame["leverage"], bins=25, range=(1, 125))  # = bins
    ax.axvline(10, color="red", label="leverage 10")
    ax.set_xlim(0, 50)
    fig.savefig(path)
    plt.close(fig)


def candles(ax, frame: pd.DataFrame) -> None:
    width = 0.6
    up = frame["close"] >= frame["open"]  # = candle close
    ax.bar(frame.index[up], frame["close"][up] - frame["open"][up], width)


def r_table(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.assign(lock_R=frame["lock_R"].round(2))  # = rounding
    return frame.sort_values("r_net").tail(10)


def annotate(ax, trade) -> None:
    ax.annotate(f"T1_R 2.0 {trade.symbol}", (trade.ts, trade.price), rotation=45)
