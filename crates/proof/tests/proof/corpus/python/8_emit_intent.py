"""Breakout strategy."""


def on_bar(bar, channel, emit_intent):
    if bar.close > channel.high:  # = candle close
        return emit_intent(symbol=bar.symbol, side="long")  # ! 8 emit_intent
    if bar.close < channel.low:  # = candle close
        return emit_intent(symbol=bar.symbol, side="short")
    return None
