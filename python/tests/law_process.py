"""Answers the questions of the law kit with the package, one per line, until the input ends."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from portcullis_engine import Engine, Guardrails, Policy, PortcullisError

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Duplicate(Exception):
    """An object has a key more than once, so no dict has the same content."""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Duplicate
    return fields


def outcome(line: str) -> dict[str, Any]:
    """Return the answer without its text, which can name the position of a field in the record."""
    row: dict[str, Any] = json.loads(line)
    row.pop("detail", None)
    return row


def answer(kind: str, question: dict[str, Any]) -> str:
    engine = Engine(
        Guardrails.from_json(question["guardrails"]),
        exit_owner=question["exit_owner"],
        exit_delegates=question["exit_delegates"],
    )
    try:
        policy = None if question["policy"] is None else Policy.from_json(question["policy"])
    except PortcullisError:
        policy = None
    now = EPOCH + timedelta(microseconds=int(Decimal(question["now"]) * 1_000_000))
    call = engine.decide if kind == "decide" else engine.harvest
    line = call(policy, question["record"], now=now).to_json()
    try:
        fields = json.loads(question["record"], object_pairs_hook=unique, parse_float=Decimal)
    except (ValueError, RecursionError, Duplicate):
        return line
    if kind == "decide" and isinstance(fields, dict):
        try:
            of_dict = call(policy, fields, now=now).to_json()
        except PortcullisError:
            # The record has a surrogate, or is nested too deeply.
            return line
        assert outcome(of_dict) == outcome(line), (of_dict, line)
    return line


def main() -> None:
    for line in sys.stdin:
        kind, question = line.split(" ", 1)
        print(answer(kind, json.loads(question)), flush=True)


if __name__ == "__main__":
    main()
