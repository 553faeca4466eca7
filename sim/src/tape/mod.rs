//! The input side of a replay: tapes, read in chunks of whole lines.
//!
//! [`resolve`] turns arguments into sources, [`TapeReader`] reads them one after the other, and
//! [`Chunk::lines`] gives the records of a chunk, which any thread may do. However long a tape is, the
//! reader holds one buffer; a consumer that keeps few chunks keeps memory constant.
//!
//! This module knows lines and bytes. It knows nothing of JSON, intents or policies.

mod buffers;
mod chunks;
mod error;
mod lines;
mod open;
pub(crate) mod parquet;
mod progress;
mod reader;
mod source;

pub use chunks::{Chunk, LINE_BYTES_MAX};
pub use error::TapeError;
pub use lines::{Line, LineContent, Lines};
pub use parquet::RowWriter;
pub use progress::Progress;
pub use reader::TapeReader;
pub use source::{TapeSource, resolve};
