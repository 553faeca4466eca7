"""Kafka side of the news strategy."""


async def on_headline(producer, headline, classify):
    verdict = await classify(headline)
    if verdict is None:
        return
    await producer.publish("orders.new", {"symbol": verdict.symbol, "side": verdict.side})  # ! 8 topic
    await producer.publish("headlines.seen", {"id": headline.id})  # = other stream
