//! Streams of a Redis server: their entries, as the bridge, a recording and a replay read them.

mod entry;
mod reader;
mod source;

pub(crate) use self::{
    entry::{StreamEntry, hash_part, short_hex},
    reader::StreamReader,
};
pub use source::StreamSource;
