//! Redis streams and their entries, as read by the bridge, the recorder and a replay.

mod entry;
mod reader;
mod source;

pub(crate) use self::entry::{StreamEntry, hash_part, id_parts, short_hex};
pub use source::StreamSource;
