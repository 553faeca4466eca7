//! The field names of a policy.

pub(super) const UNIVERSE_SYMBOLS: &str = "universe_symbols";
pub(super) const LEVERAGE_BY_SYMBOL: &str = "leverage_by_symbol";
pub(super) const HARVEST_PARAMS: &str = "harvest_params";
pub(super) const KILL_PARAMS: &str = "kill_params";
/// The expiry, in epoch seconds.
pub const VALID_UNTIL_EPOCH: &str = "valid_until_epoch";
/// The version of the policy, a text that the publisher chooses.
pub const POLICY_VERSION: &str = "policy_version";
/// The start of the validity, in epoch seconds.
pub const VALID_FROM_EPOCH: &str = "valid_from_epoch";
pub(super) const LIMITS: &str = "limits";
pub(super) const HARVEST_GRACE_SEC: &str = "harvest_grace_sec";
/// The sequence, which increases with each publication.
pub const POLICY_SEQ: &str = "policy_seq";
/// The hash of all fields except this field and the signature.
pub const POLICY_HASH: &str = "policy_hash";
/// The Ed25519 signature of the hash, in base64.
pub const POLICY_SIG: &str = "policy_sig";
/// The name of the program that generated the policy.
pub const GENERATOR: &str = "generator";
pub(super) const MARKET: &str = "market";
pub(super) const VENUE: &str = "venue";
pub(super) const METADATA_OK: &str = "metadata_ok";
pub(super) const MISSING_FIELDS: &str = "missing_fields";

/// The name that violations use for the whole text.
pub(super) const DOCUMENT: &str = "document";

/// Fields that are stored, shown and hashed. `market`, `venue` and `metadata_ok` affect decisions only if a guardrail
/// requires them; the other fields never do.
const METADATA: [&str; 10] = [
    GENERATOR,
    "features_window",
    "universe_hash",
    MARKET,
    VENUE,
    "stats_endpoint",
    "exchange_info_endpoint",
    "ticker_24h_endpoint",
    METADATA_OK,
    MISSING_FIELDS,
];

/// Fields whose text is itself JSON.
const STRUCTURED: [&str; 5] = [
    UNIVERSE_SYMBOLS,
    LEVERAGE_BY_SYMBOL,
    HARVEST_PARAMS,
    KILL_PARAMS,
    LIMITS,
];

const SCALAR: [&str; 7] = [
    VALID_UNTIL_EPOCH,
    POLICY_VERSION,
    VALID_FROM_EPOCH,
    HARVEST_GRACE_SEC,
    POLICY_SEQ,
    POLICY_HASH,
    POLICY_SIG,
];

/// Returns true if the text of the field is itself JSON.
pub(super) fn is_structured(name: &str) -> bool {
    STRUCTURED.contains(&name)
}

/// Returns true if the field is part of the policy format.
pub(super) fn is_known(name: &str) -> bool {
    is_structured(name) || SCALAR.contains(&name) || METADATA.contains(&name)
}
