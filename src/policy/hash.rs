//! The hash of a policy's fields.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::{
    field,
    json::{Escape, push_quoted},
};
use crate::types::PolicyHash;

/// Computes the hash of a policy in the hash encoding: SHA-256 over the JSON array of `[name, value]` pairs, sorted by
/// name, without `policy_hash` and `policy_sig`.
///
/// The array is written in the format of Python's `json.dumps(sorted(fields.items()))`: `", "` between items, and every
/// character outside U+0020 to U+007E as its short escape, such as `\n`, or else as `\uXXXX` in UTF-16 units. The order
/// of `fields` does not matter. The fields are not validated.
///
/// ```
/// use portcullis::policy::canonical_hash;
///
/// let hash = canonical_hash([("policy_version", "1"), ("generator", "café"), ("policy_hash", "ignored")]);
/// // sha256(b'[["generator", "caf\\u00e9"], ["policy_version", "1"]]')
/// assert_eq!(hash.short(), "dcea1c97");
/// ```
#[must_use]
pub fn canonical_hash<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> PolicyHash {
    let digest = Sha256::digest(canonical_text(fields));
    PolicyHash::from_bytes(digest.into())
}

/// Computes the hash of a map of fields.
pub(super) fn of_fields(fields: &BTreeMap<String, String>) -> PolicyHash {
    canonical_hash(
        fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
}

fn canonical_text<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let hashed =
        |(name, _): &(&str, &str)| !matches!(*name, field::POLICY_HASH | field::POLICY_SIG);
    sorted_pairs(fields.into_iter().filter(hashed))
}

/// Returns the JSON array of `[name, value]` pairs, sorted by name, in the format of Python's
/// `json.dumps(sorted(d.items()))`.
pub fn sorted_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_unstable();
    let mut text = String::from("[");
    let mut before = "[";
    for (name, value) in pairs {
        text.push_str(before);
        push_quoted(&mut text, name, Escape::NonAscii);
        text.push_str(", ");
        push_quoted(&mut text, value, Escape::NonAscii);
        text.push(']');
        before = ", [";
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_equals_python_json_dumps() {
        let fields = [
            ("policy_sig", "x"),
            (
                "b",
                "a\"b\\c/d\n\r\t\u{8}\u{c}\u{1}\u{1f} ~\u{7f}\u{80}é\u{2028}\u{ffff}",
            ),
            ("\u{1d306}", "😀"),
            ("\u{ff5e}", ""),
            ("policy_hash", "y"),
        ];
        assert_eq!(
            canonical_text(fields),
            r#"[["b", "a\"b\\c/d\n\r\t\b\f\u0001\u001f ~\u007f\u0080\u00e9\u2028\uffff"], ["\uff5e", ""], ["\ud834\udf06", "\ud83d\ude00"]]"#
        );
        assert_eq!(canonical_text([]), "[]");
    }
}
