//! Signed checkpoints.

use std::{fmt, str::FromStr};

use portcullis::types::Timestamp;
use portcullis_store::{PolicySigner, TrustedKeys};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    digest::Digest,
    json::{self, Format, millis, text},
    position::StreamPosition,
};

/// A signed statement about the log up to a row. It contains the digest of the previous checkpoint.
///
/// Its text ([`fmt::Display`]) is the line in the log. Store the text of the last checkpoint in another place, such as the
/// policy store; [`verify`](crate::verify) then finds a log that was truncated before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    content: Content,
    signature: String,
}

/// The canonical bytes of a checkpoint are its JSON, with the fields in this order and without white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: Format,
    checkpoint: u64,
    row: u64,
    #[serde(with = "text")]
    position: StreamPosition,
    #[serde(with = "text")]
    head: Digest,
    #[serde(with = "millis")]
    at: Timestamp,
    #[serde(with = "text")]
    previous: Digest,
}

/// The reason why a text is not a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a checkpoint: {0}")]
pub struct CheckpointError(String);

impl Checkpoint {
    /// Signs a checkpoint after `previous`, for the row with this position and head.
    pub(crate) fn sign(
        signer: &PolicySigner,
        previous: Option<&Self>,
        row: u64,
        (position, head): (StreamPosition, Digest),
        at: Timestamp,
    ) -> Self {
        let content = Content {
            format: Format,
            checkpoint: previous.map_or(0, Self::number).saturating_add(1),
            row,
            position,
            head,
            at,
            previous: previous.map_or(Digest::ZERO, Self::digest),
        };
        let signature = signer.sign_message(json::write(&content).as_bytes());
        Self { content, signature }
    }

    /// Returns true if one of the keys signed the checkpoint.
    #[must_use]
    pub fn is_signed_by(&self, keys: &TrustedKeys) -> bool {
        keys.have_signed(json::write(&self.content).as_bytes(), &self.signature)
    }

    /// Returns the number of the checkpoint, counted from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.content.checkpoint
    }

    /// Returns the number of the last row before the checkpoint.
    #[must_use]
    pub const fn row(&self) -> u64 {
        self.content.row
    }

    /// Returns the position of that row in the source stream.
    #[must_use]
    pub const fn position(&self) -> StreamPosition {
        self.content.position
    }

    /// Returns the head: the digest of the chain after that row.
    #[must_use]
    pub const fn head(&self) -> Digest {
        self.content.head
    }

    /// Returns the time of the checkpoint.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.content.at
    }

    /// Returns the digest of the previous checkpoint; [`Digest::ZERO`] for the first checkpoint.
    #[must_use]
    pub const fn previous(&self) -> Digest {
        self.content.previous
    }

    /// Returns the digest of the checkpoint: the SHA-256 of its canonical bytes, without the signature.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(json::write(&self.content))
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "checkpoint {} {}",
            self.signature,
            json::write(&self.content)
        )
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Parses the text form. The signature is not checked.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut parts = text.splitn(3, ' ');
        let (Some("checkpoint"), Some(signature), Some(content)) =
            (parts.next(), parts.next(), parts.next())
        else {
            let reason = "the text does not have the form `checkpoint SIGNATURE JSON`";
            return Err(CheckpointError(reason.to_owned()));
        };
        Ok(Self {
            content: json::read(content).map_err(CheckpointError)?,
            signature: signature.to_owned(),
        })
    }
}
