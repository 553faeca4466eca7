//! The sample policy that several tests share.

/// Returns the sample policy as a JSON document, valid until `valid_until_epoch` (a JSON number, seconds since 1970).
pub(crate) fn sample_policy_json(valid_until_epoch: &str) -> String {
    format!(
        r#"{{
  "policy_version": "1.0.0-ai-sample",
  "valid_until_epoch": {valid_until_epoch},
  "universe_symbols": [
    "BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "ADAUSDT", "DOTUSDT", "AVAXUSDT", "MATICUSDT", "LINKUSDT", "ATOMUSDT"
  ],
  "leverage_by_symbol": {{
    "BTCUSDT": 8, "ETHUSDT": 10, "BNBUSDT": 12, "SOLUSDT": 6, "ADAUSDT": 15,
    "DOTUSDT": 7, "AVAXUSDT": 9, "MATICUSDT": 11, "LINKUSDT": 8, "ATOMUSDT": 10
  }},
  "harvest_params": {{
    "T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003, "cost_bps": 12,
    "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4, "k_age_penalty": 0.2, "kill_threshold": 0.55
  }},
  "kill_params": {{
    "trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35, "ts_drop_cap": 0.45,
    "max_age_sec": 72000, "k_close_threshold": 0.62
  }}
}}"#
    )
}
