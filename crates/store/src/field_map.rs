//! One entry of a log: pairs of name and text.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use portcullis::{policy::sorted_pairs, types::Timestamp};

/// One entry of the history or of the audit log: pairs of name and text. It is stored as an entry
/// of a Redis stream, or as a JSON object on one line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMap(BTreeMap<String, String>);

impl FieldMap {
    /// Creates an entry from pairs in any order. If a name occurs more than once, its last value is
    /// used.
    pub fn new<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs.into_iter();
        Self(pairs.map(|(k, v)| (k.into(), v.into())).collect())
    }

    /// Returns the text with this name; `None` if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns all pairs, sorted by name.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Formats the entry as one JSON object on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Serialization of strings cannot fail.
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// Parses the format of [`Self::to_json`]; `None` if the text has another format.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// Returns the SHA-256 of Python's `json.dumps(sorted(record.items()))`, in lower-case hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(sorted_pairs(self.pairs())))
    }

    pub(super) fn set(&mut self, name: &str, value: impl ToString) {
        self.0.insert(name.to_owned(), value.to_string());
    }

    pub(super) fn set_if(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    pub(super) fn instant(&self, name: &str) -> Option<Timestamp> {
        Timestamp::parse_epoch_seconds(self.get(name)?).ok()
    }
}

/// Formats a timestamp as decimal seconds since the epoch with six decimal places, for
/// [`Timestamp::parse_epoch_seconds`].
pub(super) fn epoch_text(at: Timestamp) -> String {
    let micros = at.as_micros();
    let size = micros.unsigned_abs();
    let sign = if micros < 0 { "-" } else { "" };
    let (seconds, fraction) = (size / 1_000_000, size % 1_000_000);
    format!("{sign}{seconds}.{fraction:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_round_trips_through_its_text() {
        for micros in [0, 1, -1, 1_766_550_734_062_733, -1_500_000] {
            let at = Timestamp::from_micros(micros).unwrap();
            assert_eq!(Timestamp::parse_epoch_seconds(&epoch_text(at)), Ok(at));
        }
        assert_eq!(epoch_text(Timestamp::from_micros(0).unwrap()), "0.000000");
    }

    #[test]
    fn the_digest_equals_the_one_of_python() {
        // sha256(json.dumps(sorted({"b": "café", "a": "1"}.items())).encode()).hexdigest()
        let record = FieldMap::new([("b", "café"), ("a", "1")]);
        assert_eq!(record.digest(), DIGEST);
        assert_eq!(FieldMap::from_json(&record.to_json()), Some(record));
    }

    const DIGEST: &str = "485d38ef3fcbf83bba17868c66aa5504000f77e1a721b5bf27f25bdce97aae49";
}
