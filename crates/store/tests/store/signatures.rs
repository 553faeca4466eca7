//! Tests of policy signatures.

use std::sync::Arc;

use portcullis::{guardrails::Guardrails, policy::Policy};
use portcullis_store::{
    InvalidKeyError, MemoryStore, PolicySigner, PolicyStore, PublicationId, PublishError, Rollback,
    SequenceGuard, Stored, TrustedKeys, VerifyingReader,
};

use crate::policies::{
    UNTIL, absence, ada, fields_of, now, policy, publication, replaced, with_hash,
};

/// The secret key with the bytes 0 to 31. A separate program in another language computed its
/// public key.
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PUBLIC: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";

fn signer() -> PolicySigner {
    PolicySigner::from_base64(SECRET).unwrap()
}

fn other() -> PolicySigner {
    PolicySigner::from_base64("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap()
}

fn reader(store: &Arc<MemoryStore>, keys: &[&str]) -> VerifyingReader<Arc<MemoryStore>> {
    let keys = TrustedKeys::from_base64(keys.iter().copied()).unwrap();
    VerifyingReader::new(Arc::clone(store), SequenceGuard::in_memory()).with_trusted_keys(keys)
}

#[test]
fn a_policy_signed_by_a_trusted_key_is_accepted() {
    assert_eq!(signer().public_key(), PUBLIC);
    let store = Arc::new(MemoryStore::new());
    let signed = publication("1", "").with_signer(signer());
    let receipt = store.publish(&signed, None).unwrap();
    assert_eq!(
        receipt.policy().fields()["policy_sig"],
        signer().sign(receipt.hash())
    );
    assert_eq!(absence(reader(&store, &[PUBLIC]).load()), "a policy: 1");
    let both = [other().public_key(), PUBLIC.to_owned()];
    let both: Vec<_> = both.iter().map(String::as_str).collect();
    assert_eq!(absence(reader(&store, &both).load()), "a policy: 1");
    assert_eq!(absence(reader(&store, &[]).load()), "a policy: 1");
    assert!(TrustedKeys::none().is_none());
}

#[test]
fn a_policy_without_a_trusted_signature_is_rejected() {
    let store = Arc::new(MemoryStore::new());
    let reader = reader(&store, &[PUBLIC]);
    let check = |fields: Vec<(String, String)>| {
        store.put(Stored::Fields(fields));
        assert_eq!(absence(reader.load()), "SignatureInvalid");
    };
    let whole = with_hash(&policy("1", ""), Some(1));
    let hash = Policy::from_fields(whole.clone()).unwrap().hash();
    let sign = |value: &str| replaced(&whole, "policy_sig", Some(value));
    let good = signer().sign(hash);
    check(whole.clone());
    check(sign(""));
    check(sign("none"));
    check(sign(&other().sign(hash)));
    check(sign(&good.replace('=', "")));
    check(sign(&format!(" {good}")));
    check(sign(&signer().sign(policy("2", "").hash())));
    // This signature has changed bits.
    let flipped = if good.starts_with('A') { 'B' } else { 'A' };
    check(sign(&format!("{flipped}{}", &good[1..])));
    // The signature of the old fields is not valid for changed ones, even without a `policy_hash`.
    let extended = replaced(&sign(&good), "valid_until_epoch", Some("1866550734"));
    check(replaced(&extended, "policy_hash", None));
    // A rejected policy does not raise the remembered sequence.
    store.put(Stored::Fields(sign(&good)));
    assert_eq!(absence(reader.load()), "a policy: 1");
}

#[test]
fn a_publication_does_not_invalidate_a_signature() {
    let store = MemoryStore::new();
    let bare = fields_of(&policy("1", ""));
    let hash = Policy::from_fields(bare.clone()).unwrap().hash();
    let signed = replaced(&bare, "policy_sig", Some(&signer().sign(hash)));
    let signed = Policy::from_fields(signed).unwrap();
    let none = Guardrails::none();
    let publish = |policy: Policy| {
        portcullis_store::Publication::new(policy, &none, ada(), now())
            .and_then(|publication| store.publish(&publication, None))
    };
    // A new sequence would change the hash.
    assert_eq!(
        publish(signed).unwrap_err(),
        PublishError::SignedWithoutSequence
    );
    let numbered = with_hash(&policy("1", ""), Some(3));
    let hash = Policy::from_fields(numbered.clone()).unwrap().hash();
    let numbered = replaced(&numbered, "policy_sig", Some(&signer().sign(hash)));
    let receipt = publish(Policy::from_fields(numbered.clone()).unwrap()).unwrap();
    assert_eq!(fields_of(receipt.policy()).len(), numbered.len());
    let keys = TrustedKeys::from_base64([PUBLIC]).unwrap();
    assert_eq!(keys.verify(&store.load().unwrap()), Ok(()));

    // A rollback is a new publication, with a new signature or none.
    let mut back = Rollback {
        publication: PublicationId::Seq(3),
        valid_until: portcullis::types::Timestamp::parse_epoch_seconds(UNTIL).unwrap(),
        guardrails: &none,
        operator: ada(),
        now: now(),
        signer: None,
    };
    let unsigned = store.rollback(&back, Some(receipt.hash())).unwrap();
    assert!(!unsigned.policy().fields().contains_key("policy_sig"));
    assert!(keys.verify(unsigned.policy()).is_err());
    let signer = signer();
    back.signer = Some(&signer);
    let signed = store.rollback(&back, Some(unsigned.hash())).unwrap();
    assert_eq!(keys.verify(signed.policy()), Ok(()));
}

#[test]
fn keys_are_parsed_and_secrets_are_not_printed() {
    assert_eq!(
        PolicySigner::from_base64("x").unwrap_err(),
        InvalidKeyError::NotBase64
    );
    let short = TrustedKeys::from_base64(["AAAA"]);
    assert_eq!(short, Err(InvalidKeyError::NotBase64));
    // With the neutral element as the key, signatures can be forged.
    let weak = TrustedKeys::from_base64(["AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]);
    assert_eq!(weak, Err(InvalidKeyError::NotPublicKey));
    let shown = format!("{:?}", publication("1", "").with_signer(signer()));
    assert!(!shown.contains(SECRET) && shown.contains(PUBLIC));
}

/// A signature covers the sequence. If a signed policy has no sequence, the store would have to add one, which
/// invalidates the signature; only a publication with a signer can then be accepted.
#[test]
fn a_signature_without_a_sequence_is_replaced_or_rejected() {
    let old = || publication("1", r#""policy_sig": "of another sequence","#);
    let store = Arc::new(MemoryStore::new());
    assert_eq!(
        store.publish(&old(), None).unwrap_err(),
        PublishError::SignedWithoutSequence
    );
    let receipt = store.publish(&old().with_signer(signer()), None).unwrap();
    assert_eq!(
        receipt.policy().fields()["policy_sig"],
        signer().sign(receipt.hash())
    );
}

#[test]
fn a_message_is_accepted_with_a_signature_of_one_of_the_keys() {
    let trusted = |keys: &[&str]| TrustedKeys::from_base64(keys.iter().copied()).unwrap();
    let message = b"a message of another kind than a policy";
    let (signature, others) = (signer().sign_message(message), other().public_key());
    assert!(trusted(&[PUBLIC]).have_signed(message, &signature));
    assert!(trusted(&[&others, PUBLIC]).have_signed(message, &signature));
    assert!(!trusted(&[&others]).have_signed(message, &signature));
    assert!(!TrustedKeys::none().have_signed(message, &signature));
    assert!(!trusted(&[PUBLIC]).have_signed(b"another message", &signature));
    for wrong in [
        "",
        "AAAA",
        signature.trim_end_matches('='),
        &format!("{signature}AAAA"),
    ] {
        assert!(!trusted(&[PUBLIC]).have_signed(message, wrong), "{wrong}");
    }
}
