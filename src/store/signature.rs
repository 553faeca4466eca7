//! Who made a policy: Ed25519 over the 32 bytes of its hash, in base64 in `policy_sig`.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;

use crate::{
    domain::PolicyHash,
    policy::{Policy, PolicyAbsence, field},
};

/// The keys whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKeys(Vec<VerifyingKey>);

/// A text that is no key. The text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not 32 bytes in base64.
    #[error("not 32 bytes in base64 (44 characters, the last of them `=`)")]
    NotABase64Key,
    /// No point of the curve, or a weak one, under which anything can be signed.
    #[error("no public key of Ed25519")]
    NotAPublicKey,
}

impl TrustedKeys {
    /// None: signatures are not asked for.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Public keys, 32 bytes in base64 each. Given one, a policy that none of them signed is not taken.
    ///
    /// # Errors
    /// A text that is no public key.
    pub fn from_base64<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, KeyError> {
        let keys = keys.into_iter().map(|text| {
            let key =
                VerifyingKey::from_bytes(&decoded(text)?).map_err(|_| KeyError::NotAPublicKey)?;
            if key.is_weak() {
                return Err(KeyError::NotAPublicKey);
            }
            Ok(key)
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// Whether signatures are not asked for.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Asks whether one of the keys signed the policy.
    ///
    /// # Errors
    /// There are keys, and none of them did: there is no signature, or it is no signature, or of another hash
    /// or key.
    pub fn verify(&self, policy: &Policy) -> Result<(), PolicyAbsence> {
        if self.is_none() || self.signed(policy) {
            Ok(())
        } else {
            Err(PolicyAbsence::SignatureInvalid)
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

/// Signs policies. Its secret is shown nowhere, and is wiped when it is dropped.
#[derive(Clone)]
pub struct PolicySigner(SigningKey);

impl PolicySigner {
    /// From the secret: 32 bytes in base64.
    ///
    /// # Errors
    /// Any other text.
    pub fn from_base64(secret: &str) -> Result<Self, KeyError> {
        decoded(secret).map(|bytes| Self(SigningKey::from_bytes(&bytes)))
    }

    /// The public key, in base64: what a reader trusts.
    #[must_use]
    pub fn public_key(&self) -> String {
        Base64::encode_string(self.0.verifying_key().as_bytes())
    }

    /// The signature of a hash, in base64: what stands in `policy_sig`.
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

fn decoded(text: &str) -> Result<[u8; 32], KeyError> {
    let mut bytes = [0; 32];
    match Base64::decode(text.trim(), &mut bytes) {
        Ok(read) if read.len() == 32 => Ok(bytes),
        Ok(_) | Err(_) => Err(KeyError::NotABase64Key),
    }
}
