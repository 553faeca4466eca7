//! A small JSON reader that keeps duplicate keys and the text of numbers, which other readers
//! discard.

/// A JSON value as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// A number, as its text; from a line also `NaN`, `Infinity` or `-Infinity`.
    Number(String),
    Text(String),
    List(Vec<Self>),
    /// All pairs of an object in the order of the text, including duplicates.
    Object(Vec<(String, Self)>),
    /// A value that follows the JSON grammar but cannot be decoded: it contains half a surrogate pair, in a string or
    /// in a key.
    Garbled(String),
}

/// The value of a key in an object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field<'a> {
    /// There is no value, or one `null`.
    Absent,
    /// There is more than one value; nulls are counted.
    Duplicate,
    One(&'a Json),
}

/// Parses a text that contains exactly one value, all of which can be decoded.
pub(crate) fn read(text: &str) -> Option<Json> {
    value(text, false).filter(|value| !is_garbled(value))
}

/// Parses a text as [`read`] does, but accepts values that cannot be decoded, and the tokens that Python writes for
/// numbers that are not finite.
pub(crate) fn read_by_grammar(text: &str) -> Option<Json> {
    value(text, true)
}

fn value(text: &str, with_tokens: bool) -> Option<Json> {
    let mut reader = Reader {
        rest: text.chars().collect::<Vec<_>>().into_iter().rev().collect(),
        with_tokens,
    };
    let value = reader.value()?;
    reader.space();
    reader.rest.is_empty().then_some(value)
}

fn is_garbled(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => false,
        Json::List(items) => items.iter().any(is_garbled),
        Json::Object(pairs) => pairs.iter().any(|(_, value)| is_garbled(value)),
        Json::Garbled(_) => true,
    }
}

/// Returns the pairs of an object.
pub(crate) fn pairs(value: &Json) -> Option<&Vec<(String, Json)>> {
    match value {
        Json::Object(pairs) => Some(pairs),
        Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::Text(_)
        | Json::List(_)
        | Json::Garbled(_) => None,
    }
}

/// Looks up the value of `key` in `object`.
pub(crate) fn field<'a>(object: &'a [(String, Json)], key: &str) -> Field<'a> {
    let mut values = object
        .iter()
        .filter(|(name, _)| name == key)
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) | (Some(Json::Null), None) => Field::Absent,
        (Some(value), None) => Field::One(value),
        (Some(_), Some(_)) => Field::Duplicate,
    }
}

/// Returns true if a key is a duplicate in this value or in a nested one.
pub(crate) fn has_duplicates(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Garbled(_) => false,
        Json::List(items) => items.iter().any(has_duplicates),
        Json::Object(pairs) => pairs.iter().enumerate().any(|(at, (key, value))| {
            pairs.iter().take(at).any(|(earlier, _)| earlier == key) || has_duplicates(value)
        }),
    }
}

/// Returns the maximum nesting depth of lists and objects.
pub(crate) fn depth(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Garbled(_) => 0,
        Json::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(pairs) => {
            1 + pairs
                .iter()
                .map(|(_, value)| depth(value))
                .max()
                .unwrap_or(0)
        }
    }
}

/// Returns compact JSON with sorted keys, raw UTF-8, and the numbers as written.
pub(crate) fn compact(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(yes) => yes.to_string(),
        Json::Number(text) => text.clone(),
        Json::Text(text) | Json::Garbled(text) => quote(text, false),
        Json::List(items) => {
            let items: Vec<String> = items.iter().map(compact).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(pairs) => {
            let mut pairs: Vec<(&String, String)> = pairs
                .iter()
                .map(|(key, value)| (key, compact(value)))
                .collect();
            pairs.sort_by_key(|(key, _)| *key);
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{}:{value}", quote(key, false)))
                .collect();
            format!("{{{}}}", pairs.join(","))
        }
    }
}

/// Returns a JSON string. If `ascii` is true, all characters outside U+0020 to U+007E are escaped.
pub(crate) fn quote(text: &str, ascii: bool) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(letter),
            _ if ascii || letter < ' ' => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// The remaining characters in reverse order.
