//! The policy type.

use std::collections::BTreeMap;

use super::{
    InvalidPolicyError, PolicyNote, canonical_hash, encoding,
    encoding::Encoded,
    field,
    invalid::Violations,
    note::is_true,
    validate::{Content, validate},
};
use crate::types::{PolicyHash, Symbol, Timestamp};

/// A valid policy: complete, and every value within its bounds.
///
/// Its symbols, its validity window and its hash can be read at any time. Its numbers can be read
/// only through [`Self::in_force`] and [`Self::theta_in_force`].
///
/// ```
/// use portcullis::{types::{Timestamp, Symbol}, policy::{Listing, Policy}};
///
/// let policy = Policy::from_json(r#"{
///     "policy_version": "2", "valid_from_epoch": 100, "valid_until_epoch": 200.5,
///     "universe_symbols": ["BTCUSDT"], "leverage_by_symbol": {"BTCUSDT": 8},
///     "harvest_params": {"T1_R": 1, "T2_R": 2, "T3_R": 3, "lock_R": 1, "be_plus_pct": 0, "cost_bps": 10,
///         "k_regime_flip": 1, "k_sigma_spike": 1, "k_ts_drop": 1, "k_age_penalty": 1, "kill_threshold": 0.6},
///     "kill_params": {"trend_min": 0.2, "sigma_ref": 0.01, "sigma_spike_cap": 2, "ts_ref": 0.3,
///         "ts_drop_cap": 1, "max_age_sec": 3600}
/// }"#)?;
/// let btc = Symbol::new("btcusdt")?;
///
/// let in_force = policy.in_force(Timestamp::parse_epoch_seconds("200.5")?)?;
/// let Listing::Leverage(leverage) = in_force.listing(&btc) else { panic!() };
/// assert_eq!(leverage.get(), 8.0);
///
/// let expired = policy.in_force(Timestamp::parse_epoch_seconds("200.500001")?);
/// assert!(expired.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    version: String,
    fields: BTreeMap<String, String>,
    content: Content,
}

impl Policy {
    /// Parses a JSON object: a document, or a map of texts in the form of a Redis hash. A byte order mark at the
    /// start is skipped.
    ///
    /// # Errors
    /// Returns all violations if the text is not a JSON object, is nested more than 64 levels deep, has a duplicate
    /// key, lacks a required field, has a value of the wrong type or out of its bounds, or has a `policy_hash` that
    /// is not the hash of the other fields.
    pub fn from_json(text: &str) -> Result<Self, InvalidPolicyError> {
        let mut violations = Violations::new();
        let encoded = encoding::from_json(text, &mut violations);
        Self::assemble(encoded, violations)
    }

    /// Reads the pairs of a Redis hash, in any order.
    ///
    /// # Errors
    /// Returns all violations, under the same conditions as [`Self::from_json`]. A duplicate name is a violation.
    pub fn from_fields<K: Into<String>, V: Into<String>>(
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, InvalidPolicyError> {
        let mut violations = Violations::new();
        let pairs = fields.into_iter().map(|(k, v)| (k.into(), v.into()));
        let encoded = encoding::from_pairs(pairs, &mut violations);
        Self::assemble(Some(encoded), violations)
    }

    /// Computes the correct `policy_hash` of a document, even if the document is otherwise invalid.
    ///
    /// # Errors
    /// Returns an error if the text is not a JSON object, is nested more than 64 levels deep, or has a duplicate key.
    pub fn hash_of(text: &str) -> Result<PolicyHash, InvalidPolicyError> {
        let mut violations = Violations::new();
        let hash = encoding::from_json(text, &mut violations).map(|encoded| {
            let pairs = encoded.fields.iter();
            canonical_hash(pairs.map(|(name, value)| (name.as_str(), value.as_str())))
        });
        violations.into_result(hash)
    }

    fn assemble(
        encoded: Option<Encoded>,
        mut violations: Violations,
    ) -> Result<Self, InvalidPolicyError> {
        let policy = encoded.and_then(|encoded| {
            let content = validate(&encoded, &mut violations)?;
            Some(Self {
                version: encoded.fields.get(field::POLICY_VERSION)?.clone(),
                fields: encoded.fields,
                content,
            })
        });
        violations.into_result(policy)
    }

    /// Returns `policy_version`, which is never empty.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the hash of [`Self::fields`], as computed by
    /// [`canonical_hash`](super::canonical_hash). It is equal to the field `policy_hash` if the
    /// policy has that field.
    #[must_use]
    pub const fn hash(&self) -> PolicyHash {
        self.content.hash
    }

    /// Returns true if the policy has the field `policy_hash`.
    #[must_use]
    pub fn states_hash(&self) -> bool {
        self.fields.contains_key(field::POLICY_HASH)
    }

    /// Returns `policy_seq`, which increases with each publication.
    #[must_use]
    pub const fn seq(&self) -> Option<u64> {
        self.content.seq
    }

    /// Returns the first timestamp at which the policy is in force, rounded up to the microsecond.
    /// `None` means that there is no lower bound.
    #[must_use]
    pub const fn valid_from(&self) -> Option<Timestamp> {
        self.content.valid_from
    }

    /// Returns the last timestamp at which the policy is in force, rounded down to the microsecond.
    #[must_use]
    pub const fn valid_until(&self) -> Timestamp {
        self.content.valid_until
    }

    /// Returns the text of `market`, if the policy has that field.
    #[must_use]
    pub fn market(&self) -> Option<&str> {
        self.fields.get(field::MARKET).map(String::as_str)
    }

    /// Returns the text of `venue`, if the policy has that field.
    #[must_use]
    pub fn venue(&self) -> Option<&str> {
        self.fields.get(field::VENUE).map(String::as_str)
    }

    /// Returns the text of `metadata_ok`, if the policy has that field.
    #[must_use]
    pub fn metadata_ok(&self) -> Option<&str> {
        self.fields.get(field::METADATA_OK).map(String::as_str)
    }

    /// Returns true if the generator of the policy stated that its inputs were good.
    #[must_use]
    pub fn is_metadata_ok(&self) -> bool {
        self.metadata_ok().is_some_and(is_true)
    }

    /// Returns the symbols of the universe in their original order.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = Symbol> + Clone {
        self.content.universe.symbols().iter().copied()
    }

    /// Returns true if the universe lists the symbol.
    #[must_use]
    pub fn lists(&self, symbol: &Symbol) -> bool {
        self.content.universe.lists(symbol)
    }

    /// Returns the policy in the hash encoding, including `policy_hash` and `policy_sig` if present. Passing these
    /// fields to [`Self::from_fields`] returns an equal policy.
    #[must_use]
    pub const fn fields(&self) -> &BTreeMap<String, String> {
        &self.fields
    }

    /// Returns the warnings about this policy.
    #[must_use]
    pub fn notes(&self) -> &[PolicyNote] {
        &self.content.notes
    }

    pub(super) const fn content(&self) -> &Content {
        &self.content
    }
}

/// Compares the fields of two policies, because everything else is derived from the fields.
impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for Policy {}
