//! A JSON tree that keeps the original text of each number and reports duplicate keys.

use std::collections::{BTreeMap, btree_map::Entry};

use serde_json::value::RawValue;

use super::{
    field::DOCUMENT,
    invalid::{DUPLICATE_KEY, Violations},
};
use crate::json::SyntaxError;

/// Maximum nesting depth. It is far more than a policy needs, and far less than the depth at which
/// the stack would overflow.
const DEPTH_MAX: usize = 64;

/// A JSON value. The keys of an object are sorted by code point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(String),
    Array(Vec<Json<'a>>),
    Object(BTreeMap<String, Json<'a>>),
}

impl<'a> Json<'a> {
    /// Parses one value. Invalid JSON and JSON nested too deeply are violations of the field at
    /// `path`. Each duplicate key is a violation, too; its first value is kept.
    pub(super) fn parse(text: &'a str, path: &str, violations: &mut Violations) -> Option<Self> {
        let known = serde_json::from_str::<&RawValue>(text)
            .map_err(|error| format!("valid JSON ({})", SyntaxError::new(&error)));
        let mut reader = Reader {
            rest: text,
            path: if path == DOCUMENT {
                String::new()
            } else {
                path.to_owned()
            },
            depth: 0,
            violations,
        };
        let read = known.and_then(|_| reader.value());
        match read {
            Ok(json) => Some(json),
            Err(bound) => {
                violations.parse_error(path, text, &bound);
                None
            }
        }
    }

    /// Returns compact JSON: keys are sorted, there is no white space, characters outside ASCII are
    /// not escaped, and numbers keep their original text.
    pub(super) fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => push_quoted(out, text, Escape::Controls),
            Self::Array(items) => {
                let mut before = '[';
                for item in items {
                    out.push(before);
                    item.write(out);
                    before = ',';
                }
                out.push_str(if before == '[' { "[]" } else { "]" });
            }
            Self::Object(entries) => {
                let mut before = '{';
                for (key, value) in entries {
                    out.push(before);
                    push_quoted(out, key, Escape::Controls);
                    out.push(':');
                    value.write(out);
                    before = ',';
                }
                out.push_str(if before == '{' { "{}" } else { "}" });
            }
        }
    }
}

/// The characters of a string that are escaped in addition to `"` and `\`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// Characters below U+0020, which JSON requires to be escaped.
    Controls,
    /// All characters outside U+0020 to U+007E.
    NonAscii,
}

/// Appends a JSON string with the escapes of Python's `json.dumps`.
pub(super) fn push_quoted(out: &mut String, text: &str, escape: Escape) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            '\u{7f}'.. if escape == Escape::Controls => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

/// A reader over a text that is known to be JSON.
struct Reader<'a, 'v> {
    /// The text that is not read yet.
    rest: &'a str,
    /// The path of the current value.
    path: String,
    depth: usize,
    violations: &'v mut Violations,
}

