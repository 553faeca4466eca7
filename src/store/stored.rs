//! What lies where the policy belongs, before anybody says that it is one.

use super::StoreError;
use crate::{
    domain::PolicyHash,
    policy::{Policy, PolicyAbsence, PolicyRefusal, canonical_hash},
};

/// What a store holds in the policy's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// Nothing.
    Nothing,
    /// Names and texts, sorted by name.
    Fields(Vec<(String, String)>),
    /// The text of a JSON document.
    Document(String),
    /// Something that has no fields.
    Unreadable {
        /// The key, or the file.
        place: String,
        /// What is there.
        found: String,
        /// What should be there.
        bound: String,
    },
}

impl Stored {
    /// The policy, or why it is none.
    ///
    /// # Errors
    /// There is nothing, or what there is is no policy.
    pub fn policy(&self) -> Result<Policy, PolicyAbsence> {
        match self {
            Self::Nothing => Err(PolicyAbsence::NotFound),
            Self::Fields(fields) => Ok(Policy::from_fields(fields.iter().cloned())?),
            Self::Document(text) => Ok(Policy::from_json(text)?),
            Self::Unreadable {
                place,
                found,
                bound,
            } => Err(PolicyRefusal::unreadable(place, found, bound).into()),
        }
    }

    /// The hash of the fields, whatever else may be wrong with them: what a writer that replaces them saw.
    ///
    /// # Errors
    /// There is something, and it has no fields.
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
