//! Warnings about valid policies.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::field;
use crate::types::{Leverage, Shown, Symbol, Timestamp};

/// A property of a valid policy that may be a mistake of its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyNote {
    /// A symbol of the universe has no leverage, so every entry in it is skipped.
    NoLeverage(Symbol),
    /// A leverage is for a symbol outside the universe, so it is never used.
    LeverageOutsideUniverse(Symbol),
    /// The policy expires before it becomes valid, so it is never in force.
    EmptyWindow {
        /// The first timestamp at which the policy would be in force.
        valid_from: Timestamp,
        /// The expiry of the policy.
        valid_until: Timestamp,
    },
    /// A field is unknown. It is stored, shown and hashed, but has no effect.
    UnknownField(String),
    /// There is no `policy_hash`, so a mix of the fields of two publications cannot be detected.
    NoHash,
    /// The generator of the policy reported bad inputs. The value is the text of `metadata_ok`.
    MetadataNotOk(String),
    /// The generator of the policy reported missing inputs. The value is the text of
    /// `missing_fields`.
    MissingFields(String),
}

impl PolicyNote {
    pub(super) fn of_universe(
        symbols: &[Symbol],
        leverages: &BTreeMap<Symbol, Leverage>,
    ) -> Vec<Self> {
        let listed: BTreeSet<_> = symbols.iter().collect();
        let without_leverage = symbols.iter().filter(|s| !leverages.contains_key(s));
        let outside = leverages.keys().filter(|s| !listed.contains(s));
        without_leverage
            .map(|s| Self::NoLeverage(*s))
            .chain(outside.map(|s| Self::LeverageOutsideUniverse(*s)))
            .collect()
    }

    pub(super) fn of_window(valid_from: Option<Timestamp>, valid_until: Timestamp) -> Option<Self> {
        let valid_from = valid_from.filter(|from| *from > valid_until)?;
        Some(Self::EmptyWindow {
            valid_from,
            valid_until,
        })
    }

    pub(super) fn of_fields(fields: &BTreeMap<String, String>) -> Vec<Self> {
        let mut notes: Vec<_> = fields
            .keys()
            .filter(|name| !field::is_known(name))
            .map(|name| Self::UnknownField(name.clone()))
            .collect();
        if !fields.contains_key(field::POLICY_HASH) {
            notes.push(Self::NoHash);
        }
        if let Some(text) = fields.get(field::METADATA_OK)
            && text != "1"
            && !text.eq_ignore_ascii_case("true")
        {
            notes.push(Self::MetadataNotOk(text.clone()));
        }
        if let Some(text) = fields.get(field::MISSING_FIELDS)
            && !matches!(text.as_str(), "" | "[]" | "{}" | "null")
        {
            notes.push(Self::MissingFields(text.clone()));
        }
        notes
    }
}

impl fmt::Display for PolicyNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLeverage(symbol) => write!(
                f,
                "`universe_symbols` lists `{symbol}`, but `leverage_by_symbol` does not: every entry in this symbol is skipped; add a leverage, or remove the symbol"
            ),
            Self::LeverageOutsideUniverse(symbol) => write!(
                f,
                "`leverage_by_symbol` lists `{symbol}`, but `universe_symbols` does not: this leverage is never used; add the symbol to `universe_symbols`, or remove the leverage"
            ),
            Self::EmptyWindow {
                valid_from,
                valid_until,
            } => write!(
                f,
                "`valid_from_epoch` ({valid_from}) is later than `valid_until_epoch` ({valid_until}): the policy is never in force; correct one of them"
            ),
            Self::UnknownField(name) => write!(f, "`{}` is not a known field, so it has no effect; check the spelling", Shown(name)),
            Self::NoHash => f.write_str(
                "`policy_hash` is missing, so an incomplete write or an edited field cannot be detected; `portcullis policy publish` adds it",
            ),
            Self::MetadataNotOk(text) => {
                write!(f, "`metadata_ok` is `{}`: the generator of the policy reported bad inputs; fix them and generate the policy again", Shown(text))
            }
            Self::MissingFields(text) => {
                write!(f, "`missing_fields` is `{}`: the generator of the policy reported missing inputs; fix them and generate the policy again", Shown(text))
            }
        }
    }
}
