"""Replays recorded positions through the harvest brain."""
import csv
import logging
from pathlib import Path

import click

log = logging.getLogger("harvest.replay")


@click.group()
@click.version_option("0.9.3")
def cli():
    """Harvest tools."""


@cli.command()
@click.argument("path", type=click.Path(exists=True))
@click.option("--speed", default=60.0, help="replay speed, 60 = one hour a minute")
@click.option("--max-rows", default=100_000, type=int)
@click.option("--t1-r", type=click.FloatRange(0.1, 20.0), required=True)
@click.option("--leverage", default="policy", show_default=True)
@click.option(
    "--k-close-threshold",
    "k_close_threshold",
    default=0.55,  # ! 4 click option default over several lines
    type=float,
)
@click.option("--lev", "lev", default=3, show_default=True)  # ! 1 click option default, short name
@click.option("--out", default="replay.csv")
def replay(path, speed, max_rows, t1_r, leverage, k_close_threshold, lev, out):
    """Replay PATH with T1_R from the command line, e.g. --t1-r 1.5"""  # = docstring
    rows = 0
    with open(path, newline="") as fh, open(out, "w") as sink:
        writer = csv.writer(sink)
        writer.writerow(["ts", "symbol", "r_net", "T1_R=1.5"])  # = column names
        for rec in csv.DictReader(fh):
            r_net = float(rec["r_net"])
            if r_net < -5 or r_net > 50:  # = validation
                raise click.BadParameter(f"r_net {r_net} out of range")
            writer.writerow([rec["ts"], rec["symbol"], f"{r_net:.4f}", r_net >= t1_r])
            rows += 1
            if rows >= max_rows:
                break
    click.echo(f"{rows} rows at {speed}x from {Path(path).name}")


@cli.command()
@click.option("--port", default=8099)  # = port
def serve(port):
    log.info("listening on %d", port)


if __name__ == "__main__":
    cli()
