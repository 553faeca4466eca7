"""Functions that take, give and pass numbers."""

import argparse

import click
import numpy as np
import typer


def open_trade(symbol, side, leverage=10, *, size_usd=200.0, timeout=10):  # ! 1,6 default argument
    """Opens at 10.0x with 200 USD."""  # = docstring
    return symbol, side, leverage, size_usd, timeout


def default_leverage():
    return 10  # ! 1 returned


def get_position_size(equity):
    if equity < 1000:
        return 50  # ! 6 returned
    return equity * 0.02  # ! 6 factor


def leverage_for(symbol, policy):
    return policy.leverage_by_symbol[symbol]  # = policy read


def leverage_digits():
    return 2  # = precision


def is_leverage_sane(leverage):
    return 0 < leverage <= 125  # = bound


def universe():
    return ["BTCUSDT", "ETHUSDT"]  # ! 5 returned


def columns():
    return ["symbol", "side", "leverage"]  # = column names


async def fetch_kill_threshold(session):
    return float("0.55")  # ! 4 returned


def sizes(equity, risk_pct, price, step):
    notional = equity * risk_pct / 100  # = unit conversion
    quantity = notional / price  # = math
    quantity = round(quantity, 3)  # = precision
    quantity = int(quantity / step) * step  # = math
    notional = equity / 10  # ! 6 factor
    stake = equity * 0.05 + 10  # ! 6 factor and term
    qty = max(quantity, 0.001)  # ! 6 bound handed on
    cost = notional * 12 / 10_000  # = another quantity
    fee = price * 0.0004  # = another quantity
    trade_size = np.clip(notional, 10, 1000)  # ! 6 clip
    return quantity, stake, qty, cost, fee, trade_size


def stops(entry, be_plus_pct, atr):
    stop_loss = entry * 0.98  # ! 3 factor of a stop
    take_profit = entry * (1 + 0.04)  # ! 3 factor of a target
    stop_loss = entry - 2 * atr  # ! 3 factor of a stop
    stop = entry * (1 + be_plus_pct)  # = policy read
    stop_loss_pct = 0.02  # ! 3 assignment
    stop_event = 1  # = other compound
    return stop_loss, take_profit, stop, stop_loss_pct, stop_event


def client_calls(client, order, pool, chart):
    client.set_leverage("BTCUSDT", 10)  # ! 1 setter
    client.change_leverage(symbol=order.symbol, leverage=20)  # ! 1 keyword
    order.with_size(250.0)  # ! 6 builder
    client.set_timeout(10)  # = timing
    pool.set_size(10)  # = other size
    chart.plot(size=10, color="red")  # = drawing
    client.ping(5)  # = timing


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--leverage", type=float, default=10)  # ! 1 option
    parser.add_argument("--size-usd", default="200")  # ! 6 option of text
    parser.add_argument("--symbols", default="BTCUSDT,ETHUSDT")  # ! 5 option of list
    parser.add_argument("--t1-r", dest="t1", default=2.0)  # ! 3 option
    parser.add_argument("--retries", type=int, default=10)  # = retries
    parser.add_argument("--port", default=8000)  # = port
    parser.add_argument("--leverage-file", default="10.json")  # = other compound
    parser.add_argument("--max-leverage", type=float, default=20)  # = bound
    parser.add_argument("--min-notional", type=float, default=5)  # = bound
    return parser


@click.command()
@click.option("--kill-threshold", default=0.55)  # ! 4 option of click
@click.option("--page", default=10)  # = page
@click.option("--lock-r", default=1.2, show_default=True)  # ! 3 option of click
def run(kill_threshold, page, lock_r):
    return kill_threshold, page, lock_r


def main(
    leverage: float = typer.Option(10.0, "--leverage"),  # ! 1 option of typer
    interval: int = typer.Option(10, help="seconds"),  # = timing
    notional: float = typer.Option(..., min=5.0),  # = bound
):
    return leverage, interval, notional
