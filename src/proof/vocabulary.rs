//! The words of the field, and what a name made of them speaks of.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::words::{any, same, words};

/// The table that comes with the scanner.
const STANDARD: &str = include_str!("vocabulary.toml");

/// Names, each a row of words, by what they speak of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Names(BTreeMap<Subject, Vec<String>>);

/// What a name speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    Leverage,
    /// A leverage whose name says that it is a bound.
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

impl Subject {
    const ALL: [Self; 18] = [
        Self::Leverage,
        Self::MaximumLeverage,
        Self::Threshold,
        Self::StopPrice,
        Self::RMeasure,
        Self::KillScore,
        Self::KillScoreInContext,
        Self::KillMeasure,
        Self::Universe,
        Self::Symbol,
        Self::Weight,
        Self::WeightInContext,
        Self::Size,
        Self::SizeInContext,
        Self::ReduceOnly,
        Self::Owner,
        Self::Policy,
        Self::Theta,
    ];
}

/// The names as rows of words.
#[derive(Debug, Clone)]
pub(crate) struct Vocabulary {
    rows: Vec<(Subject, Vec<String>)>,
    /// Every word of every row: a name with none of them speaks of nothing.
    words: BTreeSet<String>,
}

/// A name that starts or ends so is a bound.
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

/// What may follow without making the name one of something else: after these anything (`leverage_by_symbol`) …
const JOINERS: [&str; 5] = ["by", "for", "per", "of", "in"];
/// … and of these any number.
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
/// What makes of the whole something else, wherever it stands before.
const OTHER_THINGS: &[&str] = &[
    "no", "not", "without", "is", "has", "num", "count", "column", "col", "header", "fmt",
    "format", "show", "print", "log", "retry", "retries",
];

/// What may stand before a name that only its surroundings make one of a size.
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

/// Policies of other kinds.
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
    "dir",
    "status",
    "network",
];

impl Vocabulary {
    /// The table that comes with the scanner.
    pub(crate) fn standard() -> Result<Self, String> {
        let names = toml::from_str(STANDARD).map_err(|error| error.to_string())?;
        Self {
            rows: Vec::new(),
            words: BTreeSet::new(),
        }
        .extended(&names)
    }

    /// With more names.
    ///
    /// # Errors
    /// A name without a word in it.
    pub(crate) fn extended(&self, names: &Names) -> Result<Self, String> {
        let mut rows = self.rows.clone();
        for (subject, list) in &names.0 {
            for name in list {
                let row = words(name);
                if row.is_empty() {
                    return Err(format!("`{name}` has no word in it"));
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

    /// Whether a name is that of a bound: `MAX_SLIPPAGE_BPS`.
    pub(crate) fn is_bound(name: &str) -> bool {
        let words = words(name);
        any(&words, &UPPER) || any(&words, &LOWER)
    }

    /// What a name speaks of.
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
        Subject::ALL
            .into_iter()
            .filter(|subject| self.speak_of(&words, *subject))
            .collect()
    }

    fn speak_of(&self, words: &[String], subject: Subject) -> bool {
        match subject {
            Subject::MaximumLeverage => self.leverage(words) == Some(Subject::MaximumLeverage),
            Subject::Leverage => self.leverage(words) == Some(Subject::Leverage),
            Subject::Owner | Subject::ReduceOnly | Subject::Theta => {
                self.place(words, subject).is_some()
            }
            Subject::Policy => self.place(words, subject).is_some() && !any(words, OTHER_POLICIES),
            Subject::SizeInContext => self.ends(words, subject, Some(SIZE_HEADS)) == Some(false),
            Subject::WeightInContext => {
                self.ends(words, subject, Some(WEIGHT_HEADS)) == Some(false)
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
            | Subject::Size => self.ends(words, subject, None) == Some(false),
        }
    }

    fn leverage(&self, words: &[String]) -> Option<Subject> {
        let is_bound = self.ends(words, Subject::Leverage, None)?;
        if !is_bound {
            return Some(Subject::Leverage);
        }
        any(words, &UPPER).then_some(Subject::MaximumLeverage)
    }

    /// Where the longest row of the subject stands that is nearest to the end.
    fn place(&self, words: &[String], subject: Subject) -> Option<(usize, usize)> {
        let rows = self.rows.iter().filter(|(of, _)| *of == subject);
        rows.filter_map(|(_, row)| {
            let fits =
                |window: &[String]| window.iter().zip(row).all(|(word, name)| same(word, name));
            let begin = words.windows(row.len()).rposition(fits)?;
            Some((begin, begin + row.len()))
        })
        .max_by_key(|(begin, end)| (*end, end - begin))
    }

    /// Whether the name is one of the subject by what comes last in it; `true` where it is a bound of one.
    fn ends(&self, words: &[String], subject: Subject, heads: Option<&[&str]>) -> Option<bool> {
        let (begin, end) = self.place(words, subject)?;
        let (before, after) = (words.get(..begin)?, words.get(end..)?);
        if any(before, OTHER_THINGS)
            || heads.is_some_and(|heads| !before.iter().all(|word| heads.contains(&word.as_str())))
        {
            return None;
        }
        // `leverage_by_symbol` is no symbol.
        if before
            .last()
            .is_some_and(|word| JOINERS.contains(&word.as_str()))
        {
            return None;
        }
        let mut is_bound = any(before, &UPPER) || any(before, &LOWER);
        for word in after {
            let is = |list: &[&str]| list.iter().any(|name| same(word, name));
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
