//! Tests of which policies the bridge accepts: signatures, sequences and TLS.

use std::fs;

use portcullis::{guardrails::Guardrails, policy::Policy};
use portcullis_store::{Operator, PolicySigner, PolicyStore as _, Publication, RedisStore};

use super::{
    certificates::Certificates,
    process::{Bridge, POLICY, Server, eventually, free_port, instant_in, sample},
};

/// Publishes through the policy store.
fn publish(server: &Server, valid_for: u64, signer: Option<PolicySigner>) {
    let store = RedisStore::open(&server.url()).unwrap();
    let policy = Policy::from_json(&sample(valid_for)).unwrap();
    let operator = Operator::new("test");
    let publication = Publication::new(policy, &Guardrails::none(), operator, instant_in(0));
    let mut publication = publication.unwrap();
    if let Some(signer) = signer {
        publication = publication.with_signer(signer);
    }
    store
        .publish(&publication, store.current_hash().unwrap())
        .unwrap();
}

#[test]
fn only_policies_signed_by_a_trusted_key_are_accepted() {
    let server = Server::start();
    let mut redis = server.connect();
    let folder = tempfile::tempdir().unwrap();
    let signer =
        || PolicySigner::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let key = folder.path().join("key.pub");
    fs::write(&key, signer().public_key() + "\n").unwrap();
    publish(&server, 3600, None);
    let bridge = Bridge::start(&server.url(), &["--trusted-key", key.to_str().unwrap()]);
    redis.intent("unsigned", "BTCUSDT");
    assert_eq!(redis.await_answer("unsigned"), "POLICY_SIGNATURE_INVALID");
    publish(&server, 3600, Some(signer()));
    bridge.await_log("POLICY_LOADED");
    redis.intent("signed", "BTCUSDT");
    assert_eq!(redis.await_answer("signed"), "TRADE");
    // An unsigned policy does not replace the signed one.
    publish(&server, 7200, None);
    eventually("a refusal", || {
        bridge
            .log()
            .matches("POLICY_SIGNATURE_INVALID, the previous policy stays active")
            .count()
            == 1
    });
    redis.intent("still", "BTCUSDT");
    assert_eq!(redis.await_answer("still"), "TRADE");
}

#[test]
fn a_sequence_is_remembered_across_a_restart() {
    let server = Server::start();
    let mut redis = server.connect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sequence");
    let options = ["--sequence-file", file.to_str().unwrap()];
    publish(&server, 3600, None);
    let dump = redis.dump(POLICY);
    publish(&server, 3600, None);
    let bridge = Bridge::start(&server.url(), &options);
    bridge.await_log("POLICY_LOADED");
    bridge.stop();

    // An old, valid publication is restored while no bridge runs.
    redis.restore(POLICY, &dump);
    let bridge = Bridge::start(&server.url(), &options);
    redis.intent("old", "BTCUSDT");
    assert_eq!(redis.await_answer("old"), "POLICY_ROLLED_BACK");
    bridge.stop();
    let forgetful = Bridge::start(&server.url(), &[]);
    redis.intent("forgotten", "BTCUSDT");
    assert_eq!(redis.await_answer("forgotten"), "TRADE");
    forgetful.stop();
}

#[test]
fn a_server_can_use_tls() {
    let certificates = Certificates::new();
    let port = free_port();
    let options = certificates.options(port);
    let server = Server::start_with(&options.iter().map(String::as_str).collect::<Vec<_>>());
    let mut redis = server.connect();
    redis.publish(3600);
    let url = format!("rediss://127.0.0.1:{port}");
    let bridge = Bridge::start_knowing(&url, &[], &[("SSL_CERT_FILE", &certificates.root())]);
    redis.intent("over tls", "BTCUSDT");
    assert_eq!(redis.await_answer("over tls"), "TRADE");
    bridge.stop();
}
