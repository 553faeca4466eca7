//! Signatures with Ed25519. The signature of a policy is over the 32 bytes of its hash, in base64 in `policy_sig`.

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

    /// Returns true if one of the keys signed the message. The signature is in base64. Without keys, this is false.
    #[must_use]
    pub fn have_signed(&self, message: &[u8], signature: &str) -> bool {
        let mut bytes = [0; Signature::BYTE_SIZE];
        let decoded = Base64::decode(signature, &mut bytes);
        if decoded.map_or(0, <[u8]>::len) != Signature::BYTE_SIZE {
            return false;
        }
        let signature = Signature::from_bytes(&bytes);
        let mut keys = self.0.iter();
        keys.any(|key| key.verify_strict(message, &signature).is_ok())
    }

    fn signed(&self, policy: &Policy) -> bool {
        let signature = policy.fields().get(field::POLICY_SIG);
        signature.is_some_and(|text| self.have_signed(policy.hash().as_bytes(), text))
    }
}

/// A signing key for policies and for other messages. The secret is never printed, and it is wiped from memory when the
/// signer is dropped.
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
        self.sign_message(hash.as_bytes())
    }

    /// Signs a message and returns the signature in base64. A message of 32 bytes could be the hash of a policy, so every
    /// other kind of message must have another length.
    #[must_use]
    pub fn sign_message(&self, message: &[u8]) -> String {
        Base64::encode_string(&self.0.sign(message).to_bytes())
    }
}

impl PolicySigner {
    /// Returns true if this key signed the message. The signature is in base64.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &str) -> bool {
        TrustedKeys(vec![self.0.verifying_key()]).have_signed(message, signature)
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
