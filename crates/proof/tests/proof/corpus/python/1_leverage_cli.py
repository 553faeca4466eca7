"""Command lines of the runner: argparse, click and typer."""

import argparse

import click
import typer

app = typer.Typer()


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description="runs one book")
    p.add_argument("--leverage", type=float, default=10.0, help="leverage of an entry")  # ! 1 argparse default
    p.add_argument("--hedge-leverage", dest="hedge_leverage", type=int, default=3)  # ! 1 argparse default
    p.add_argument("--asked-leverage", type=float, required=True, help="e.g. 10")  # = no default
    p.add_argument("--retries", type=int, default=5)  # = retries
    p.add_argument("--leverage-timeout", type=float, default=10.0)  # = other compound
    p.add_argument("--port", type=int, default=9100)  # = port
    return p


@click.command()
@click.option("--leverage", default=10, show_default=True, type=int)  # ! 1 click default
@click.option("--lev", "probe_lev", default="2")  # ! 1 click default
@click.option("--interval-sec", default=10, type=int)  # = timing
def backtest(leverage, probe_lev, interval_sec):
    """Replays a day.

    Takes --leverage 10 or any other.  # = docstring
    """
    click.echo("replay at leverage 10 is not supported")  # = log text
    replay(leverage, probe_lev, interval_sec)


@app.command()
def live(
    book: str,
    leverage: float = typer.Option(10.0, help="leverage"),  # ! 1 typer default
    asked_leverage: float = typer.Option(..., min=1.0, max=125.0),  # = bound
    depth: int = typer.Option(20),  # = other name
):
    run(book, leverage, asked_leverage, depth)


def replay(leverage, probe_lev, interval_sec):
    print(f"leverage={leverage} probe={probe_lev} every {interval_sec}s")  # = log text


def run(book, leverage, asked_leverage, depth):
    print(book, leverage, asked_leverage, depth)
