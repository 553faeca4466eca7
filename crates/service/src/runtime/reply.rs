//! Parsing of Redis replies.

use redis::Value;

/// Returns the items of a list; empty if the value is not a list.
pub(crate) fn list(value: Value) -> Vec<Value> {
    if let Value::Array(items) = value {
        items
    } else {
        Vec::new()
    }
}

/// Returns the bytes of a string; `None` if the value is not a string.
pub(crate) fn bytes(value: Value) -> Option<Vec<u8>> {
    if let Value::BulkString(bytes) = value {
        Some(bytes)
    } else if let Value::SimpleString(text) = value {
        Some(text.into_bytes())
    } else {
        None
    }
}

/// Returns a string; `None` if the value is not a string or not UTF-8.
pub(crate) fn text(value: Value) -> Option<String> {
    bytes(value).and_then(|bytes| String::from_utf8(bytes).ok())
}

/// Returns the entries of all streams in a reply to a read.
pub(crate) fn read_entries(value: Value) -> Vec<Value> {
    list(value)
        .into_iter()
        .filter_map(|stream| list(stream).into_iter().nth(1))
        .flat_map(list)
        .collect()
}

/// Returns the id of the last entry; `None` if there are no entries.
pub(crate) fn last_id(entries: Vec<Value>) -> Option<String> {
    let last = entries.into_iter().next_back()?;
    list(last).into_iter().next().and_then(text)
}
