//! Changes of JSON texts that keep everything else as sent, including duplicate keys, the digits of numbers, and
//! faults.

use std::borrow::Cow;

/// A part of a JSON text.
enum Part<'a> {
    /// A string, with its quotes.
    String(&'a str),
    /// The text between two strings.
    Other(&'a str),
}

/// Returns the parts of a text, in order. The last string is unterminated if the text ends within it.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let is_string = rest.starts_with('"');
        let end = if is_string {
            string_end(rest)
        } else {
            rest.find('"').unwrap_or(rest.len())
        };
        let (part, tail) = rest.split_at_checked(end)?;
        rest = tail;
        Some(if is_string {
            Part::String(part)
        } else {
            Part::Other(part)
        })
    })
}

/// Returns the end of the string at the start of a text, in bytes.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

/// Replaces the tokens `NaN`, `Infinity` and `-Infinity`, which Python writes and JSON does not have, by `null`.
pub(super) fn without_tokens_of_python(text: &str) -> Cow<'_, str> {
    if !text.contains("NaN") && !text.contains("Infinity") {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::String(string) => written.push_str(string),
            Part::Other(other) => {
                let other = other.replace("-Infinity", "null");
                written.push_str(&other.replace("Infinity", "null").replace("NaN", "null"));
            }
        }
    }
    Cow::Owned(written)
}

/// Renames keys, at every level and in upper or lower case. `names` are pairs of the name in the text and the new name.
pub(super) fn renamed(text: &str, names: &[(&str, &str)]) -> String {
    let mut written = String::with_capacity(text.len());
    let mut parts = parts(text).peekable();
    while let Some(part) = parts.next() {
        match part {
            Part::Other(other) => written.push_str(other),
            Part::String(string) => {
                let is_key = matches!(
                    parts.peek(),
                    Some(Part::Other(next)) if next.trim_start().starts_with(':')
                );
                let name = string.trim_matches('"');
                let new = names.iter().find(|(old, _)| old.eq_ignore_ascii_case(name));
                match new.filter(|_| is_key) {
                    Some((_, new)) => written.extend(["\"", new, "\""]),
                    None => written.push_str(string),
                }
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_are_renamed() {
        let names = [("percentage", "fraction")];
        for (text, expected) in [
            (r#"{"percentage":0.5}"#, r#"{"fraction":0.5}"#),
            (r#"{ "Percentage" : "0.50" }"#, r#"{ "fraction" : "0.50" }"#),
            (r#"{"a":"percentage"}"#, r#"{"a":"percentage"}"#),
            (r#"{"a":"\"percentage\":1"}"#, r#"{"a":"\"percentage\":1"}"#),
            (r#"{"percentage_x":1,"é":2}"#, r#"{"percentage_x":1,"é":2}"#),
            (
                r#"{"percentage":1,"percentage":NaN,"n":1e400}"#,
                r#"{"fraction":1,"fraction":NaN,"n":1e400}"#,
            ),
            (r#"{"percentage"#, r#"{"percentage"#),
            (r#"{"a\"#, r#"{"a\"#),
            ("", ""),
        ] {
            assert_eq!(renamed(text, &names), expected);
        }
    }

    #[test]
    fn tokens_of_python_become_null_outside_of_strings() {
        for (text, expected) in [
            (
                r#"{"a":NaN,"b":-Infinity,"c":[Infinity],"d":"NaN"}"#,
                r#"{"a":null,"b":null,"c":[null],"d":"NaN"}"#,
            ),
            (r#"{"a":"\"NaN","b":NaN}"#, r#"{"a":"\"NaN","b":null}"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(without_tokens_of_python(text), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_text_without_the_names_is_unchanged(text in r#"[{}":,\\a-cé0 ]{0,40}"#) {
            proptest::prop_assert_eq!(renamed(&text, &[("d", "e")]), text);
        }
    }
}
