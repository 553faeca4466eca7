"""click tool of the night shift."""
import json

import click
import redis

from shared.models import TradeDecision

STREAM = "quantum:stream:apply.plan"
MAXLEN = 5000


@click.group()
@click.option("--redis-port", default=6379, show_default=True)
@click.pass_context
def cli(ctx, redis_port):
    ctx.obj = redis.Redis(port=redis_port, socket_timeout=3)


@cli.command()
@click.argument("symbol")
@click.option("--qty", type=float, default=0.01, show_default=True)  # ! 6 click default
@click.option("--order-history", default=20, help="rows to show")  # = page size
def show(symbol, qty, order_history):
    click.echo(f"{symbol} {qty} last {order_history}, leverage=10x")  # = text


@cli.command()
@click.option("--size", type=float, required=True, help="position size, 100 is common")  # = text
@click.option("--order-by", default="ts", type=click.Choice(["ts", "symbol"]))  # = enum
def check(size, order_by):
    if not 0 < size < 50_000:
        raise click.BadParameter("size out of 0..50000")  # = error text
    click.echo(order_by)


def forward(client: redis.Redis, decision: TradeDecision) -> str:
    body = {"symbol": decision.symbol, "side": decision.side, "leverage": decision.leverage}
    return client.xadd(STREAM, {"plan": json.dumps(body)}, maxlen=MAXLEN)


if __name__ == "__main__":
    cli()
