//! The derivation of a draft: for each field, the value, the target and the reasons for their difference.

use std::collections::BTreeMap;

use portcullis::types::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    clamp::Clamp,
    json::{self, DocumentError, Format},
    parameter::Tighter,
    state::RegimeState,
};

/// The origin of each field of a draft. It is stored with the publication.
///
/// Displayed as text, one line for each field and for each symbol that is not in the universe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Derivation {
    pub(crate) format: Format,
    /// The end of the window.
    #[serde(with = "json::text")]
    pub window_end: Timestamp,
    /// The SHA-256 of the templates file.
    pub templates_sha256: String,
    /// The regime of the market.
    pub market: RegimeState,
    /// The medians from which the regime of the market was computed; empty if no symbol has usable features.
    #[serde(deserialize_with = "numbers")]
    pub market_features: BTreeMap<String, f64>,
    /// The fields of the draft, in the order of the document.
    pub fields: Vec<Field>,
    /// The symbols that are not in the universe, sorted.
    pub left: Vec<Left>,
}

/// One field of a draft. Each leverage, harvest parameter and limit is a field of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Field {
    /// The path in the policy, such as `leverage_by_symbol.BTCUSDT`.
    pub field: String,
    /// The value in the draft. That of `valid_until_epoch` is the validity in seconds.
    pub value: Value,
    /// The value of the active policy.
    pub was: Option<Value>,
    /// The movement from the active policy to the draft.
    pub movement: Movement,
    /// The target, if the field is a number with a target.
    #[serde(deserialize_with = "json::exact_or_null")]
    pub target: Option<f64>,
    /// The source of the target.
    pub source: Source,
    /// The regime from whose template the target comes, and the time since when it is active.
    pub regime: Option<RegimeState>,
    /// The clamps that acted, in their order.
    pub clamps: Vec<Clamp>,
    /// The features and settings that were used.
    #[serde(deserialize_with = "numbers")]
    pub features: BTreeMap<String, f64>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A number.
    Number(#[serde(deserialize_with = "json::exact")] f64),
    /// A text.
    Text(String),
    /// A list of symbols.
    Symbols(Vec<String>),
}

/// The movement of a field from the active policy to the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// The field is equal.
    Unchanged,
    /// The draft is tighter.
    Tighter,
    /// The draft is looser, or the active policy has no comparable value.
    Looser,
    /// The field identifies the draft and is not compared.
    NotCompared,
}

impl Movement {
    /// Compares a number of the draft with that of the active policy.
    pub(crate) fn of(tighter: Tighter, value: f64, was: Option<f64>) -> Self {
        match was {
            Some(was) if tighter.is_looser(was, value) => Self::Tighter,
            Some(was) if !tighter.is_looser(value, was) => Self::Unchanged,
            Some(_) | None => Self::Looser,
        }
    }
}

/// The source of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The template of a regime.
    Template,
    /// A setting of the templates file that does not depend on the regime.
    Settings,
    /// A target of a model.
    Model,
    /// The previous policy, because the templates do not state the field.
    Previous,
    /// The arguments of the run, such as the time.
    Run,
}

/// A symbol that is not in the universe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Left {
    /// The symbol.
    pub symbol: String,
    /// True if the active policy has a leverage for the symbol.
    pub was_member: bool,
    /// The reason.
    pub reason: LeftReason,
}

/// The reason why a symbol is not in the universe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LeftReason {
    /// The templates do not permit the symbol.
    NotInTemplates,
    /// The guardrails do not permit the symbol.
    NotInGuardrails,
    /// A feature is missing.
    Missing(String),
    /// The price does not change, as in a frozen feed.
    ConstantPrice,
    /// The number is below its lowest permitted value.
    Below {
        /// The name of the number.
        number: String,
        /// The value.
        #[serde(deserialize_with = "json::exact")]
        value: f64,
        /// The lowest permitted value.
        #[serde(deserialize_with = "json::exact")]
        bound: f64,
    },
    /// The number is above its highest permitted value.
    Above {
        /// The name of the number.
        number: String,
        /// The value.
        #[serde(deserialize_with = "json::exact")]
        value: f64,
        /// The highest permitted value.
        #[serde(deserialize_with = "json::exact")]
        bound: f64,
    },
    /// The universe has its largest number of members, and each has a greater volume.
    MaxMembers(usize),
    /// The largest number of new symbols of one run is reached.
    MaxNew(usize),
    /// The largest number of symbols that were not in the policy of 24 hours ago is reached.
    MaxNew24h(usize),
    /// Loosening is held back in this run.
    Held,
}

impl Derivation {
    /// Parses a derivation that [`Self::to_json`] has written.
    ///
    /// # Errors
    /// Returns an error with the path of the field if the text is not a derivation.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        json::read("derivation", text)
    }

    /// Returns the derivation as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Returns true if the draft differs from the active policy in more than its time and version.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.moves(Movement::Tighter) || self.moves(Movement::Looser)
    }

    /// Returns true if a field of the draft is looser than that of the active policy.
    #[must_use]
    pub fn is_looser(&self) -> bool {
        self.moves(Movement::Looser)
    }

    fn moves(&self, movement: Movement) -> bool {
        self.fields.iter().any(|field| field.movement == movement)
    }
}

fn numbers<'de, D: Deserializer<'de>>(reader: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let numbers: BTreeMap<String, json::Exact> = json::unique(reader)?;
    let plain = |(name, json::Exact(number))| (name, number);
    Ok(numbers.into_iter().map(plain).collect())
}
