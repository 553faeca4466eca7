//! The server-side script that applies a change.

use redis::{Connection, RedisResult, cmd};
use serde_json::{Value, json};

use super::keys::{
    ARM_RESULTS, AUDIT, HALTS, HEAD, HISTORY, POLICY, POLICY_SET, RECORDED_HALTS, UPDATER_LEASE,
    UPDATER_STATE, UPDATES,
};
use crate::{Change, FieldMap, HaltChange, Head, SetChange, Stored};
use portcullis::types::PolicyHash;

const SCRIPT: &str = include_str!("step.lua");

const LEASE_SCRIPT: &str = "
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
";

const RELEASE_SCRIPT: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
";

const STATE_SCRIPT: &str = "
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[2])
return 1
";

/// Applies a change on the server and returns the answer of the script: one to four texts.
pub(super) fn apply(change: &Change, to: &mut Connection) -> RedisResult<Vec<String>> {
    let mut command = cmd("EVAL");
    command.arg(SCRIPT);
    let started = change.set().and_then(SetChange::started);
    let results = started.map_or_else(|| ARM_RESULTS.to_owned(), arm_results);
    let keys = [
        POLICY,
        HISTORY,
        UPDATES,
        AUDIT,
        HEAD,
        HALTS,
        RECORDED_HALTS,
        UPDATER_LEASE,
        POLICY_SET,
        &results,
    ];
    command.arg(keys.len());
    for key in keys {
        command.arg(key);
    }
    command.arg(text(change));
    command.query(to)
}

/// Returns the key of the results of an arm.
pub(super) fn arm_results(arm: PolicyHash) -> String {
    format!("{ARM_RESULTS}{arm}")
}

/// Acquires or renews the lease of the updater. Returns false if another token holds it.
pub(super) fn acquire_lease(token: &str, millis: u128, to: &mut Connection) -> RedisResult<bool> {
    let mut command = cmd("EVAL");
    command.arg(LEASE_SCRIPT).arg(1).arg(UPDATER_LEASE);
    command.arg(token).arg(millis.to_string()).query(to)
}

/// Ends the lease of the updater, if the token holds it.
pub(super) fn release_lease(token: &str, to: &mut Connection) -> RedisResult<()> {
    let mut command = cmd("EVAL");
    command.arg(RELEASE_SCRIPT).arg(1).arg(UPDATER_LEASE);
    command.arg(token).exec(to)
}

/// Saves the state of the updater. Returns false if the token does not hold the lease.
pub(super) fn save_state(token: &str, state: &str, to: &mut Connection) -> RedisResult<bool> {
    let mut command = cmd("EVAL");
    command.arg(STATE_SCRIPT).arg(2);
    command.arg(UPDATER_LEASE).arg(UPDATER_STATE);
    command.arg(token).arg(state).query(to)
}

fn text(change: &Change) -> String {
    let flat = |record: &FieldMap| {
        let pairs = record.pairs().flat_map(|(name, value)| [name, value]);
        json!(pairs.collect::<Vec<_>>())
    };
    let fields = change.fields().map(|fields| {
        let pairs = fields.iter().flat_map(|(name, value)| [name, value]);
        pairs.collect::<Vec<_>>()
    });
    let replaced = match change.replaced() {
        Some(Stored::Fields(pairs)) => pairs.iter().flat_map(|(k, v)| [k, v]).collect(),
        // This store never returns a document, and unreadable content has no hash. Therefore no
        // change is planned to replace such content.
        Some(Stored::Nothing | Stored::Document(_) | Stored::Unreadable { .. }) | None => {
            Vec::new()
        }
    };
    let halt = change.halts().map(|halts| match halts {
        HaltChange::Add(names) => json!({"add": names, "remove": [], "clear": false}),
        HaltChange::Remove(names) => json!({"add": [], "remove": names, "clear": false}),
        HaltChange::Clear => json!({"add": [], "remove": [], "clear": true}),
    });
    let mut step = json!({
        "before": head(change.before()),
        "after": head(change.after()),
        "replaced": replaced,
        "audit": flat(change.audit()),
    });
    let conditions = change.conditions().map(|conditions| {
        json!({
            "lease": conditions.lease,
            "features_end_us": conditions.features_end.as_micros().to_string(),
            "max_age_us": conditions.max_feature_age.as_micros().to_string(),
        })
    });
    let set = change.set().map(|set| {
        json!({
            "replaced": set.replaced().unwrap_or_default(),
            "text": set.text(),
            "starts": set.started().is_some(),
        })
    });
    // Absent values are omitted, because a JSON null in the script is not `nil`.
    for (name, value) in [
        ("fields", fields.map(|fields| json!(fields))),
        ("history", change.history().map(flat)),
        ("update", change.update().map(flat)),
        ("halt", halt),
        ("conditions", conditions),
        ("set", set),
    ] {
        if let (Some(value), Some(step)) = (value, step.as_object_mut()) {
            step.insert(name.to_owned(), value);
        }
    }
    step.to_string()
}

fn head(head: &Head) -> Value {
    let mut value = json!({"entries": head.entries.to_string(), "last": head.last});
    if let Some(value) = value.as_object_mut() {
        if let Some(seq) = head.seq {
            value.insert("seq".to_owned(), json!(seq.to_string()));
        }
        if let Some(seq) = head.set_seq {
            value.insert("set_seq".to_owned(), json!(seq.to_string()));
        }
        if head.is_released {
            value.insert("released".to_owned(), json!("1"));
        }
    }
    value
}
