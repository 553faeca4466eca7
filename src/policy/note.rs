//! Warnings about valid policies.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{field, theta::Theta};
use crate::types::{Leverage, Shown, SignedDuration, Symbol, Timestamp};

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
    /// The policy is in force for less than two minutes.
    ShortWindow(SignedDuration),
    /// A symbol of the universe has separators. It matches only intents with the same spelling.
    SeparatedSymbol(Symbol),
    /// A leverage is higher than large venues offer. The text of the leverage is only for a message.
    HighLeverage(Symbol, String),
    /// The break-even stop is so far from the entry price that `be_plus_pct` is probably a percentage.
    HighBreakEven {
        /// The text of `be_plus_pct`, a fraction of the entry price.
        be_plus_pct: String,
    },
    /// The profit lock moves the stop to a price that does not cover the costs.
    LockBelowCost {
        /// The text of `be_plus_pct`, a fraction of the entry price.
        be_plus_pct: String,
        /// The text of `cost_bps`, in basis points of the entry price.
        cost_bps: String,
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

/// Returns true if the text of a flag is true.
pub(super) fn is_true(text: &str) -> bool {
    text == "1" || text.eq_ignore_ascii_case("true")
}

/// The highest leverage that large venues offer.
const LEVERAGE_USUAL: f64 = 125.0;
/// The highest plausible distance of the break-even stop from the entry price: 5 %.
const BREAK_EVEN_USUAL: f64 = 0.05;
/// The shortest plausible validity: two minutes. A shorter one may end before every service has read the policy.
const VALIDITY_USUAL: SignedDuration = SignedDuration::from_micros(120_000_000);

impl PolicyNote {
    pub(super) fn of_universe(
        symbols: &[Symbol],
        leverages: &BTreeMap<Symbol, Leverage>,
    ) -> Vec<Self> {
        let listed: BTreeSet<_> = symbols.iter().collect();
        let without_leverage = symbols.iter().filter(|s| !leverages.contains_key(s));
        let outside = leverages.keys().filter(|s| !listed.contains(s));
        let separated = symbols.iter().filter(|s| has_separator(s));
        let high = leverages
            .iter()
            .filter(|(_, leverage)| leverage.get() > LEVERAGE_USUAL);
        without_leverage
            .map(|s| Self::NoLeverage(*s))
            .chain(outside.map(|s| Self::LeverageOutsideUniverse(*s)))
            .chain(separated.map(|s| Self::SeparatedSymbol(*s)))
            .chain(high.map(|(s, leverage)| Self::HighLeverage(*s, leverage.to_string())))
            .collect()
    }

    /// Returns the notes on the profit lock.
    pub(super) fn of_theta(theta: &Theta) -> Option<Self> {
        let (be_plus, cost) = (theta.be_plus_pct().value(), theta.cost_bps().value());
        let be_plus_pct = be_plus.to_string();
        if be_plus > BREAK_EVEN_USUAL {
            Some(Self::HighBreakEven { be_plus_pct })
        } else if be_plus < cost / 1e4 {
            Some(Self::LockBelowCost {
                be_plus_pct,
                cost_bps: cost.to_string(),
            })
        } else {
            None
        }
    }

    pub(super) fn of_window(valid_from: Option<Timestamp>, valid_until: Timestamp) -> Option<Self> {
        let valid_from = valid_from?;
        if valid_from > valid_until {
            return Some(Self::EmptyWindow {
                valid_from,
                valid_until,
            });
        }
        let validity = valid_until.since(valid_from);
        (validity < VALIDITY_USUAL).then_some(Self::ShortWindow(validity))
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
            && !is_true(text)
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
            Self::ShortWindow(validity) => write!(
                f,
                "the policy is in force for {validity}, which is shorter than 2 minutes; check `valid_from_epoch` and `valid_until_epoch`"
            ),
            Self::SeparatedSymbol(symbol) => write!(
                f,
                "`universe_symbols` lists `{symbol}` with a separator, so it matches only intents with the same spelling; most venues use `BTCUSDT`"
            ),
            Self::HighLeverage(symbol, leverage) => write!(
                f,
                "`leverage_by_symbol` gives `{symbol}` a leverage of {leverage}, but large venues offer at most {LEVERAGE_USUAL}; check the value"
            ),
            Self::HighBreakEven { be_plus_pct } => write!(
                f,
                "`be_plus_pct` is {be_plus_pct}, so the profit-lock stop is more than 5 % away from the entry price, which is unusual; `be_plus_pct` is a fraction: for 0.3 %, write 0.003"
            ),
            Self::LockBelowCost {
                be_plus_pct,
                cost_bps,
            } => write!(
                f,
                "`be_plus_pct` ({be_plus_pct}) is less than `cost_bps` / 10000 ({cost_bps} / 10000), so the profit lock moves the stop to a price that does not cover the costs; increase `be_plus_pct`"
            ),
            Self::UnknownField(name) => write!(f, "`{}` is not a known field, so it has no effect; check the spelling", Shown(name)),
            Self::NoHash => f.write_str(
                "`policy_hash` is missing, so an incomplete write or an edited field cannot be detected; `portcullis policy publish` adds it",
            ),
            Self::MetadataNotOk(text) => {
                write!(f, "`metadata_ok` is `{}`: the generator of the policy reported bad inputs, and the guardrail `require_metadata_ok` refuses such a policy; fix the inputs and generate the policy again", Shown(text))
            }
            Self::MissingFields(text) => {
                write!(f, "`missing_fields` is `{}`: the generator of the policy reported missing inputs; add them and generate the policy again", Shown(text))
            }
        }
    }
}

/// Returns true if a symbol has a character that some venues write between base and quote currency.
fn has_separator(symbol: &Symbol) -> bool {
    symbol.as_str().contains(['-', '/', '_', ':', '.'])
}
