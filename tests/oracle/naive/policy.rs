//! Policies: required fields, validation, and the hash.

use super::json::{self, Field, Json};
use super::time::{self, Decimal};
use super::{Flaw, symbol};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The reason codes of an invalid policy in order of precedence.
const FAULTS: [&str; 4] = [
    "POLICY_MISSING_FIELD",
    "POLICY_PARSE_ERROR",
    "POLICY_INVALID",
    "POLICY_HASH_MISMATCH",
];
const MISSING: &str = FAULTS[0];
const PARSE: &str = FAULTS[1];
const INVALID: &str = FAULTS[2];
const HASH: &str = FAULTS[3];

/// The latest expiry, in epoch seconds. An expiry in milliseconds exceeds this maximum and is
/// rejected.
const LATEST: i128 = 253_402_300_799;
/// The earliest timestamp (year 0), in microseconds. Earlier timestamps are replaced with this one.
const EARLIEST: i128 = -62_167_219_200_000_000;
const DEPTH: usize = 64;

/// The required and the optional names in a structured field. Some of the optional names are not
/// used.
struct Names {
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const HARVEST: Names = Names {
    required: &[
        "T1_R",
        "T2_R",
        "T3_R",
        "lock_R",
        "be_plus_pct",
        "cost_bps",
        "k_regime_flip",
        "k_sigma_spike",
        "k_ts_drop",
        "k_age_penalty",
        "kill_threshold",
    ],
    optional: &["fallback_stop_pct", "u1", "u2", "u3", "softmax_temp"],
};
const KILL: Names = Names {
    required: &[
        "trend_min",
        "sigma_ref",
        "sigma_spike_cap",
        "ts_ref",
        "ts_drop_cap",
        "max_age_sec",
    ],
    optional: &["k_close_threshold"],
};
const LIMITS: Names = Names {
    required: &[],
    optional: &[
        "max_leverage",
        "max_position_usd",
        "max_notional_usd",
        "max_intent_age_sec",
        "max_market_age_sec",
        "max_position_age_sec",
    ],
};

/// A valid policy.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub version: String,
    /// The hash of the content, whether the document stores one or not.
    pub hash: String,
    pub hash_is_stored: bool,
    pub metadata_is_ok: bool,
    pub universe: Vec<String>,
    pub leverage: BTreeMap<String, f64>,
    /// The numbers in `harvest_params` and `kill_params`.
    pub theta: BTreeMap<String, f64>,
    pub limits: BTreeMap<String, f64>,
    /// The start of the validity in microseconds, if there is one.
    pub valid_from: Option<i128>,
    pub valid_until: i128,
    pub grace: Option<i128>,
    pub market: Option<String>,
    pub venue: Option<String>,
}

/// Parses a policy in either encoding, or returns the reason code of the invalid policy.
pub(crate) fn read(text: &str, flaw: Option<Flaw>) -> Result<Policy, &'static str> {
    let document = document(text).ok_or(PARSE)?;
    let pairs = json::pairs(&document).ok_or(PARSE)?;
    if json::depth(&document) > DEPTH {
        return Err(PARSE);
    }
    let mut faults = Faults::default();
    if json::has_duplicates(&document) {
        faults.add(PARSE);
    }
    if matches!(json::field(pairs, "policy_version"), Field::One(value) if !matches!(value, Json::Text(_)))
    {
        faults.add(PARSE);
    }
    let fields = hash_encoding(pairs);
    let policy = build(&fields, &mut faults);
    if fields.values().any(|text| reads_as_two(text)) {
        faults.add(PARSE);
    }
    if let Some(stored) = fields.get("policy_hash")
        && *stored != hash(&fields)
        && flaw != Some(Flaw::HashUnchecked)
    {
        faults.add(HASH);
    }
    faults.first().map_or(Ok(policy), Err)
}

/// Returns true if a text is JSON in which a key is a duplicate.
fn reads_as_two(text: &str) -> bool {
    json::read(text)
        .is_some_and(|value| json::depth(&value) <= DEPTH && json::has_duplicates(&value))
}

/// Returns the hash of the content of a text, if the text is a JSON object.
pub(crate) fn hash_of(text: &str) -> Option<String> {
    let document = document(text)?;
    Some(hash(&hash_encoding(json::pairs(&document)?)))
}

