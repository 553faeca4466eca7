"""Policy store: redis first, then nothing."""
import json
import logging
import time
from typing import Optional

import redis

from shared.models import Policy

logger = logging.getLogger("policy_store")
POLICY_KEY = "quantum:policy:current"
POLICY_TTL_SEC = 900
THETA_SCHEMA_VERSION = 2  # = version


class PolicyStore:
    def __init__(self, host: str = "redis", port: int = 6379, db: int = 0):
        self.client = redis.Redis(host=host, port=port, db=db, socket_timeout=1.5)
        self.last_read = 0.0

    def load(self) -> Optional[Policy]:
        raw = self.client.get(POLICY_KEY)
        if raw is None:
            return None  # = explicit none
        body = json.loads(raw)
        self.last_read = time.time()
        if self.last_read - body["ts"] > POLICY_TTL_SEC:
            return None
        return Policy(**body["policy"])

    def theta(self) -> dict:
        try:
            theta = json.loads(self.client.hget("quantum:theta", "v2"))
        except (TypeError, ValueError):  # ! 10 default theta
            theta = {
                "version": THETA_SCHEMA_VERSION,
                "T1_R": 2.0,  # ! 3 except assigns
                "k_close_threshold": 0.65,  # ! 4 except assigns
            }
        return theta


policy_store = PolicyStore()


def load_policy() -> Optional[Policy]:
    try:
        return policy_store.load()
    except redis.RedisError:  # = explicit none
        logger.error("policy unreadable, callers skip")
        return None


def get_policy(symbol: str):
    policy = load_policy()
    return policy.for_symbol(symbol) if policy else None  # = explicit none


current_policy = load_policy
