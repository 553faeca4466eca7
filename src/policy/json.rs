//! A JSON tree that keeps each number as its own text and forgets no second key.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::refusal::Violations;
use crate::wire::SyntaxError;

/// How deep arrays and objects may nest: far beyond any policy, far below the end of a stack.
const DEPTH_MAX: usize = 64;

/// The path of the whole text.
pub(super) const DOCUMENT: &str = "document";

/// One value. Keys come in the order of their code points.
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
    /// Reads one value. A text that is none, one that nests too deep, and each key that stands twice in one
    /// object (the first value stays) is a violation of the field at `path`.
    pub(super) fn parse(text: &'a str, path: &str, violations: &mut Violations) -> Option<Self> {
        let mut reader = Reader {
            path: if path == DOCUMENT {
                String::new()
            } else {
                path.to_owned()
            },
            depth: 0,
            violations,
        };
        let read = serde_json::from_str::<&RawValue>(text)
            .map_err(|error| format!("JSON ({})", SyntaxError::new(&error)))
            .and_then(|raw| reader.value(raw));
        match read {
            Ok(json) => Some(json),
            Err(bound) => {
                violations.parse_error(path, text, &bound);
                None
            }
        }
    }

    /// Compact JSON: sorted keys, no white space, UTF-8 left as it is, each number as its own text.
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

/// Which characters of a string are escaped beside `"` and `\`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// Those below U+0020, as JSON demands.
    Controls,
    /// All outside U+0020 to U+007E.
    NonAscii,
}

/// Appends a JSON string, escaped as Python's `json.dumps` does it.
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

struct Reader<'v> {
    /// Where the reader stands.
    path: String,
    depth: usize,
    violations: &'v mut Violations,
}

impl Reader<'_> {
    /// Turns a text that is known to be JSON into a tree; an error says what it is not.
    fn value<'a>(&mut self, raw: &'a RawValue) -> Result<Json<'a>, String> {
        let text = raw.get();
        match text.as_bytes() {
            [b'{' | b'[', ..] if self.depth >= DEPTH_MAX => {
                Err(format!("JSON that nests at most {DEPTH_MAX} deep"))
            }
            [b'{', ..] => self.object(read::<Entries<'a>>(text)?),
            [b'[', ..] => self.array(read::<Vec<&'a RawValue>>(text)?),
            [b'"', ..] => read(text).map(Json::Text),
            b"null" => Ok(Json::Null),
            b"true" => Ok(Json::Bool(true)),
            b"false" => Ok(Json::Bool(false)),
            _ => Ok(Json::Number(text)),
        }
    }

    fn object<'a>(&mut self, Entries(entries): Entries<'a>) -> Result<Json<'a>, String> {
        let mut object = BTreeMap::new();
        for (key, raw) in entries {
            let dot = if self.path.is_empty() { "" } else { "." };
            let value = self.below(&format!("{dot}{key}"), |reader| {
                if object.contains_key(&key) {
                    let path = &reader.path;
                    reader
                        .violations
                        .parse_error(path, raw.get(), "the only value of its key");
                }
                reader.value(raw)
            })?;
            object.entry(key).or_insert(value);
        }
        Ok(Json::Object(object))
    }

    fn array<'a>(&mut self, items: Vec<&'a RawValue>) -> Result<Json<'a>, String> {
        items
            .into_iter()
            .enumerate()
            .map(|(i, raw)| self.below(&format!("[{i}]"), |reader| reader.value(raw)))
            .collect::<Result<_, _>>()
            .map(Json::Array)
    }

    fn below<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        self.depth = self.depth.saturating_add(1);
        let value = read(self);
        self.depth = self.depth.saturating_sub(1);
        self.path.truncate(length);
        value
    }
}

/// What is left to fail here is a string with half a surrogate pair.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("JSON ({})", SyntaxError::new(&error).message))
}

/// The entries of one object in the order in which they stand there, those of equal keys included.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entries<'de>, M::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
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
    fn a_tree_is_written_compact_with_sorted_keys_and_numbers_as_they_were() {
        check(
            " { \"b\" : [ 1.50 , -0 , 1E+2 , 1e999 ] , \"ab\" : {} , \"a\" : [] , \"é\" : \"\\u00e9\\u007f\\u0001\\/\\n\" , \"B\" : null } ",
            Some(
                "{\"B\":null,\"a\":[],\"ab\":{},\"b\":[1.50,-0,1E+2,1e999],\"é\":\"é\u{7f}\\u0001/\\n\"}",
            ),
            "",
        );
        // By code point: U+FF5E stands before U+1D306, although its UTF-16 units stand behind.
        check(
            "{\"\u{1d306}\":true,\"\u{ff5e}\":false}",
            Some("{\"\u{ff5e}\":false,\"\u{1d306}\":true}"),
            "",
        );
    }

    #[test]
    fn every_second_key_is_found() {
        check(
            r#"{"a":1,"b":[0,{"c":1,"c":{"d":3,"\u0064":4}}],"a":2}"#,
            Some(r#"{"a":1,"b":[0,{"c":1}]}"#),
            "`b[1].c`: `{\"d\":3,\"\\u0064\":4}` is not the only value of its key; \
             `b[1].c.d`: `4` is not the only value of its key; \
             `a`: `2` is not the only value of its key",
        );
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        check(
            "{\"a\":\n1,}",
            None,
            "`document`: `{\"a\":\\n1,}` is not JSON (line 2, column 3: key must be a string)",
        );
        check(
            r#"{"a":["\ud800"]}"#,
            None,
            r#"`document`: `{"a":["\ud800"]}` is not JSON (unexpected end of hex escape)"#,
        );
        check(
            "",
            None,
            "`document`: `` is not JSON (line 1, column 1: EOF while parsing a value)",
        );
    }

    #[test]
    fn nesting_ends_at_sixty_four() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        check(&nested(64), Some(&nested(64)), "");
        let shown = "[".repeat(65) + &"]".repeat(15);
        check(
            &nested(65),
            None,
            &format!("`document`: `{shown}…` is not JSON that nests at most 64 deep"),
        );
        let deep = nested(100_000);
        assert_eq!(Json::parse(&deep, DOCUMENT, &mut Violations::new()), None);
    }
}
