"""Reads of the risk policy with all kinds of belts and braces."""
import json
import logging
from pathlib import Path

from shared.models import DEFAULT_POLICY, Policy
from shared.policy_store import load_policy

logger = logging.getLogger("policy_fallback")
POLICY_FILE = Path("/etc/quantum/policy.json")
POLICY_MAX_AGE_SEC = 600


def strict() -> Policy:
    try:
        return Policy(**json.loads(POLICY_FILE.read_text()))
    except (OSError, ValueError) as err:  # = handler re-raises
        raise RuntimeError("policy unreadable") from err


def lenient() -> Policy:
    try:
        return Policy(**json.loads(POLICY_FILE.read_text()))
    except (OSError, ValueError):  # ! 10 default policy
        logger.warning("policy unreadable, going on with the built in one")
        return DEFAULT_POLICY


def lenient_short() -> Policy:
    return load_policy() or DEFAULT_POLICY  # ! 10 or default


def leverage_from(text: str):
    try:
        leverage = float(text)
    except ValueError:  # = explicit none
        leverage = None  # = explicit none
    return leverage


def leverage_from_env(env: dict) -> float:
    try:
        leverage = float(env["LEVERAGE"])
    except (KeyError, ValueError):  # ! 10 except assigns
        leverage = 3.0  # ! 1 except assigns
    return leverage


def maybe(symbol: str):
    policy = load_policy()
    if policy is None:
        return None
    return policy.for_symbol(symbol)


def cache_size(env: dict) -> int:
    try:
        return int(env["POLICY_CACHE"])
    except KeyError:  # = other default
        return 128
