//! The fields of an intent in any spelling, from its envelope, its payload and the objects that are opened.

use super::fields::Given;
use super::json::{self, Json};

/// A list of pairs in the order of the text.
type Object = Vec<(String, Json)>;

/// The objects whose fields count as fields of the intent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    parts: Vec<Object>,
}

/// All values of a field, in all of its spellings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    Absent,
    /// At least one key is in its object more than once.
    Duplicate,
    All(Vec<Json>),
}

/// Returns the form that all spellings of a field name have in common.
pub(crate) fn canonical(written: &str) -> String {
    written
        .chars()
        .filter(|letter| !matches!(letter, '_' | '-'))
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

impl Record {
    /// Opens `params` and `order` in an object.
    pub(crate) fn open(object: Object) -> Self {
        let mut parts = vec![object.clone()];
        for (written, value) in object {
            if !["params", "order"].contains(&canonical(&written).as_str()) {
                continue;
            }
            match value {
                Json::Object(pairs) => parts.push(pairs),
                Json::Text(text) => {
                    parts.extend(
                        json::read_by_grammar(&text).and_then(|value| json::pairs(&value).cloned()),
                    );
                }
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Garbled(_) => {
                }
            }
        }
        Self { parts }
    }

    /// Returns true if an object that is opened contains another one.
    pub(crate) fn is_deep(&self) -> bool {
        let inner = self.parts.iter().skip(1).flatten();
        inner
            .filter(|(written, _)| ["params", "order"].contains(&canonical(written).as_str()))
            .any(|(_, value)| matches!(value, Json::Object(_)))
    }

    /// Returns all pairs of all objects.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = &(String, Json)> {
        self.parts.iter().flatten()
    }

    /// Returns all values of a field.
    pub(crate) fn values(&self, name: &str) -> Values {
        let name = canonical(name);
        let mut all = Vec::new();
        for part in &self.parts {
            for (written, value) in part {
                if canonical(written) != name {
                    continue;
                }
                if part.iter().filter(|(other, _)| other == written).count() > 1 {
                    return Values::Duplicate;
                }
                if *value != Json::Null {
                    all.push(value.clone());
                }
            }
        }
        if all.is_empty() {
            Values::Absent
        } else {
            Values::All(all)
        }
    }

    /// Returns the values of a field, except those of duplicate keys.
    pub(crate) fn readable(&self, name: &str) -> Vec<Json> {
        let name = canonical(name);
        let mut all = Vec::new();
        for part in &self.parts {
            for (written, value) in part.iter().filter(|(key, _)| canonical(key) == name) {
                let is_only = part.iter().filter(|(key, _)| key == written).count() == 1;
                all.extend(Some(value).filter(|value| is_only && **value != Json::Null));
            }
        }
        all.into_iter().cloned().collect()
    }

    /// Returns true if the field has a value or is a duplicate.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values(name) != Values::Absent
    }

    pub(crate) fn is_duplicate(&self, name: &str) -> bool {
        self.values(name) == Values::Duplicate
    }

    /// Returns true if the record itself has the field more than once, in any spelling.
    pub(crate) fn is_repeated(&self, name: &str) -> bool {
        let name = canonical(name);
        self.parts.first().is_some_and(|part| {
            let all = part
                .iter()
                .filter(|(written, _)| canonical(written) == name);
            all.count() > 1
        })
    }

    /// Returns true if the spellings of a text have different values.
    pub(crate) fn texts_differ(&self, name: &str) -> bool {
        match self.values(name) {
            Values::Absent | Values::Duplicate => false,
            Values::All(all) => all.windows(2).any(|pair| pair.first() != pair.last()),
        }
    }

    /// Returns a text, if all spellings of the field have the same one.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.values(name) {
            Values::All(all) if !self.texts_differ(name) => match all.first() {
                Some(Json::Text(text)) => Some(text.clone()),
                Some(_) | None => None,
            },
            Values::All(_) | Values::Absent | Values::Duplicate => None,
        }
    }

    /// Returns the numbers in these fields, each in all spellings.
    pub(crate) fn numbers(&self, names: &[&str]) -> Vec<Given> {
        let mut all = Vec::new();
        for name in names {
            match self.values(name) {
                Values::Absent => {}
                Values::Duplicate => all.push(Given::Unreadable),
                Values::All(values) => all.extend(values.iter().map(number)),
            }
        }
        all
    }

    /// Returns the number that all spellings of these fields have. It is not readable if the spellings differ.
    pub(crate) fn number(&self, names: &[&str]) -> Given {
        let all = self.numbers(names);
        match all.first() {
            None => Given::Absent,
            Some(_) if differ(&all) || (all.len() > 1 && all.iter().any(is_unusable)) => {
                Given::Unreadable
            }
            Some(first) => *first,
        }
    }

    /// Returns true if spellings of one number differ.
    pub(crate) fn numbers_differ(&self, names: &[&str]) -> bool {
        differ(&self.numbers(names))
    }

    /// Returns the first of these names that is present.
    pub(crate) fn first(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.has(name))
    }
}

fn is_unusable(given: &Given) -> bool {
    match given {
        Given::Unreadable => true,
        Given::Number(number) => !(number.is_finite() && *number > 0.0),
        Given::Absent => false,
    }
}

/// Returns true if two of the numbers differ by more than a relative difference of 1e-9.
pub(crate) fn differ(all: &[Given]) -> bool {
    let far = |one: f64, other: f64| {
        let distance = (one - other).abs();
        let is_near = one.to_bits() == other.to_bits()
            || one == other
            || distance <= 1e-9 * one.abs().max(other.abs());
        !is_near
    };
    all.iter().enumerate().any(|(at, one)| {
        all.iter().take(at).any(|other| match (one, other) {
            (Given::Number(one), Given::Number(other)) => {
                let are_usable = one.is_finite() && other.is_finite() && *one > 0.0 && *other > 0.0;
                are_usable && far(*one, *other)
            }
            _ => false,
        })
    })
}

/// Reads a number, or a text that is a number.
pub(crate) fn number(value: &Json) -> Given {
    match value {
        Json::Number(text) | Json::Text(text) => {
            text.parse().map_or(Given::Unreadable, Given::Number)
        }
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) | Json::Garbled(_) => {
            Given::Unreadable
        }
    }
}

/// Reads a flag: true, 1 or yes; false, 0 or no.
pub(crate) fn flag(value: &Json) -> Option<bool> {
    let word = match value {
        Json::Bool(yes) => yes.to_string(),
        Json::Number(word) | Json::Text(word) => word.to_ascii_lowercase(),
        Json::Null | Json::List(_) | Json::Object(_) | Json::Garbled(_) => String::new(),
    };
    match word.as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// Splits a word into tokens in upper case.
pub(crate) fn tokens(word: &str) -> Vec<String> {
    word.split(['_', '-', ' '])
        .map(str::to_ascii_uppercase)
        .collect()
}
