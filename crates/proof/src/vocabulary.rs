//! The vocabulary: the trading terms that the checks recognize in identifiers.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use strum::VariantArray;

use crate::name_words::{contains_any, same_word, words};

/// The built-in table of names.
const STANDARD: &str = include_str!("vocabulary.toml");

/// Names by subject. Each name is a sequence of words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Names(BTreeMap<Subject, Vec<String>>);

/// The trading concept that a name refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, VariantArray)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    Leverage,
    /// A bound of the leverage, such as `max_leverage`.
    #[serde(skip)]
    MaximumLeverage,
    Threshold,
    StopPrice,
    RMeasure,
    KillScore,
    KillScoreInContext,
    KillMeasure,
    Universe,
    Symbol,
    Weight,
    WeightInContext,
    Size,
    SizeInContext,
    ReduceOnly,
    Owner,
    Policy,
    Theta,
}

/// The names, split into words.
#[derive(Debug, Clone)]
pub(crate) struct Vocabulary {
    rows: Vec<(Subject, Vec<String>)>,
    /// All words of all rows. A name that contains none of them has no subject, which is quick to
    /// check.
    words: BTreeSet<String>,
}

/// Words that mark a name as an upper bound.
const UPPER: [&str; 9] = [
    "max",
    "maximum",
    "cap",
    "limit",
    "ceiling",
    "upper",
    "allowed",
    "permitted",
    "highest",
];
const LOWER: [&str; 6] = ["min", "minimum", "floor", "lower", "lowest", "least"];

/// Words that may follow a subject without a change of its meaning. Any words may follow them
/// (`leverage_by_symbol`).
const JOINERS: [&str; 5] = ["by", "for", "per", "of", "in"];
/// Words that may follow a subject without a change of its meaning, in any number.
const TAILS: &[&str] = &[
    "default",
    "fallback",
    "value",
    "val",
    "map",
    "table",
    "dict",
    "list",
    "tuple",
    "set",
    "array",
    "level",
    "usd",
    "usdt",
    "usdc",
    "quote",
    "base",
    "pct",
    "percent",
    "percentage",
    "bps",
    "frac",
    "fraction",
    "ratio",
    "x",
    "float",
    "int",
    "str",
    "dec",
    "raw",
    "env",
    "setting",
    "param",
    "parameter",
    "cfg",
    "conf",
    "final",
    "target",
    "initial",
    "init",
    "long",
    "short",
    "buy",
    "sell",
    "entry",
    "current",
    "new",
    "given",
    "override",
    "factor",
    "multiplier",
    "multiple",
    "mult",
    "first",
    "second",
    "third",
    "one",
    "two",
    "three",
    "r",
    "unit",
    "lot",
    "contract",
    "arg",
    "opt",
    "option",
    "symbol",
    "btc",
    "eth",
    "bnb",
    "sol",
    "xrp",
    "btcusdt",
    "ethusdt",
    "all",
    "if",
    "none",
    "or",
    "notional",
    "applied",
    "asked",
    "wanted",
    "chosen",
    "effective",
    "number",
    "sec",
    "seconds",
    "momentum",
    "volume",
    "liquidity",
    "volatility",
    "spread",
    "trend",
    "funding",
    "fast",
    "slow",
    "high",
    "normal",
    "standard",
    "safe",
    "aggressive",
    "conservative",
    "hedge",
    "swing",
    "scalp",
    "dust",
];
/// Words before a subject that give the name another meaning (`is_leverage`, `num_symbols`).
const OTHER_THINGS: &[&str] = &[
    "no", "not", "without", "is", "has", "num", "count", "column", "col", "header", "fmt",
    "format", "show", "print", "log", "retry", "retries",
];

/// Some size names are a size only in a trading context. These words may precede such a name.
const SIZE_HEADS: &[&str] = &[
    "set",
    "with",
    "change",
    "update",
    "default",
    "fallback",
    "base",
    "fixed",
    "initial",
    "target",
    "standard",
    "trade",
    "order",
    "position",
    "entry",
    "usd",
    "our",
    "new",
    "self",
    "my",
    "get",
    "calc",
    "compute",
    "raw",
    "final",
    "wanted",
    "requested",
    "max",
    "min",
    "the",
    "a",
    "this",
    "buy",
    "sell",
    "long",
    "short",
    "scalp",
    "swing",
    "trading",
];
const WEIGHT_HEADS: &[&str] = &[
    "default",
    "fallback",
    "base",
    "volume",
    "momentum",
    "volatility",
    "liquidity",
    "spread",
    "trend",
    "funding",
    "sentiment",
    "rank",
    "ranking",
    "score",
    "selection",
    "symbol",
    "universe",
    "factor",
    "feature",
    "strength",
    "get",
    "oi",
    "turnover",
    "age",
];

/// Words that mark a policy of another kind (`retry_policy`) or a property of one (`policy_version`).
const OTHER_POLICIES: &[&str] = &[
    "under",
    "retry",
    "backoff",
    "cache",
    "caching",
    "eviction",
    "security",
    "cors",
    "privacy",
    "restart",
    "timeout",
    "redirect",
    "tls",
    "password",
    "log",
    "rotation",
    "retention",
    "referrer",
    "scaling",
    "acl",
    "pull",
    "update",
    "deletion",
    "iam",
    "bucket",
    "reconnect",
    "event",
    "loop",
    "url",
    "path",
    "file",
    "key",
    "version",
    "hash",
    "topic",
    "stream",
    "id",
    "name",
    "error",
    "ttl",
    "expiry",
    "age",
    "count",
    "metric",
    "replay",
    "dir",
    "status",
    "network",
];

