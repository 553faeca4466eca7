//! Reading one field.

use std::borrow::Cow;

/// One field as it stood in its object.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slot<'a> {
    raw: Option<&'a str>,
    seen_as: SeenAs,
    seen: bool,
    twice: bool,
    differs: bool,
}

/// What whoever found a value saw of it on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum SeenAs {
    /// Nothing but that it is JSON.
    #[default]
    Value,
    /// `null`, which is absent.
    Null,
    /// A string without escapes.
    PlainText,
    /// The JSON number of this value.
    Number(f64),
}

/// A value that is there and that nothing can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// A flag: true, false, or the digits and words for them.
pub(crate) type Flag = Result<Option<bool>, Unreadable>;

impl<'a> Slot<'a> {
    /// Takes the text of a value, and says whether another stood here before.
    #[inline]
    pub(super) fn fill(&mut self, raw: &'a str, seen_as: SeenAs) -> bool {
        let raw = (seen_as != SeenAs::Null).then_some(raw);
        if self.seen {
            self.twice = true;
            self.differs |= !is_same(self.raw, raw);
        }
        self.seen = true;
        self.raw = raw;
        self.seen_as = seen_as;
        self.twice
    }

    /// Whether the key stood in the object more than once, and not always with the same value. A string is the same
    /// however it is escaped.
    pub(crate) const fn differs(&self) -> bool {
        self.differs
    }

    /// Whether the key stood in the object more than once.
    pub(crate) const fn twice(&self) -> bool {
        self.twice
    }

    /// The value's own text, if there is a value.
    pub(crate) const fn raw(&self) -> Option<&'a str> {
        self.raw
    }

    /// Whether there is a value.
    pub(crate) const fn is_present(&self) -> bool {
        self.raw.is_some()
    }

    /// A JSON string, without its quotes and escapes.
    #[inline]
    pub(crate) fn text(&self) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self.raw {
            None => Ok(None),
            Some(raw) if self.seen_as == SeenAs::PlainText => {
                inner(raw).map(Cow::Borrowed).map(Some)
            }
            Some(raw) => unquote(raw).map(Some),
        }
    }

    /// A JSON number as its own text, or the text of a JSON string.
    pub(crate) fn number_text(&self) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match (self.raw, self.seen_as) {
            (Some(raw), SeenAs::Number(_)) => Ok(Some(Cow::Borrowed(raw))),
            (Some(raw), _) if matches!(raw.as_bytes(), [b'-' | b'0'..=b'9', ..]) => {
                Ok(Some(Cow::Borrowed(raw)))
            }
            _ => self.text(),
        }
    }

    /// A JSON number or a numeric string; NaN stands for a value that is no number, or that stands twice.
    #[inline]
    pub(crate) fn number(&self) -> Option<f64> {
        match self.seen_as {
            _ if self.twice => Some(f64::NAN),
            _ if !self.is_present() => None,
            SeenAs::Number(number) => Some(number),
            SeenAs::Value | SeenAs::Null | SeenAs::PlainText => self.read_number(),
        }
    }

    fn read_number(&self) -> Option<f64> {
        match self.number_text() {
            Ok(None) => None,
            Ok(Some(text)) => Some(text.parse().unwrap_or(f64::NAN)),
            Err(Unreadable) => Some(f64::NAN),
        }
    }

    /// true or false in any case, as text too; 1 or 0.
    pub(crate) fn flag(&self) -> Flag {
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

/// Whether two values are one, as they are written or as the strings that they are.
fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    let text = |raw: Option<&str>| raw.and_then(|raw| unquote(raw).ok().map(Cow::into_owned));
    one == other || text(one).is_some_and(|one| text(other) == Some(one))
}

/// The text of a JSON string; borrowed where it holds no escapes.
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

/// What stands between the quotes.
#[inline]
fn inner(raw: &str) -> Result<&str, Unreadable> {
    raw.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or(Unreadable)
}
