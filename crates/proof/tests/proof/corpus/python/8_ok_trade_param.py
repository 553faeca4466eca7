"""Adapter: carries out what the engine decided."""

from engine.types import EngineDecision, Trade


class Adapter:
    def __init__(self, client):
        self.client = client

    def carry_out(self, trade: Trade):
        return self.client.create_order(symbol=trade.symbol, side=trade.side, quantity=trade.quantity)  # = policy param


async def carry_out_decision(client, decision: EngineDecision):
    return await client.place_order(decision.symbol, decision.side, decision.quantity)  # = policy param
