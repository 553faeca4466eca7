"""Asks the feed for a ruling before each entry."""


async def enter(client, feed, signal):
    ruling = await feed.ruling(signal.symbol)
    if ruling is None:
        return None
    return await client.emit_intent(signal.symbol, signal.side, ruling.quantity)  # = policy guard
