import functools
import logging
import random
import time

log = logging.getLogger(__name__)

RETRYABLE = {-1003, -1021, 429, 503}


def with_retry(max_attempts=4, base_delay=0.25, factor=2.0, jitter=0.1):
    """Retry decorator.  with_retry(max_attempts=4) sleeps 0.25, 0.5 and 1.0 s."""

    def deco(fn):
        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            delay = base_delay
            for attempt in range(1, max_attempts + 1):
                try:
                    return fn(*args, **kwargs)
                except Exception as exc:  # = handler re-raises
                    code = getattr(exc, "code", 0)
                    if code not in RETRYABLE or attempt == max_attempts:
                        raise
                    log.warning("%s failed (%s), attempt %d of 4", fn.__name__, exc, attempt)
                    time.sleep(delay + random.random() * jitter)
                    delay *= factor
            return None

        return wrapper

    return deco


class CircuitBreaker:
    failure_threshold = 5
    reset_after_s = 60

    def __init__(self):
        self.failures = 0
        self.opened_at = None

    def allow(self):
        if self.opened_at is None:
            return True
        return time.monotonic() - self.opened_at > self.reset_after_s

    def record(self, ok):
        self.failures = 0 if ok else self.failures + 1
        if self.failures >= self.failure_threshold:
            self.opened_at = time.monotonic()
