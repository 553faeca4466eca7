//! The policy under which a position was opened. The harvester stores it for each open position, and the bridge reads it.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::types::{Leverage, PolicyHash, Symbol};
use portcullis_rollout::OpenPosition;
use redis::{Connection, RedisResult};
use serde::{Deserialize, Serialize};

use crate::keys;

/// The policy and the leverage under which a position was opened, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opening {
    /// The hash of the policy; `None` if it is unknown.
    pub(crate) policy_hash: Option<String>,
    /// The leverage; `None` if it is unknown.
    pub(crate) leverage: Option<f64>,
    /// The opening time of the position in epoch milliseconds, if it has one.
    pub(crate) opened_at: Option<i64>,
}

impl Opening {
    /// Parses the stored text. A text in another format becomes an opening under an unknown policy.
    pub(crate) fn read(text: &[u8]) -> Self {
        serde_json::from_slice(text).unwrap_or_default()
    }

    /// Parses the terms of the last trade in a symbol, as [`terms`] writes them.
    pub(crate) fn of_trade(terms: Option<&str>, opened_at: Option<i64>) -> Self {
        let terms = terms.and_then(|terms| terms.split_once(' '));
        let (hash, leverage) = terms.unzip();
        Self {
            policy_hash: hash.map(str::to_owned),
            leverage: leverage.and_then(|text| text.parse().ok()),
            opened_at,
        }
    }

    /// Returns the text to store.
    pub(crate) fn to_json(&self) -> String {
        // Serialization of texts and finite numbers cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the hash of the policy, if it is known.
    pub(crate) fn policy(&self) -> Option<PolicyHash> {
        self.policy_hash.as_ref()?.parse().ok()
    }

    fn position(&self) -> OpenPosition {
        OpenPosition {
            opened_under: self.policy(),
            leverage: self.leverage.and_then(|it| Leverage::new(it).ok()),
        }
    }
}

/// Returns the text about a trade from which the harvester learns the policy of the position: the hash of the policy and
/// the leverage.
pub(crate) fn terms(policy: PolicyHash, leverage: Leverage) -> String {
    format!("{policy} {}", leverage.get())
}

/// The open positions of some symbols; `None` for a symbol without one.
#[derive(Debug, Default)]
pub(crate) struct Openings(BTreeMap<Symbol, Option<OpenPosition>>);

impl Openings {
    /// Returns the position in a symbol, or `None` if it was not read yet.
    pub(crate) fn of(&self, symbol: Symbol) -> Option<Option<OpenPosition>> {
        self.0.get(&symbol).copied()
    }

    /// Reads the positions in further symbols.
    pub(crate) fn read(
        &mut self,
        symbols: &BTreeSet<Symbol>,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        if symbols.is_empty() {
            return Ok(());
        }
        let key = |symbol: &Symbol| keys::of_symbol(keys::OPENING, *symbol);
        let texts: Vec<Option<Vec<u8>>> = redis::cmd("MGET")
            .arg(symbols.iter().map(key).collect::<Vec<_>>())
            .query(connection)?;
        for (symbol, text) in symbols.iter().zip(texts) {
            let position = text.map(|text| Opening::read(&text).position());
            self.0.insert(*symbol, position);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_of_a_trade_become_the_opening_of_a_position() {
        let policy = PolicyHash::from_bytes([7; 32]);
        let leverage = Leverage::new(8.5).unwrap();
        let opening = Opening::of_trade(Some(&terms(policy, leverage)), Some(5));
        let stored = Opening::read(opening.to_json().as_bytes());
        assert_eq!(stored, opening);
        let position = stored.position();
        assert_eq!(position.opened_under, Some(policy));
        assert_eq!(position.leverage, Some(leverage));
    }

    #[test]
    fn an_unreadable_opening_has_an_unknown_policy() {
        let unknown = OpenPosition {
            opened_under: None,
            leverage: None,
        };
        for text in ["", "{}", "!", r#"{"policy_hash":"x","leverage":0}"#] {
            assert_eq!(Opening::read(text.as_bytes()).position(), unknown, "{text}");
        }
        for terms in [None, Some(""), Some("x"), Some("x y")] {
            assert_eq!(Opening::of_trade(terms, None).position(), unknown);
        }
    }
}
