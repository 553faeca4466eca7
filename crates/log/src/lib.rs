//! An append-only log of decisions in a directory, with a hash chain and signed checkpoints.
//!
//! [`DecisionLog`] appends the answers of a stream, one row for each entry. The digest of each row covers the previous
//! digest, so that a row cannot be edited, dropped or swapped alone. A [`Checkpoint`] is signed with Ed25519 and contains
//! the digest of the last row and of the previous checkpoint. If the last checkpoint is also stored in another place,
//! [`verify`] finds a log that was truncated before it.
//!
//! `docs/log.md` describes the format, and contains a program in Python that verifies a log.
//!
//! ```
//! use std::num::{NonZeroU32, NonZeroU64};
//!
//! use portcullis::types::Timestamp;
//! use portcullis_log::{DecisionLog, Digest, Entry, Settings, verify};
//! use portcullis_store::{PolicySigner, TrustedKeys};
//!
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path();
//! let signer = PolicySigner::from_base64("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")?;
//! let keys = TrustedKeys::from_base64([&*signer.public_key()])?;
//! let number = |number| NonZeroU32::new(number).ok_or("zero");
//! let settings = Settings {
//!     checkpoint_rows: number(1000)?,
//!     checkpoint_sec: number(60)?,
//!     rotate_bytes: NonZeroU64::new(64 << 20).ok_or("zero")?,
//!     rotate_sec: number(86_400)?,
//!     retain_files: None,
//!     retain_sec: None,
//! };
//!
//! let mut log = DecisionLog::open(directory, signer, settings)?;
//! let entry = Entry {
//!     position: "1767571200000-0".parse()?,
//!     answer: r#"{"id":"1767571200000-0","decision":"SKIP","reason":"POLICY_MISSING"}"#,
//!     guardrails_hash: Some(Digest::of("{}")),
//!     engine: "0.1.0",
//!     policy_hash: None,
//! };
//! let now = Timestamp::from_millis(1_767_571_200_050)?;
//! assert_eq!(log.append(&[entry], now)?.written, 1);
//! // The same entry is not written again.
//! assert_eq!(log.append(&[entry], now)?.repeated, 1);
//!
//! // After a minute, there is a checkpoint without a new row.
//! let later = Timestamp::from_millis(1_767_571_260_050)?;
//! let checkpoints = log.append(&[], later)?.checkpoints;
//! let stored = checkpoints.last();
//! assert!(verify(directory, &keys, stored)?.is_verified());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Architecture invariant:** a checkpoint is written only after all rows before it are on the disk, and no file is
//! removed before its sealed form is. This crate has no clock: the caller passes the time.

#[cfg(test)]
extern crate self as portcullis_log;

mod answers;
mod checkpoint;
mod digest;
mod disk;
mod error;
mod fault;
mod files;
mod json;
mod line;
mod log;
mod position;
mod recovery;
mod row;
mod scan;
mod settings;
#[cfg(test)]
mod tests;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use digest::{Digest, DigestError};
pub use error::LogError;
pub use fault::{Fault, Leftover};
pub use log::{Appended, DecisionLog};
pub use position::{StreamPosition, StreamPositionError};
pub use row::Entry;
pub use settings::Settings;
pub use verify::{Verification, verify};