struct Reader {
    rest: Vec<char>,
    /// The tokens `NaN`, `Infinity` and `-Infinity` are accepted.
    with_tokens: bool,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.last().copied()
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        (self.rest.pop()? == wanted).then_some(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.rest.pop();
        }
    }

    fn value(&mut self) -> Option<Json> {
        self.space();
        match self.peek()? {
            'n' => self.word("null", Json::Null),
            't' => self.word("true", Json::Bool(true)),
            'f' => self.word("false", Json::Bool(false)),
            '"' => {
                let (text, is_whole) = self.text()?;
                Some(if is_whole {
                    Json::Text(text)
                } else {
                    Json::Garbled(text)
                })
            }
            '[' => self.list(),
            '{' => self.object(),
            'N' if self.with_tokens => self.word("NaN", Json::Number("NaN".to_owned())),
            'I' if self.with_tokens => self.word("Infinity", Json::Number("Infinity".to_owned())),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        for letter in word.chars() {
            self.take(letter)?;
        }
        Some(value)
    }

    fn list(&mut self) -> Option<Json> {
        self.take('[')?;
        let mut items = Vec::new();
        self.space();
        if self.peek()? == ']' {
            self.rest.pop();
            return Some(Json::List(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            match self.rest.pop()? {
                ',' => {}
                ']' => return Some(Json::List(items)),
                _ => return None,
            }
        }
    }

    fn object(&mut self) -> Option<Json> {
        self.take('{')?;
        let mut pairs = Vec::new();
        let mut is_whole = true;
        self.space();
        if self.peek()? == '}' {
            self.rest.pop();
            return Some(Json::Object(pairs));
        }
        loop {
            self.space();
            let (key, is_key_whole) = self.text()?;
            is_whole &= is_key_whole;
            self.space();
            self.take(':')?;
            pairs.push((key, self.value()?));
            self.space();
            match self.rest.pop()? {
                ',' => {}
                '}' if is_whole => return Some(Json::Object(pairs)),
                '}' => return Some(Json::Garbled(compact(&Json::Object(pairs)))),
                _ => return None,
            }
        }
    }

    /// Parses a string, and returns whether all of it could be decoded.
    fn text(&mut self) -> Option<(String, bool)> {
        self.take('"')?;
        let (mut out, mut is_whole) = (String::new(), true);
        loop {
            match self.rest.pop()? {
                '"' => return Some((out, is_whole)),
                '\\' => match self.escape()? {
                    Ok(letter) => out.push(letter),
                    Err(half) => {
                        is_whole = false;
                        out.push_str(&format!("\\u{half:04x}"));
                    }
                },
                letter if letter < ' ' => return None,
                letter => out.push(letter),
            }
        }
    }

    /// Parses an escape. The inner result is an error if the escape is half of a surrogate pair.
    fn escape(&mut self) -> Option<Result<char, u32>> {
        Some(Ok(match self.rest.pop()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.unit()?;
                if let Some(letter) = char::from_u32(first) {
                    return Some(Ok(letter));
                }
                let second = self.second_half();
                let pair = second.filter(|_| first < 0xdc00);
                let Some(second) = pair else {
                    return Some(Err(first));
                };
                for _ in 0..6 {
                    self.rest.pop();
                }
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
                    .map(Ok);
            }
            letter @ ('"' | '\\' | '/') => letter,
            _ => return None,
        }))
    }

    /// Returns the second half of a surrogate pair if it is next, without consuming it.
    fn second_half(&self) -> Option<u32> {
        let ahead: String = self.rest.iter().rev().take(6).collect();
        let digits = ahead
            .strip_prefix("\\u")
            .filter(|digits| digits.len() == 4)?;
        let unit = u32::from_str_radix(digits, 16).ok()?;
        (0xdc00..0xe000).contains(&unit).then_some(unit)
    }

    fn unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + self.rest.pop()?.to_digit(16)?;
        }
        Some(unit)
    }

    fn number(&mut self) -> Option<Json> {
        let mut text = String::new();
        if self.peek()? == '-' {
            text.extend(self.rest.pop());
        }
        if self.with_tokens && self.peek()? == 'I' {
            return self.word("Infinity", Json::Number("-Infinity".to_owned()));
        }
        if self.peek()? == '0' {
            text.extend(self.rest.pop());
        } else {
            self.digits(&mut text)?;
        }
        if self.peek() == Some('.') {
            text.extend(self.rest.pop());
            self.digits(&mut text)?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            text.extend(self.rest.pop());
            if matches!(self.peek(), Some('+' | '-')) {
                text.extend(self.rest.pop());
            }
            self.digits(&mut text)?;
        }
        Some(Json::Number(text))
    }

    /// Parses one or more digits.
    fn digits(&mut self, text: &mut String) -> Option<()> {
        let before = text.len();
        while self.peek().is_some_and(|letter| letter.is_ascii_digit()) {
            text.extend(self.rest.pop());
        }
        (text.len() > before).then_some(())
    }
}
