//! Tapes: the input of a replay, read in chunks of whole lines or rows.
//!
//! [`resolve`] turns arguments into sources, [`TapeReader`] reads the sources in order, and [`Chunk::lines`] returns
//! the records of a chunk, on any thread. The reader holds one buffer for a tape of any length. The memory use is
//! constant if the consumer keeps a constant number of chunks.
//!
//! This module handles lines, tables and bytes only. It does not depend on intents or policies.

mod buffers;
mod chunks;
mod error;
pub(crate) mod format;
pub(crate) mod lines;
pub(crate) mod object;
mod open;
pub(crate) mod parquet;
mod pattern;
mod progress;
pub(crate) mod read_at;
mod reader;
mod source;
pub(crate) mod table;

pub use chunks::Chunk;
pub use error::TapeError;
pub use lines::{Line, LineContent, Lines, write_line};
pub(crate) use lines::{Record, Records};
pub use object::Object;
pub use parquet::RowWriter;
pub use progress::Progress;
pub use reader::TapeReader;
pub use source::{OpenTape, TapeSlice, TapeSource, resolve};
pub(crate) use source::{SliceRange, Stored};