impl Vocabulary {
    /// Returns the built-in table of names.
    pub(crate) fn standard() -> Result<Self, String> {
        let names = toml::from_str(STANDARD).map_err(|error| error.to_string())?;
        Self {
            rows: Vec::new(),
            words: BTreeSet::new(),
        }
        .extended(&names)
    }

    /// Returns a vocabulary with additional names.
    ///
    /// # Errors
    /// Returns an error if a name contains no word.
    pub(crate) fn extended(&self, names: &Names) -> Result<Self, String> {
        let mut rows = self.rows.clone();
        for (subject, list) in &names.0 {
            for name in list {
                let row = words(name);
                if row.is_empty() {
                    return Err(format!(
                        "`{name}` contains no word; a name needs at least one letter or digit"
                    ));
                }
                rows.push((*subject, row));
            }
        }
        let words = rows
            .iter()
            .flat_map(|(_, row)| row.iter().cloned())
            .collect();
        Ok(Self { rows, words })
    }

    /// Returns true if a name denotes a bound, such as `MAX_SLIPPAGE_BPS`.
    pub(crate) fn is_bound(name: &str) -> bool {
        let words = words(name);
        contains_any(&words, &UPPER) || contains_any(&words, &LOWER)
    }

    /// Returns the subjects that a name refers to.
    pub(crate) fn subjects(&self, name: &str) -> Vec<Subject> {
        let words = words(name);
        let is_of_row = |word: &String| {
            self.words.contains(word)
                || word
                    .strip_suffix('s')
                    .is_some_and(|word| self.words.contains(word))
        };
        if !words.iter().any(is_of_row) {
            return Vec::new();
        }
        Subject::VARIANTS
            .iter()
            .copied()
            .filter(|subject| self.is_about(&words, *subject))
            .collect()
    }

    fn is_about(&self, words: &[String], subject: Subject) -> bool {
        match subject {
            Subject::MaximumLeverage => self.leverage(words) == Some(Subject::MaximumLeverage),
            Subject::Leverage => self.leverage(words) == Some(Subject::Leverage),
            Subject::Owner | Subject::ReduceOnly | Subject::Theta => {
                self.word_range(words, subject).is_some()
            }
            Subject::Policy => {
                self.word_range(words, subject).is_some() && !contains_any(words, OTHER_POLICIES)
            }
            Subject::SizeInContext => {
                self.refers_to(words, subject, Some(SIZE_HEADS)) == Some(false)
            }
            Subject::WeightInContext => {
                self.refers_to(words, subject, Some(WEIGHT_HEADS)) == Some(false)
            }
            Subject::Threshold
            | Subject::StopPrice
            | Subject::RMeasure
            | Subject::KillScore
            | Subject::KillScoreInContext
            | Subject::KillMeasure
            | Subject::Universe
            | Subject::Symbol
            | Subject::Weight
            | Subject::Size => self.refers_to(words, subject, None) == Some(false),
        }
    }

    fn leverage(&self, words: &[String]) -> Option<Subject> {
        let is_bound = self.refers_to(words, Subject::Leverage, None)?;
        if !is_bound {
            return Some(Subject::Leverage);
        }
        contains_any(words, &UPPER).then_some(Subject::MaximumLeverage)
    }

    /// Returns the range of the words of a name that match the subject. Of several matches, the one
    /// that ends last is returned; of those, the longest.
    fn word_range(&self, words: &[String], subject: Subject) -> Option<(usize, usize)> {
        let rows = self.rows.iter().filter(|(of, _)| *of == subject);
        rows.filter_map(|(_, row)| {
            let fits = |window: &[String]| {
                window
                    .iter()
                    .zip(row)
                    .all(|(word, name)| same_word(word, name))
            };
            let begin = words.windows(row.len()).rposition(fits)?;
            Some((begin, begin + row.len()))
        })
        .max_by_key(|(begin, end)| (*end, end - begin))
    }

    /// Returns whether a name refers to the subject, which depends on the words around the match.
    /// Returns `None` if it does not, `Some(true)` if it denotes a bound of the subject, and
    /// `Some(false)` otherwise.
    fn refers_to(
        &self,
        words: &[String],
        subject: Subject,
        heads: Option<&[&str]>,
    ) -> Option<bool> {
        let (begin, end) = self.word_range(words, subject)?;
        let (before, after) = (words.get(..begin)?, words.get(end..)?);
        if contains_any(before, OTHER_THINGS)
            || heads.is_some_and(|heads| !before.iter().all(|word| heads.contains(&word.as_str())))
        {
            return None;
        }
        // The name `leverage_by_symbol` does not refer to a symbol.
        if before
            .last()
            .is_some_and(|word| JOINERS.contains(&word.as_str()))
        {
            return None;
        }
        let mut is_bound = contains_any(before, &UPPER) || contains_any(before, &LOWER);
        for word in after {
            let is = |list: &[&str]| list.iter().any(|name| same_word(word, name));
            if is(&JOINERS) {
                break;
            }
            if is(&UPPER) || is(&LOWER) {
                is_bound = true;
            } else if !is(TAILS) && !word.chars().all(|letter| letter.is_numeric()) {
                return None;
            }
        }
        Some(is_bound)
    }
}
