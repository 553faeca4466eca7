"""Time helpers.  All candle arithmetic is in UTC milliseconds."""
from datetime import datetime, timedelta, timezone

MS_PER_MIN = 60_000
TIMEFRAMES = ["1m", "5m", "15m", "1h", "4h", "1d"]  # = timeframe list
FUNDING_HOURS = (0, 8, 16)


def candle_close_ms(open_ms: int, minutes: int = 5) -> int:  # = candle close
    return open_ms + minutes * MS_PER_MIN - 1


def position_age_sec(opened_at: datetime, now=None) -> float:
    now = now or datetime.now(timezone.utc)
    return (now - opened_at).total_seconds()


def is_stale(ts: datetime, max_age_sec: int = 90) -> bool:
    return position_age_sec(ts) > max_age_sec


def next_funding(now: datetime) -> datetime:
    for hour in FUNDING_HOURS:
        if now.hour < hour:
            return now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
