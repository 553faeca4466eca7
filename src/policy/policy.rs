//! The policy itself.

use std::collections::BTreeMap;

use super::{
    InForce, NotInForce, PolicyNote, PolicyRefusal, ThetaInForce, canonical_hash, encoding,
    encoding::Encoded,
    field,
    refusal::Violations,
    validate::{Content, validate},
};
use crate::domain::{Instant, PolicyHash, Symbol};

/// A policy that is whole and whose every value is within its bounds.
///
/// Its names, its window of validity and its hash can be asked for at any time; its numbers only through
/// [`Self::in_force`] and [`Self::theta_in_force`].
///
/// ```
/// use portcullis::{domain::{Instant, Symbol}, policy::{Listing, Policy}};
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
/// let in_force = policy.in_force(Instant::parse_epoch_seconds("200.5")?)?;
/// let Listing::Leverage(leverage) = in_force.listing(&btc) else { panic!() };
/// assert_eq!(leverage.value().get(), 8.0);
/// assert_eq!(leverage.source().to_string(), "policy:leverage_by_symbol.BTCUSDT");
///
/// let stale = policy.in_force(Instant::parse_epoch_seconds("200.500001")?);
/// assert!(stale.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    version: String,
    fields: BTreeMap<String, String>,
    content: Content,
}

impl Policy {
    /// Reads one JSON object: a document, or a map of texts as a Redis hash holds it. A byte order mark at
    /// the start is passed over.
    ///
    /// # Errors
    /// Every rule that the text breaks: it is no JSON object, nests deeper than 64, holds a key twice in one
    /// object, lacks a required field, holds a value of another type or out of its bounds, or holds a
    /// `policy_hash` that is not the hash of the rest.
    pub fn from_json(text: &str) -> Result<Self, PolicyRefusal> {
        let mut violations = Violations::new();
        let encoded = encoding::from_json(text, &mut violations);
        Self::assemble(encoded, violations)
    }

    /// Reads the pairs of a Redis hash, in any order.
    ///
    /// # Errors
    /// As [`Self::from_json`]; a name that stands there twice too.
    pub fn from_fields<K: Into<String>, V: Into<String>>(
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, PolicyRefusal> {
        let mut violations = Violations::new();
        let pairs = fields.into_iter().map(|(k, v)| (k.into(), v.into()));
        let encoded = encoding::from_pairs(pairs, &mut violations);
        Self::assemble(Some(encoded), violations)
    }

    /// The hash that a document ought to state, whether or not it states one, and whatever else is wrong
    /// with it.
    ///
    /// # Errors
    /// It is no JSON object, nests deeper than 64, or holds a key twice in one object.
    pub fn hash_of(text: &str) -> Result<PolicyHash, PolicyRefusal> {
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
    ) -> Result<Self, PolicyRefusal> {
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

    /// `policy_version`: at least one character.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The hash of [`Self::fields`], as [`canonical_hash`](super::canonical_hash) computes it. A stored one
    /// equals it.
    #[must_use]
    pub const fn hash(&self) -> PolicyHash {
        self.content.hash
    }

    /// Whether the policy came with a hash of its own.
    #[must_use]
    pub fn states_hash(&self) -> bool {
        self.fields.contains_key(field::POLICY_HASH)
    }

    /// `policy_seq`: grows with every publication.
    #[must_use]
    pub const fn seq(&self) -> Option<u64> {
        self.content.seq
    }

    /// The first instant at which it is in force, rounded up to the microsecond.
    #[must_use]
    pub const fn valid_from(&self) -> Option<Instant> {
        self.content.valid_from
    }

    /// The last instant at which it is in force, cut off to the microsecond.
    #[must_use]
    pub const fn valid_until(&self) -> Instant {
        self.content.valid_until
    }

    /// `market`, as it stands there.
    #[must_use]
    pub fn market(&self) -> Option<&str> {
        self.fields.get(field::MARKET).map(String::as_str)
    }

    /// `venue`, as it stands there.
    #[must_use]
    pub fn venue(&self) -> Option<&str> {
        self.fields.get(field::VENUE).map(String::as_str)
    }

    /// The universe, in the order in which it was written.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = Symbol> + Clone {
        self.content.universe.symbols().iter().copied()
    }

    /// Whether the universe holds the symbol.
    #[must_use]
    pub fn lists(&self, symbol: &Symbol) -> bool {
        self.content.universe.lists(symbol)
    }

    /// The policy in the hash encoding, `policy_hash` and `policy_sig` included where it came with them:
    /// what is shown, hashed and stored. Reading these fields again gives an equal policy.
    #[must_use]
    pub const fn fields(&self) -> &BTreeMap<String, String> {
        &self.fields
    }

    /// What is legal and still worth telling.
    #[must_use]
    pub fn notes(&self) -> &[PolicyNote] {
        &self.content.notes
    }

    /// The policy as one that is in force at `now`: `valid_from` ≤ `now` ≤ `valid_until`.
    ///
    /// # Errors
    /// It begins later, or has ended.
    pub fn in_force(&self, now: Instant) -> Result<InForce<'_>, NotInForce> {
        self.check_window(now, self.content.valid_until)?;
        Ok(InForce::new(self, now, false))
    }

    /// As [`Self::in_force`], for θ: the end lies `harvest_grace_sec` later, where the policy has it.
    ///
    /// # Errors
    /// It begins later, or has ended, the grace included.
    pub fn theta_in_force(&self, now: Instant) -> Result<ThetaInForce<'_>, NotInForce> {
        let until = self.content.valid_until;
        let end = match self.content.harvest_grace {
            Some(grace) => until.saturating_add(grace),
            None => until,
        };
        self.check_window(now, end)?;
        Ok(ThetaInForce::new(self, now, false))
    }

    /// The policy as if it were in force at `now`: for replays that ask "what if".
    #[cfg(feature = "what-if")]
    #[must_use]
    pub const fn assume_in_force(&self, now: Instant) -> InForce<'_> {
        InForce::new(self, now, true)
    }

    /// As [`Self::assume_in_force`], for θ.
    #[cfg(feature = "what-if")]
    #[must_use]
    pub const fn assume_theta_in_force(&self, now: Instant) -> ThetaInForce<'_> {
        ThetaInForce::new(self, now, true)
    }

    pub(super) const fn content(&self) -> &Content {
        &self.content
    }

    fn check_window(&self, now: Instant, valid_until: Instant) -> Result<(), NotInForce> {
        match self.content.valid_from {
            Some(valid_from) if now < valid_from => {
                Err(NotInForce::NotYetValid { valid_from, now })
            }
            _ if now > valid_until => Err(NotInForce::Stale { valid_until, now }),
            _ => Ok(()),
        }
    }
}

/// Two policies are equal if their fields are: all else follows from these.
impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for Policy {}
