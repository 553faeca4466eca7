//! The stored content of a policy before validation.

use super::StoreError;
use portcullis::{
    policy::{InvalidPolicyError, Policy, PolicyUnavailable, canonical_hash},
    types::PolicyHash,
};

/// The content that a store holds as its policy, before validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// There is no content.
    Nothing,
    /// Pairs of name and text, sorted by name.
    Fields(Vec<(String, String)>),
    /// The text of a JSON document.
    Document(String),
    /// Content that has no fields.
    Unreadable {
        /// The Redis key or the file.
        place: String,
        /// The kind of content that was found.
        found: String,
        /// The kind of content that is required.
        bound: String,
    },
}

impl Stored {
    /// Validates the content and returns the policy.
    ///
    /// # Errors
    /// Returns an error if there is no content, or if it is not a valid policy.
    pub fn policy(&self) -> Result<Policy, PolicyUnavailable> {
        match self {
            Self::Nothing => Err(PolicyUnavailable::NotFound),
            Self::Fields(fields) => Ok(Policy::from_fields(fields.iter().cloned())?),
            Self::Document(text) => Ok(Policy::from_json(text)?),
            Self::Unreadable {
                place,
                found,
                bound,
            } => Err(InvalidPolicyError::unreadable(place, found, bound).into()),
        }
    }

    /// Returns the hash of the fields, even if they are not a valid policy; `None` if there is no content. A writer
    /// uses it to detect a concurrent change.
    ///
    /// # Errors
    /// Returns an error if the content has no fields.
    pub fn hash(&self) -> Result<Option<PolicyHash>, StoreError> {
        match self {
            Self::Nothing => Ok(None),
            Self::Fields(fields) => {
                let pairs = fields.iter().map(|(k, v)| (k.as_str(), v.as_str()));
                Ok(Some(canonical_hash(pairs)))
            }
            Self::Document(text) => match Policy::hash_of(text) {
                Ok(hash) => Ok(Some(hash)),
                Err(refusal) => Err(StoreError::Foreign {
                    what: "the policy".to_owned(),
                    why: refusal.to_string(),
                }),
            },
            Self::Unreadable {
                place,
                found,
                bound,
            } => Err(StoreError::Foreign {
                what: format!("`{place}`"),
                why: format!("{found}, not {bound}"),
            }),
        }
    }
}
