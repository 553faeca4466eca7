//! Records, policies and tapes that the tests give to the program.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use portcullis::types::Timestamp;
use serde_json::{Value, json};

/// The start of the test tapes in epoch seconds: 2026-01-05T00:00:00Z.
pub(crate) const START: i64 = 1_767_571_200;

/// A time in epoch seconds that is later than every test run, for policies that must not expire by the clock of the
/// machine.
pub(crate) const FAR: i64 = 4_102_444_800;

/// Parses one JSON object per line.
pub(crate) fn objects(lines: &str) -> Vec<Value> {
    let objects = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    objects.collect()
}

/// Formats one JSON object per line.
pub(crate) fn lines(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("{object}\n")).collect()
}

/// Returns a text field of an answer, or an empty text if it is absent.
pub(crate) fn text<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer
        .get(field)
        .map_or("", |value| value.as_str().unwrap())
}

/// Returns the short form of an answer: the decision, then the skip reason or the policy version.
pub(crate) fn short(answer: &Value) -> String {
    let decision = text(answer, "decision");
    let more = match decision {
        "SKIP" => text(answer, "reason"),
        _ => text(answer, "policy_version"),
    };
    format!("{decision} {more}").trim_end().to_owned()
}

/// Returns the sample policy with another version, valid until one hour after [`START`].
pub(crate) fn policy(version: &str) -> Value {
    policy_until(version, START + 3600)
}

/// Returns the sample policy with another version and another expiry in epoch seconds.
pub(crate) fn policy_until(version: &str, valid_until: i64) -> Value {
    let text = portcullis_sim::sample::policy_json(Timestamp::MIN);
    let mut policy: Value = serde_json::from_str(&text).unwrap();
    policy["policy_version"] = version.into();
    policy["valid_until_epoch"] = valid_until.into();
    policy
}

/// Returns a policy in the encoding of a Redis hash, where all values are text.
pub(crate) fn hash_encoding(policy: &Value) -> Value {
    let fields = policy.as_object().unwrap().iter();
    let texts = fields.map(|(name, value)| {
        let text = value.as_str().map(str::to_owned);
        (
            name.clone(),
            json!(text.unwrap_or_else(|| value.to_string())),
        )
    });
    Value::Object(texts.collect())
}

/// Returns a policy update, `seconds` after [`START`].
pub(crate) fn updated(seconds: i64, policy: &Value) -> Value {
    json!({"event_type": "policy.updated", "ts": (START + seconds) * 1000, "policy": policy})
}

/// Returns a policy withdrawal, `seconds` after [`START`].
pub(crate) fn withdrawn(seconds: i64) -> Value {
    json!({"event_type": "policy.withdrawn", "ts": (START + seconds) * 1000})
}

/// Returns an entry that the sample policy allows, `seconds` after [`START`].
pub(crate) fn entry(seconds: i64) -> Value {
    json!({"ts": (START + seconds) * 1000, "symbol": "BTCUSDT", "side": "BUY", "size": 400})
}

/// Returns an exit of the default exit owner, `seconds` after [`START`].
pub(crate) fn exit(seconds: i64) -> Value {
    json!({
        "ts": (START + seconds) * 1000, "symbol": "BTCUSDT", "side": "SELL", "reduce_only": true,
        "source": "exitbrain_v3_5"
    })
}

/// Returns a position for which the sample policy proposes `PARTIAL_25`, `seconds` after [`START`].
pub(crate) fn position(seconds: i64) -> Value {
    json!({
        "event_type": "position.snapshot", "id": format!("{}-0", (START + seconds) * 1000),
        "symbol": "BTCUSDT", "side": "LONG", "entry_price": 100, "current_price": 103.8, "age_sec": 3600,
        "current_sl": 99, "stop_dist_pct": 0.02,
        "market": {"sigma": 0.01, "ts": 0.35, "p_trend": 0.5, "p_mr": 0.2, "p_chop": 0.3}
    })
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Returns the bytes compressed with Zstandard and a window of 2^`log` bytes.
pub(crate) fn zstd_of_window(bytes: &[u8], log: u32) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(log).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns the output of `generate`.
pub(crate) fn generated(records: u64, seed: u64) -> Vec<u8> {
    let mut tape = Vec::new();
    portcullis_sim::generate::write_tape(records, seed, &mut tape).unwrap();
    tape
}

/// Returns a generated tape without policy updates and without records that name a policy hash.
pub(crate) fn without_policies(records: u64, seed: u64) -> Vec<u8> {
    let tape = generated(records, seed);
    let kept = tape.split(|byte| *byte == b'\n').filter(|line| {
        let line = String::from_utf8_lossy(line);
        let snapshot = ["policy.", "policy_hash", "\\u"];
        !snapshot.iter().any(|it| line.contains(it))
    });
    kept.collect::<Vec<_>>().join(&b'\n')
}

/// Returns the path of the example guardrails.
pub(crate) fn example_guardrails() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/guardrails.json")
}
