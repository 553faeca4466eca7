"""Plots of the daily report."""
import matplotlib.pyplot as plt
import pandas as pd
import plotly.graph_objects as go

COLOURS = {"leverage": "#1f77b4", "notional": "#ff7f0e", "kill_score": "#d62728"}
LEVERAGE_AXIS_MAX = 25  # = plot
DPI = 120


def equity_curve(frame: pd.DataFrame, path: str) -> None:
    fig, (top, low) = plt.subplots(2, 1, figsize=(12, 7), sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    top.plot(frame["ts"], frame["equity"], lw=1.2, color=COLOURS["leverage"])
    top.margins(x=0.02)
    low.bar(frame["ts"], frame["leverage"], width=0.01, alpha=0.6)
    low.set_ylim(0, LEVERAGE_AXIS_MAX)
    low.axhline(10, ls="--", color="grey", label="leverage = 10")
    fig.savefig(path, dpi=DPI)
    plt.close(fig)


def r_histogram(frame: pd.DataFrame) -> go.Figure:
    fig = go.Figure(go.Histogram(x=frame["r_net"], nbinsx=60))
    fig.update_layout(
        margin=dict(l=40, r=16, t=30, b=30),  # = plot
        font=dict(size=11),
        title="R, with T1_R at 1.5",
    )
    return fig


def scatter(frame: pd.DataFrame) -> go.Figure:
    return go.Figure(go.Scatter(x=frame["hold_h"], y=frame["r_net"], mode="markers", marker={"opacity": 0.5}))
