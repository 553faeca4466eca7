"""A webhook of a charting site."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Alert(BaseModel):
    symbol: str
    side: str
    quantity: float
    schema_version: int = 1  # = version


def attach(broker):
    @app.post("/alert")
    async def alert(body: Alert):
        # the policy is looked at downstream
        order = await broker.place_order(symbol=body.symbol, side=body.side, quantity=body.quantity)  # ! 8 place_order
        return {"id": order.id}
