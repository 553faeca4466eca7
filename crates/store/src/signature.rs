//! Policy signatures: Ed25519 over the 32 bytes of the policy hash, in base64 in `policy_sig`.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;

use portcullis::{
    policy::{Policy, PolicyUnavailable, field},
    types::PolicyHash,
};

/// The public keys whose signatures are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKeys(Vec<VerifyingKey>);

/// An error of a key. It does not contain the text of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidKeyError {
    /// The text is not 32 bytes in base64.
    #[error("the key is not 32 bytes in base64 (44 characters, the last one is `=`)")]
    NotBase64,
    /// The bytes are not a point of the curve, or they are a weak key, for which signatures can be forged.
    #[error("the key is not a valid Ed25519 public key")]
    NotPublicKey,
}

impl TrustedKeys {
    /// Returns an empty set, which turns the signature check off.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Parses public keys, each 32 bytes in base64. With at least one key, a policy that none of them signed is
    /// rejected.
    ///
    /// # Errors
    /// Returns an error if a text is not a public key.
    pub fn from_base64<'a>(
        keys: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidKeyError> {
        let keys = keys.into_iter().map(|text| {
            let key = VerifyingKey::from_bytes(&decoded(text)?)
                .map_err(|_| InvalidKeyError::NotPublicKey)?;
            if key.is_weak() {
                return Err(InvalidKeyError::NotPublicKey);
            }
            Ok(key)
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// Returns true if there are no keys, so that signatures are not checked.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that one of the keys signed the policy. Without keys, every policy passes.
    ///
    /// # Errors
    /// Returns an error if the signature is missing, malformed, for another hash, or by another key.
    pub fn verify(&self, policy: &Policy) -> Result<(), PolicyUnavailable> {
        if self.is_none() || self.signed(policy) {
            Ok(())
        } else {
            Err(PolicyUnavailable::SignatureInvalid)
        }
    }

    fn signed(&self, policy: &Policy) -> bool {
        let mut bytes = [0; Signature::BYTE_SIZE];
        let text = policy.fields().get(field::POLICY_SIG);
        let decoded = text.and_then(|text| Base64::decode(text, &mut bytes).ok());
        if decoded.is_none_or(|decoded| decoded.len() != Signature::BYTE_SIZE) {
            return false;
        }
        let signature = Signature::from_bytes(&bytes);
        let hash = policy.hash();
        let mut keys = self.0.iter();
        keys.any(|key| key.verify_strict(hash.as_bytes(), &signature).is_ok())
    }
}

/// A signing key for policies. The secret is never printed, and it is wiped from memory when the signer is dropped.
#[derive(Clone)]
pub struct PolicySigner(SigningKey);

impl PolicySigner {
    /// Parses the secret key: 32 bytes in base64.
    ///
    /// # Errors
    /// Returns an error if the text is not 32 bytes in base64.
    pub fn from_base64(secret: &str) -> Result<Self, InvalidKeyError> {
        decoded(secret).map(|bytes| Self(SigningKey::from_bytes(&bytes)))
    }

    /// Returns the public key in base64, for the trusted keys of a reader.
    #[must_use]
    pub fn public_key(&self) -> String {
        Base64::encode_string(self.0.verifying_key().as_bytes())
    }

    /// Signs a hash and returns the signature in base64, for `policy_sig`.
    #[must_use]
    pub fn sign(&self, hash: PolicyHash) -> String {
        Base64::encode_string(&self.0.sign(hash.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for PolicySigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicySigner({})", self.public_key())
    }
}

fn decoded(text: &str) -> Result<[u8; 32], InvalidKeyError> {
    let mut bytes = [0; 32];
    match Base64::decode(text.trim(), &mut bytes) {
        Ok(read) if read.len() == 32 => Ok(bytes),
        Ok(_) | Err(_) => Err(InvalidKeyError::NotBase64),
    }
}
