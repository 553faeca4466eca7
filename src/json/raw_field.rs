//! One raw field of an object.

use std::borrow::Cow;

use thiserror::Error;

/// The raw value of one field, and whether its key was a duplicate.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawField<'a> {
    raw: Option<&'a str>,
    seen_as: SeenAs,
    seen: bool,
    duplicate: bool,
    differs: bool,
}

/// The properties of a value that the scan has determined.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum SeenAs {
    /// The value is valid JSON; nothing else is known.
    #[default]
    Value,
    /// The value is `null`, which counts as absent.
    Null,
    /// The value is a string without escapes.
    PlainText,
    /// The value is text without quotes, which is not from JSON.
    BareText,
    /// The value is a JSON number equal to this `f64`.
    Number(f64),
}

/// The error for a value that is present but cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the value cannot be read")]
pub struct Unreadable;

/// The result of reading a flag. It is `Ok(None)` if the field is absent.
pub type Flag = Result<Option<bool>, Unreadable>;

impl<'a> RawField<'a> {
    /// Stores the text of a value. Returns true if the key has occurred before, also with the value null, and is
    /// therefore a duplicate.
    #[inline]
    pub(super) fn fill(&mut self, raw: &'a str, seen_as: SeenAs) -> bool {
        let raw = (seen_as != SeenAs::Null).then_some(raw);
        if self.seen {
            self.duplicate = true;
            self.differs |= !is_same(self.raw, raw);
        }
        self.seen = true;
        self.raw = raw;
        self.seen_as = seen_as;
        self.duplicate
    }

    /// Stores a value that is not from JSON, such as a field of a hash.
    pub(crate) fn fill_text(&mut self, text: &'a str) {
        self.fill(text, SeenAs::BareText);
    }

    /// Returns true if the key occurs more than once with different values. Strings are compared after unescaping.
    pub const fn differs(&self) -> bool {
        self.differs
    }

    /// Returns true if the key occurs more than once in the object.
    pub const fn is_duplicate(&self) -> bool {
        self.duplicate
    }

    /// Returns the raw text of the value; `None` if the field is absent or null.
    pub const fn raw(&self) -> Option<&'a str> {
        self.raw
    }

    /// Returns true if there is a value other than null.
    pub const fn is_present(&self) -> bool {
        self.raw.is_some()
    }

    /// Returns the content of a JSON string, unescaped.
    ///
    /// # Errors
    /// Returns an error if the value is not a string.
    #[inline]
    pub fn text(&self) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self.raw {
            None => Ok(None),
            Some(raw) if self.seen_as == SeenAs::PlainText => {
                inner(raw).map(Cow::Borrowed).map(Some)
            }
            Some(raw) if self.seen_as == SeenAs::BareText => Ok(Some(Cow::Borrowed(raw))),
            Some(raw) => unquote(raw).map(Some),
        }
    }

    /// Returns the text of a JSON number as it was written, or the content of a JSON string.
    ///
    /// # Errors
    /// Returns an error if the value is neither a number nor a string.
    pub fn number_text(&self) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match (self.raw, self.seen_as) {
            (Some(raw), SeenAs::Number(_)) => Ok(Some(Cow::Borrowed(raw))),
            (Some(raw), _) if matches!(raw.as_bytes(), [b'-' | b'0'..=b'9', ..]) => {
                Ok(Some(Cow::Borrowed(raw)))
            }
            _ => self.text(),
        }
    }

    /// Returns the value of a JSON number or a numeric string: `None` if the field is absent or null, NaN if the value
    /// is not a number or the key is a duplicate.
    #[inline]
    pub fn number(&self) -> Option<f64> {
        match self.seen_as {
            _ if self.duplicate => Some(f64::NAN),
            _ if !self.is_present() => None,
            SeenAs::Number(number) => Some(number),
            SeenAs::Value | SeenAs::Null | SeenAs::PlainText | SeenAs::BareText => {
                self.read_number()
            }
        }
    }

    fn read_number(&self) -> Option<f64> {
        match self.number_text() {
            Ok(None) => None,
            Ok(Some(text)) => Some(text.parse().unwrap_or(f64::NAN)),
            Err(Unreadable) => Some(f64::NAN),
        }
    }

    /// Parses `true`, `false`, `1` or `0`, also as a string. The case of letters does not matter.
    ///
    /// # Errors
    /// Returns an error for any other value.
    pub fn flag(&self) -> Flag {
        let Some(raw) = self.raw else { return Ok(None) };
        let text = match raw.as_bytes() {
            [b'"', ..] => unquote(raw)?,
            _ => Cow::Borrowed(raw),
        };
        if text == "1" || text.eq_ignore_ascii_case("true") {
            Ok(Some(true))
        } else if text == "0" || text.eq_ignore_ascii_case("false") {
            Ok(Some(false))
        } else {
            Err(Unreadable)
        }
    }
}

/// Returns true if two values have the same raw text or are equal strings.
fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    let text = |raw: Option<&str>| raw.and_then(|raw| unquote(raw).ok().map(Cow::into_owned));
    one == other || text(one).is_some_and(|one| text(other) == Some(one))
}

/// Returns the content of a JSON string; borrowed if it has no escapes.
fn unquote(raw: &str) -> Result<Cow<'_, str>, Unreadable> {
    let inner = inner(raw)?;
    if inner.contains('\\') {
        serde_json::from_str::<String>(raw)
            .map(Cow::Owned)
            .map_err(|_| Unreadable)
    } else {
        Ok(Cow::Borrowed(inner))
    }
}

/// Returns the text between the quotes, with escapes.
#[inline]
fn inner(raw: &str) -> Result<&str, Unreadable> {
    raw.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or(Unreadable)
}