impl<'a> Reader<'a, '_> {
    /// Reads one value. An error contains the bound that the text violates.
    fn value(&mut self) -> Result<Json<'a>, String> {
        self.rest = self.rest.trim_ascii_start();
        match self.rest.as_bytes() {
            [b'{' | b'[', ..] if self.depth >= DEPTH_MAX => {
                Err(format!("JSON nested at most {DEPTH_MAX} levels deep"))
            }
            [b'{', ..] => self.object(),
            [b'[', ..] => self.array(),
            [b'"', ..] => self.text().map(Json::Text),
            _ => Ok(self.word()),
        }
    }

    fn object(&mut self) -> Result<Json<'a>, String> {
        let mut object = BTreeMap::new();
        self.expect('{')?;
        if self.eat('}') {
            return Ok(Json::Object(object));
        }
        loop {
            let key = self.text()?;
            self.expect(':')?;
            let start = self.rest.trim_ascii_start();
            let length = self.path.len();
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            let value = self.below()?;
            match object.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                Entry::Occupied(_) => {
                    let end = start.len().saturating_sub(self.rest.len());
                    let text = start.get(..end).unwrap_or(start);
                    self.violations.parse_error(&self.path, text, DUPLICATE_KEY);
                }
            }
            self.path.truncate(length);
            if !self.eat(',') {
                self.expect('}')?;
                return Ok(Json::Object(object));
            }
        }
    }

    fn array(&mut self) -> Result<Json<'a>, String> {
        let mut items = Vec::new();
        self.expect('[')?;
        if self.eat(']') {
            return Ok(Json::Array(items));
        }
        loop {
            let length = self.path.len();
            self.path.push_str(&format!("[{}]", items.len()));
            items.push(self.below()?);
            self.path.truncate(length);
            if !self.eat(',') {
                self.expect(']')?;
                return Ok(Json::Array(items));
            }
        }
    }

    fn below(&mut self) -> Result<Json<'a>, String> {
        self.depth = self.depth.saturating_add(1);
        let value = self.value();
        self.depth = self.depth.saturating_sub(1);
        value
    }

    /// Reads a string and unescapes it. Fails only on a lone surrogate.
    fn text(&mut self) -> Result<String, String> {
        self.rest = self.rest.trim_ascii_start();
        let mut escaped = false;
        let end = self.rest.bytes().skip(1).position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let quoted = self.take(end.map_or(0, |inside| inside.saturating_add(2)));
        serde_json::from_str(quoted)
            .map_err(|error| format!("valid JSON ({})", SyntaxError::new(&error).message))
    }

    /// Reads a number, `null`, `true` or `false`.
    fn word(&mut self) -> Json<'a> {
        let end = self
            .rest
            .find(|c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace());
        match self.take(end.unwrap_or(self.rest.len())) {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            number => Json::Number(number),
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn eat(&mut self, c: char) -> bool {
        self.rest = self.rest.trim_ascii_start();
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.eat(c) {
            Ok(())
        } else {
            Err("valid JSON".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, compact: Option<&str>, violations: &str) {
        let mut found = Violations::new();
        let json = Json::parse(text, DOCUMENT, &mut found);
        assert_eq!(json.map(|json| json.compact()).as_deref(), compact);
        let found = found.into_result(Some(())).err();
        assert_eq!(
            found.map(|refusal| refusal.to_string()).unwrap_or_default(),
            violations
        );
    }

    #[test]
    fn compact_sorts_keys_and_keeps_number_texts() {
        check(
            " { \"b\" : [ 1.50 , -0 , 1E+2 , 1e999 ] , \"ab\" : {} , \"a\" : [] , \"é\" : \"\\u00e9\\u007f\\u0001\\/\\n\" , \"B\" : null } ",
            Some(
                "{\"B\":null,\"a\":[],\"ab\":{},\"b\":[1.50,-0,1E+2,1e999],\"é\":\"é\u{7f}\\u0001/\\n\"}",
            ),
            "",
        );
        // The keys are sorted by code point: U+FF5E precedes U+1D306, although its UTF-16 unit is
        // greater.
        check(
            "{\"\u{1d306}\":true,\"\u{ff5e}\":false}",
            Some("{\"\u{ff5e}\":false,\"\u{1d306}\":true}"),
            "",
        );
    }

    #[test]
    fn duplicate_keys_are_reported() {
        check(
            r#"{"a":1,"b":[0,{"c":1,"c":{"d":3,"\u0064":4}}],"a":2}"#,
            Some(r#"{"a":1,"b":[0,{"c":1}]}"#),
            "the key `b[1].c.d` occurs more than once, here with the value `4`; keep one; \
             the key `b[1].c` occurs more than once, here with the value `{\"d\":3,\"\\u0064\":4}`; keep one; \
             the key `a` occurs more than once, here with the value `2`; keep one",
        );
    }

    #[test]
    fn syntax_errors_have_a_position() {
        check(
            "{\"a\":\n1,}",
            None,
            "the document is `{\"a\":\\n1,}`, but must be valid JSON (line 2, column 3: key must be a string)",
        );
        check(
            r#"{"a":["\ud800"]}"#,
            None,
            r#"the document is `{"a":["\ud800"]}`, but must be valid JSON (unexpected end of hex escape)"#,
        );
        check(
            "",
            None,
            "the document is empty, but must be valid JSON (line 1, column 1: EOF while parsing a value)",
        );
    }

    #[test]
    fn nesting_is_limited_to_64_levels() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        check(&nested(64), Some(&nested(64)), "");
        let shown = "[".repeat(65) + &"]".repeat(15);
        check(
            &nested(65),
            None,
            &format!("the document is `{shown}…`, but must be JSON nested at most 64 levels deep"),
        );
        let deep = nested(100_000);
        assert_eq!(Json::parse(&deep, DOCUMENT, &mut Violations::new()), None);
    }
}