/// Parses a document without its byte order mark.
fn document(text: &str) -> Option<Json> {
    json::read(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The reason codes of all faults found so far.
#[derive(Default)]
struct Faults(Vec<&'static str>);

impl Faults {
    fn add(&mut self, fault: &'static str) {
        self.0.push(fault);
    }

    fn check(&mut self, holds: bool) {
        if !holds {
            self.add(INVALID);
        }
    }

    fn first(&self) -> Option<&'static str> {
        FAULTS.into_iter().find(|fault| self.0.contains(fault))
    }
}

/// Returns every field as a string, without nulls.
fn hash_encoding(pairs: &[(String, Json)]) -> BTreeMap<String, String> {
    let text = |value: &Json| match value {
        Json::Null => None,
        Json::Text(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) | Json::Garbled(_) => {
            Some(json::compact(value))
        }
    };
    // A duplicate key is a fault of its own; the hash uses the first value.
    let first: BTreeMap<&String, &Json> = pairs
        .iter()
        .rev()
        .map(|(key, value)| (key, value))
        .collect();
    first
        .into_iter()
        .filter_map(|(key, value)| Some((key.clone(), text(value)?)))
        .collect()
}

/// Returns the SHA-256 of the pairs in the JSON format of Python.
fn hash(fields: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "policy_hash" | "policy_sig"))
        .map(|(name, value)| {
            format!(
                "[{}, {}]",
                json::quote(name, true),
                json::quote(value, true)
            )
        })
        .collect();
    let digest = Sha256::digest(format!("[{}]", pairs.join(", ")));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Builds the policy from the readable fields, and adds a fault for each unreadable one.
fn build(fields: &BTreeMap<String, String>, faults: &mut Faults) -> Policy {
    let required = [
        "universe_symbols",
        "leverage_by_symbol",
        "harvest_params",
        "kill_params",
        "valid_until_epoch",
        "policy_version",
    ];
    for name in required {
        if !fields.contains_key(name) {
            faults.add(MISSING);
        }
    }
    let universe = universe(structured(fields, "universe_symbols", faults), faults);
    let leverage = leverage(structured(fields, "leverage_by_symbol", faults), faults);
    let mut theta = numbers(
        structured(fields, "harvest_params", faults),
        &HARVEST,
        faults,
    );
    theta.extend(numbers(
        structured(fields, "kill_params", faults),
        &KILL,
        faults,
    ));
    check_theta(&theta, faults);
    let limits = numbers(structured(fields, "limits", faults), &LIMITS, faults);
    faults.check(limits.values().all(|limit| *limit > 0.0));
    let version = fields.get("policy_version").cloned();
    faults.check(version.as_deref() != Some(""));
    if let Some(text) = fields.get("policy_seq")
        && text.parse::<u64>().is_err()
    {
        faults.add(if text.parse::<f64>().is_ok() {
            INVALID
        } else {
            PARSE
        });
    }
    let grace = timestamp(fields, "harvest_grace_sec", faults).map(|(floor, _)| floor);
    faults.check(grace.is_none_or(|grace| grace >= 0));
    let valid_until = timestamp(fields, "valid_until_epoch", faults);
    let valid_from = timestamp(fields, "valid_from_epoch", faults);
    for (floor, exact) in [valid_until, valid_from].into_iter().flatten() {
        faults.check((floor, !exact) <= (LATEST * 1_000_000, false));
    }
    Policy {
        version: version.unwrap_or_default(),
        hash: hash(fields),
        hash_is_stored: fields.contains_key("policy_hash"),
        metadata_is_ok: fields
            .get("metadata_ok")
            .is_some_and(|text| ["1", "true"].contains(&text.to_lowercase().as_str())),
        universe,
        leverage,
        theta,
        limits,
        valid_from: valid_from.map(|(floor, exact)| if exact { floor } else { floor + 1 }),
        valid_until: valid_until.map_or(0, |(floor, _)| floor),
        grace,
        market: fields.get("market").cloned(),
        venue: fields.get("venue").cloned(),
    }
}

/// Parses a field that is JSON in both encodings.
fn structured(fields: &BTreeMap<String, String>, name: &str, faults: &mut Faults) -> Option<Json> {
    let value = json::read(fields.get(name)?).filter(|value| json::depth(value) <= DEPTH);
    if value.as_ref().is_none_or(json::has_duplicates) {
        faults.add(PARSE);
    }
    value
}

fn universe(value: Option<Json>, faults: &mut Faults) -> Vec<String> {
    let items = match value {
        None => return Vec::new(),
        Some(Json::List(items)) => items,
        Some(_) => {
            faults.add(PARSE);
            return Vec::new();
        }
    };
    faults.check(!items.is_empty());
    let mut universe = Vec::new();
    for item in items {
        let Json::Text(text) = item else {
            faults.add(PARSE);
            continue;
        };
        match symbol(&text) {
            Some(symbol) => {
                faults.check(!universe.contains(&symbol));
                universe.push(symbol);
            }
            None => faults.add(INVALID),
        }
    }
    universe
}

fn leverage(value: Option<Json>, faults: &mut Faults) -> BTreeMap<String, f64> {
    let mut leverage = BTreeMap::new();
    let Some(value) = value else { return leverage };
    let Some(pairs) = json::pairs(&value) else {
        faults.add(PARSE);
        return leverage;
    };
    for (key, value) in pairs {
        let symbol = symbol(key);
        faults.check(symbol.is_some());
        match value {
            Json::Null => {}
            Json::Number(text) => {
                let number: f64 = text.parse().unwrap();
                faults.check(number.is_finite() && number > 0.0);
                if let Some(symbol) = symbol {
                    faults.check(leverage.insert(symbol, number).is_none());
                }
            }
            Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Object(_) | Json::Garbled(_) => {
                faults.add(PARSE)
            }
        }
    }
    leverage
}

/// Parses an object of numbers in which every name must be known.
fn numbers(value: Option<Json>, names: &Names, faults: &mut Faults) -> BTreeMap<String, f64> {
    let mut numbers = BTreeMap::new();
    let Some(value) = value else { return numbers };
    let Some(pairs) = json::pairs(&value) else {
        faults.add(PARSE);
        return numbers;
    };
    for (key, value) in pairs {
        if !names.required.contains(&key.as_str()) && !names.optional.contains(&key.as_str()) {
            faults.add(INVALID);
            continue;
        }
        match value {
            Json::Null => {}
            Json::Number(text) => {
                let number: f64 = text.parse().unwrap();
                faults.check(number.is_finite());
                numbers.insert(key.clone(), number);
            }
            Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Object(_) | Json::Garbled(_) => {
                faults.add(PARSE)
            }
        }
    }
    for name in names.required {
        let first = pairs.iter().find(|(key, _)| key == name);
        if first.is_none_or(|(_, value)| *value == Json::Null) {
            faults.add(MISSING);
        }
    }
    numbers
}

fn check_theta(theta: &BTreeMap<String, f64>, faults: &mut Faults) {
    // If a number is missing, a fault has already been added, so the value that is used here does
    // not matter.
    let of = |name: &str| theta.get(name).copied().unwrap_or(f64::NAN);
    let holds =
        |name: &str, test: fn(f64) -> bool| theta.get(name).is_none_or(|number| test(*number));
    if ["T1_R", "T2_R", "T3_R"]
        .iter()
        .all(|name| theta.contains_key(*name))
    {
        faults.check(0.0 < of("T1_R") && of("T1_R") < of("T2_R") && of("T2_R") < of("T3_R"));
    }
    for name in ["lock_R", "fallback_stop_pct", "sigma_ref", "max_age_sec"] {
        faults.check(holds(name, |number| number > 0.0));
    }
    let weights = [
        "be_plus_pct",
        "cost_bps",
        "k_regime_flip",
        "k_sigma_spike",
        "k_ts_drop",
        "k_age_penalty",
    ];
    for name in weights
        .into_iter()
        .chain(["sigma_spike_cap", "ts_drop_cap"])
    {
        faults.check(holds(name, |number| number >= 0.0));
    }
    faults.check(holds("kill_threshold", |number| {
        0.5 < number && number < 1.0
    }));
    faults.check(holds("trend_min", |number| (0.0..=1.0).contains(&number)));
}

/// Converts decimal seconds to whole microseconds, rounded down. Also returns whether the
/// conversion is exact.
fn timestamp(
    fields: &BTreeMap<String, String>,
    name: &str,
    faults: &mut Faults,
) -> Option<(i128, bool)> {
    match time::decimal(fields.get(name)?, 6) {
        Decimal::Scaled { floor, exact } => {
            // A number of seconds beyond the range of a float is not finite.
            let float: f64 = fields.get(name)?.parse().unwrap();
            faults.check(float.is_finite());
            Some(if floor < EARLIEST {
                (EARLIEST, true)
            } else {
                (floor, exact)
            })
        }
        Decimal::NotFinite => {
            faults.add(INVALID);
            None
        }
        Decimal::NotANumber => {
            faults.add(PARSE);
            None
        }
    }
}
