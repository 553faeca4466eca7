//! Redis streams and their entries, as read by the bridge, the recorder and a replay.

mod entry;
mod json_text;
mod reader;
mod source;

pub(crate) use self::entry::{IntentFields, StreamEntry, hash_part, id_parts, short_hex};
pub use source::StreamSource;
