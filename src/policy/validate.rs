//! Validation of policies. Every constraint is checked, every violation is reported, and a policy
//! is built only if there are no violations.

use std::collections::BTreeMap;

use super::{
    Limits, PolicyNote, Theta,
    bound::{Bound, DECIMAL},
    encoding::Encoded,
    field, hash,
    invalid::{Broken, Violations},
    json::Json,
    universe::{Universe, read_leverages, read_symbols},
};
use crate::types::{PolicyHash, Rounding, SECONDS_MAX, SignedDuration, Timestamp, TimestampError};

/// The validated content of a policy.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) hash: PolicyHash,
    pub(super) seq: Option<u64>,
    pub(super) valid_from: Option<Timestamp>,
    pub(super) valid_until: Timestamp,
    pub(super) harvest_grace: Option<SignedDuration>,
    pub(super) universe: Universe,
    pub(super) theta: Theta,
    pub(super) limits: Limits,
    pub(super) notes: Vec<PolicyNote>,
}

/// Checks all fields. Returns `None` only if a violation was reported.
pub(super) fn validate(encoded: &Encoded, violations: &mut Violations) -> Option<Content> {
    let fields = &encoded.fields;
    let symbols = required(fields, field::UNIVERSE_SYMBOLS, violations)
        .and_then(|text| read_symbols(text, violations));
    let leverages = required(fields, field::LEVERAGE_BY_SYMBOL, violations)
        .and_then(|text| read_leverages(text, violations));
    let harvest_params = required(fields, field::HARVEST_PARAMS, violations);
    let kill_params = required(fields, field::KILL_PARAMS, violations);
    let theta = Theta::read(harvest_params, kill_params, violations);
    let valid_until = required(fields, field::VALID_UNTIL_EPOCH, violations)
        .and_then(|_| scalar(fields, field::VALID_UNTIL_EPOCH, violations, expiry));
    if required(fields, field::POLICY_VERSION, violations) == Some("") {
        violations.invalid(
            field::POLICY_VERSION,
            "",
            "a text of at least one character",
        );
    }
    let valid_from = scalar(fields, field::VALID_FROM_EPOCH, violations, beginning);
    let limits = Limits::read(fields.get(field::LIMITS).map(String::as_str), violations);
    let harvest_grace = scalar(fields, field::HARVEST_GRACE_SEC, violations, |text| {
        Bound::NotNegative.read_span(text)
    });
    let seq = scalar(fields, field::POLICY_SEQ, violations, sequence);
    check_free_texts(fields, violations);
    let hash = check_hash(encoded, violations);

    let (symbols, leverages, valid_until) = (symbols?, leverages?, valid_until?);
    let mut notes = PolicyNote::of_universe(&symbols, &leverages);
    let theta = theta?;
    notes.extend(PolicyNote::of_window(valid_from, valid_until));
    notes.extend(PolicyNote::of_theta(&theta));
    notes.extend(PolicyNote::of_fields(fields));
    Some(Content {
        hash,
        seq,
        valid_from,
        valid_until,
        harvest_grace,
        universe: Universe::new(symbols, &leverages),
        theta,
        limits: limits?,
        notes,
    })
}

fn required<'a>(
    fields: &'a BTreeMap<String, String>,
    name: &str,
    violations: &mut Violations,
) -> Option<&'a str> {
    let text = fields.get(name).map(String::as_str);
    if text.is_none() {
        violations.missing(name);
    }
    text
}

/// Reads an optional field that has a single value. Returns `None` if the field is absent or the
/// value is invalid.
fn scalar<T>(
    fields: &BTreeMap<String, String>,
    name: &str,
    violations: &mut Violations,
    read: impl Fn(&str) -> Result<T, Broken>,
) -> Option<T> {
    let text = fields.get(name)?;
    match read(text) {
        Ok(value) => Some(value),
        Err(rule) => {
            violations.broken(name, text, &rule);
            None
        }
    }
}

/// Parses an expiry, rounded down to the microsecond so that it is never later than written.
fn expiry(text: &str) -> Result<Timestamp, Broken> {
    // This rejects an expiry that exceeds the latest permitted one only by a fraction of a
    // microsecond, which rounding down would hide.
    epoch(text, Rounding::Up)?;
    epoch(text, Rounding::Down)
}

/// Parses the start of validity, rounded up to the microsecond so that it is never earlier than written.
fn beginning(text: &str) -> Result<Timestamp, Broken> {
    epoch(text, Rounding::Up)
}

/// Parses seconds since the epoch, up to the last whole second of the year 9999. A time before the year 0 becomes
/// [`Timestamp::MIN`].
fn epoch(text: &str, rounding: Rounding) -> Result<Timestamp, Broken> {
    Bound::Finite.read(text)?;
    let too_late = || {
        Broken::invalid(&format!(
            "at most {SECONDS_MAX} (epoch seconds, not milliseconds)"
        ))
    };
    match Timestamp::parse_epoch_seconds_rounded(text, rounding) {
        Ok(at) if at.as_micros().div_euclid(1_000_000) < SECONDS_MAX => Ok(at),
        Ok(at) if at.as_micros().rem_euclid(1_000_000) == 0 => Ok(at),
        Ok(_) => Err(too_late()),
        Err(TimestampError::OutOfRange) if text.starts_with('-') => Ok(Timestamp::MIN),
        Err(TimestampError::OutOfRange) => Err(too_late()),
        Err(
            TimestampError::NotANumber
            | TimestampError::NotFinite
            | TimestampError::NotWhole
            | TimestampError::NotIso
            | TimestampError::NoOffset,
        ) => Err(Broken::parse_error(DECIMAL)),
    }
}

fn sequence(text: &str) -> Result<u64, Broken> {
    text.parse().map_err(|_| {
        let bound = format!("a whole number from 0 to {}", u64::MAX);
        match text.parse::<f64>() {
            Ok(_) => Broken::invalid(&bound),
            Err(_) => Broken::parse_error(&bound),
        }
    })
}

/// Reports duplicate keys in free texts that are JSON. Other programs may parse these texts, and
/// JSON readers disagree about which value of a duplicate key to use.
fn check_free_texts(fields: &BTreeMap<String, String>, violations: &mut Violations) {
    for (name, text) in fields {
        if !field::is_structured(name) && text.trim_start().starts_with(['{', '[']) {
            let mut found = Violations::new();
            if Json::parse(text, name, &mut found).is_some() {
                violations.append(found);
            }
        }
    }
}

/// Computes the hash of the fields and compares it with `policy_hash`, if present.
fn check_hash(encoded: &Encoded, violations: &mut Violations) -> PolicyHash {
    let fields = &encoded.fields;
    let hash = hash::of_fields(fields);
    if let Some(stored) = fields.get(field::POLICY_HASH)
        && encoded.single
        && *stored != hash.to_string()
    {
        violations.hash_mismatch(field::POLICY_HASH, stored, &hash.to_string());
    }
    hash
}
