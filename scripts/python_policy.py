#!/usr/bin/env python3
"""Writes tests/vectors/python_policy.json: a policy as a Python writer stores it in a Redis hash.

Structured fields are the output of `json.dumps`, with its spaces. Numbers are `str` of floats. The hash covers
`json.dumps(sorted(fields.items()))`, without the hash and the signature.
"""
import hashlib
import json
from pathlib import Path

UNIVERSE = ["BTCUSDT", "ETHUSDT", "1000PEPEUSDT"]
now = 1766547134.0627332
fields = {
    "universe_symbols": json.dumps(UNIVERSE),
    "leverage_by_symbol": json.dumps({"BTCUSDT": 8.0, "ETHUSDT": 10.5, "1000PEPEUSDT": 3}),
    "harvest_params": json.dumps({
        "T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003, "cost_bps": 12.0,
        "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4, "k_age_penalty": 0.2,
        "kill_threshold": 0.55, "u1": 1e-05, "softmax_temp": 0.7,
    }),
    "kill_params": json.dumps({
        "trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35, "ts_drop_cap": 0.45,
        "max_age_sec": 72000, "k_close_threshold": 0.62,
    }),
    "valid_until_epoch": str(now + 3600),
    "policy_version": "1.0.0-ai-v1",
    "policy_seq": "7",
    "generator": "générateur 🚀 \"ai\"\n",
    "features_window": "24h",
    "universe_hash": hashlib.sha256(json.dumps(UNIVERSE).encode()).hexdigest()[:16],
    "market": "futures",
    "venue": "binance",
    "stats_endpoint": "https://fapi.binance.com/fapi/v1/ticker/24hr",
    "metadata_ok": "1",
    "missing_fields": json.dumps([]),
}
text = json.dumps(sorted(fields.items()))
out = Path(__file__).parent.parent / "tests/vectors/python_policy.json"
vector = {"fields": fields, "policy_hash": hashlib.sha256(text.encode("utf-8")).hexdigest()}
out.write_text(json.dumps(vector, indent=1) + "\n")
