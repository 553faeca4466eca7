//! Parts of the server's replies.

use redis::Value;

/// The items of a list; none of anything else.
pub(crate) fn list(value: Value) -> Vec<Value> {
    if let Value::Array(items) = value {
        items
    } else {
        Vec::new()
    }
}

/// The bytes of a text.
pub(crate) fn bytes(value: Value) -> Option<Vec<u8>> {
    if let Value::BulkString(bytes) = value {
        Some(bytes)
    } else if let Value::SimpleString(text) = value {
        Some(text.into_bytes())
    } else {
        None
    }
}

/// A text.
pub(crate) fn text(value: Value) -> Option<String> {
    bytes(value).and_then(|bytes| String::from_utf8(bytes).ok())
}

/// The entries that were read, of all streams.
pub(crate) fn read_entries(value: Value) -> Vec<Value> {
    list(value)
        .into_iter()
        .filter_map(|stream| list(stream).into_iter().nth(1))
        .flat_map(list)
        .collect()
}

/// The id of the last of some entries.
pub(crate) fn last_id(entries: Vec<Value>) -> Option<String> {
    let last = entries.into_iter().next_back()?;
    list(last).into_iter().next().and_then(text)
}
