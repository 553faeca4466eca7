//! Rows of the log.

use portcullis::types::{PolicyHash, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    digest::Digest,
    json::{millis, optional_text, reason, text},
    position::StreamPosition,
};

/// The maximum length of an answer, in bytes. It is the maximum length of a record on a tape.
pub(crate) const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The maximum length of the engine version, in bytes.
const ENGINE_BYTES_MAX: usize = 256;

/// One answer that is to be appended to the log.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The position of the answer in the source stream.
    pub position: StreamPosition,
    /// The answer: one JSON object without line breaks, which is stored as it is.
    pub answer: &'a str,
    /// The digest of the guardrails under which the engine decided; `None` if there were no guardrails.
    pub guardrails_hash: Option<Digest>,
    /// The version of the engine that decided.
    pub engine: &'a str,
    /// The hash of the policy; `None` if there was no policy.
    pub policy_hash: Option<PolicyHash>,
}

/// One row of the log.
///
/// The canonical bytes of a row are its JSON, with the fields in this order, without white space between them, and
/// without the fields that are absent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row<'a> {
    /// The number of the row, counted from 1.
    pub(crate) row: u64,
    #[serde(with = "text")]
    pub(crate) position: StreamPosition,
    #[serde(with = "millis")]
    pub(crate) written_at: Timestamp,
    pub(crate) engine: String,
    #[serde(
        with = "optional_text",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) guardrails_hash: Option<Digest>,
    #[serde(
        with = "optional_text",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) policy_hash: Option<PolicyHash>,
    #[serde(borrow)]
    pub(crate) answer: &'a RawValue,
}

impl<'a> Row<'a> {
    /// Creates a row.
    ///
    /// # Errors
    /// Returns the reason if the answer is not one JSON object on one line, or if a text is too long.
    pub(crate) fn new(row: u64, entry: &Entry<'a>, now: Timestamp) -> Result<Self, String> {
        if entry.answer.len() > ANSWER_BYTES_MAX {
            let bytes = entry.answer.len();
            return Err(format!(
                "the answer has {bytes} bytes; the limit is {ANSWER_BYTES_MAX} bytes"
            ));
        }
        if entry.engine.len() > ENGINE_BYTES_MAX {
            return Err(format!(
                "the engine version has {} bytes; the limit is {ENGINE_BYTES_MAX} bytes",
                entry.engine.len()
            ));
        }
        let answer: &RawValue = serde_json::from_str(entry.answer)
            .map_err(|error| format!("the answer is not JSON: {}", reason(&error)))?;
        let row = Self {
            row,
            position: entry.position,
            written_at: now,
            engine: entry.engine.to_owned(),
            guardrails_hash: entry.guardrails_hash,
            policy_hash: entry.policy_hash,
            answer,
        };
        row.check()?;
        Ok(row)
    }

    /// Checks that the answer is an object on one line.
    pub(crate) fn check(&self) -> Result<(), String> {
        let answer = self.answer.get();
        if !answer.starts_with('{') {
            return Err("the answer is not a JSON object".to_owned());
        }
        if answer.bytes().any(|byte| byte < b' ') {
            return Err(
                "the answer has a line break or a tab between its fields; write it on one line"
                    .to_owned(),
            );
        }
        Ok(())
    }
}
