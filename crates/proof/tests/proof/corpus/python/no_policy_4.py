from services.execution import execute_trade


async def consume(stream):
    async for message in stream:
        await execute_trade(message)  # ! 8 execute_trade
