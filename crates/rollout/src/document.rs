//! The JSON form of a policy set. The fields of an arm are in alphabetical order, because the hash covers their text.

use portcullis::types::{PolicyHash, Symbol, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    arm::{Arm, ArmError, Key, Role},
    bps::Bps,
    fault::Fault,
    json::{self, Format},
    salt::Salt,
};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct SetDocument {
    format: Format,
    #[serde(deserialize_with = "json::count")]
    pub(crate) seq: u64,
    #[serde(with = "json::text")]
    pub(crate) live: PolicyHash,
    pub(crate) arms: Vec<ArmDocument>,
    pub(crate) kill: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct ArmDocument {
    bps: Bps,
    #[serde(with = "json::text")]
    hash: PolicyHash,
    key: KeyName,
    #[serde(
        rename = "match",
        default,
        deserialize_with = "json::present",
        skip_serializing_if = "Option::is_none"
    )]
    condition: Option<MatchDocument>,
    role: RoleName,
    #[serde(deserialize_with = "json::text::deserialize")]
    salt: Salt,
    #[serde(with = "json::time")]
    until: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with `source`, `symbol` or both"
)]
struct MatchDocument {
    #[serde(
        default,
        deserialize_with = "json::present",
        skip_serializing_if = "Option::is_none"
    )]
    source: Option<String>,
    #[serde(
        default,
        deserialize_with = "json::present",
        skip_serializing_if = "Option::is_none"
    )]
    symbol: Option<SymbolText>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SymbolText(#[serde(with = "symbol_text")] Symbol);

/// Reads symbols as texts. They are written without the escapes of their `Display`.
mod symbol_text {
    use serde::{Deserializer, Serialize as _, Serializer};

    use super::{Symbol, json};

    pub(super) fn serialize<S: Serializer>(symbol: &Symbol, writer: S) -> Result<S::Ok, S::Error> {
        symbol.serialize(writer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Symbol, D::Error> {
        json::text::deserialize(reader)
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RoleName {
    Shadow,
    Canary,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeyName {
    Symbol,
    Source,
    Id,
}

impl SetDocument {
    pub(crate) fn new(seq: u64, live: PolicyHash, arms: &[Arm], kill: bool) -> Self {
        Self {
            format: Format,
            seq,
            live,
            arms: arms.iter().map(ArmDocument::new).collect(),
            kill,
        }
    }

    /// Converts the arms, and adds a fault for each one that is invalid.
    pub(crate) fn read_arms(self, faults: &mut Vec<Fault>) -> Vec<Arm> {
        let mut arms = Vec::new();
        for (index, arm) in self.arms.into_iter().enumerate() {
            match arm.read() {
                Ok(arm) => arms.push(arm),
                Err((field, reason)) => {
                    faults.push(Fault::new(format_args!("arms[{index}].{field}"), reason));
                }
            }
        }
        arms
    }
}

impl ArmDocument {
    fn new(arm: &Arm) -> Self {
        let (role, key) = match arm.role() {
            Role::Canary => (RoleName::Canary, KeyName::Symbol),
            Role::Shadow(Key::Symbol) => (RoleName::Shadow, KeyName::Symbol),
            Role::Shadow(Key::Source) => (RoleName::Shadow, KeyName::Source),
            Role::Shadow(Key::Id) => (RoleName::Shadow, KeyName::Id),
        };
        let condition = MatchDocument {
            source: arm.source().map(str::to_owned),
            symbol: arm.symbol().map(SymbolText),
        };
        Self {
            bps: arm.bps(),
            hash: arm.hash(),
            key,
            condition: arm.has_match().then_some(condition),
            role,
            salt: arm.salt().clone(),
            until: arm.until(),
        }
    }

    /// Converts the arm; an error contains the field and the reason.
    fn read(self) -> Result<Arm, (&'static str, String)> {
        let role = match (self.role, self.key) {
            (RoleName::Canary, KeyName::Symbol) => Role::Canary,
            (RoleName::Canary, KeyName::Source | KeyName::Id) => {
                return Err(("key", CANARY_KEY.to_owned()));
            }
            (RoleName::Shadow, KeyName::Symbol) => Role::Shadow(Key::Symbol),
            (RoleName::Shadow, KeyName::Source) => Role::Shadow(Key::Source),
            (RoleName::Shadow, KeyName::Id) => Role::Shadow(Key::Id),
        };
        let fault = |error: ArmError| (error.field(), error.to_string());
        let mut arm = Arm::new(role, self.hash, self.bps, self.salt, self.until).map_err(fault)?;
        if let Some(condition) = self.condition {
            if condition.source.is_none() && condition.symbol.is_none() {
                return Err(("match", EMPTY_MATCH.to_owned()));
            }
            if let Some(source) = condition.source {
                arm = arm.with_source(source).map_err(fault)?;
            }
            if let Some(SymbolText(symbol)) = condition.symbol {
                arm = arm.with_symbol(symbol);
            }
        }
        Ok(arm)
    }
}

const CANARY_KEY: &str = "a canary must have the key `symbol`, because a position has one policy; use `symbol`, or the role `shadow`";
const EMPTY_MATCH: &str = "the match is empty; add `source` or `symbol`, or remove `match` so that the arm matches all records";
