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

#[test]
fn entries_stop_if_the_sequence_cannot_be_recorded() {
    let server = Server::start();
    let mut redis = server.connect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sequence");
    let options = ["--sequence-file", file.to_str().unwrap()];
    publish(&server, 3600, None);
    let bridge = Bridge::start(&server.url(), &options);
    redis.intent("recorded", "BTCUSDT");
    assert_eq!(redis.await_answer("recorded"), "TRADE");
    // The new content of the file cannot be written.
    let blocked = folder.path().join("sequence.new");
    fs::create_dir(&blocked).unwrap();
    publish(&server, 7200, None);
    bridge.await_log("POLICY_REFUSED: POLICY_STORE_UNAVAILABLE, no policy is active");
    redis.intent("unrecorded", "BTCUSDT");
    assert_eq!(redis.await_answer("unrecorded"), "POLICY_STORE_UNAVAILABLE");
    redis.exit("closed", "BTCUSDT");
    assert_eq!(redis.await_answer("closed"), "EXIT");
    fs::remove_dir(&blocked).unwrap();
    eventually("the new policy", || {
        bridge.log().matches("POLICY_LOADED").count() == 2
    });
    redis.intent("recorded again", "BTCUSDT");
    assert_eq!(redis.await_answer("recorded again"), "TRADE");
    let log = bridge.stop();
    let file = file.display();
    assert!(
        log.contains(&format!(
            "the sequence of the policy cannot be recorded: the sequence file `{file}`: "
        )),
        "{log}"
    );
}

#[test]
fn a_server_that_may_evict_keys_is_reported_or_refused() {
    let server = Server::start_with(&["--maxmemory-policy", "allkeys-random"]);
    let mut redis = server.connect();
    publish(&server, 3600, None);
    let refused = Bridge::start(&server.url(), &["--require-noeviction"]);
    let (status, log) = refused.wait();
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(
        log.contains(
            "cannot be used with --require-noeviction: `maxmemory-policy` is `allkeys-random`"
        ),
        "{log}"
    );
    let bridge = Bridge::start(&server.url(), &[]);
    bridge.await_log("STORE_MAY_EVICT: ");
    redis.intent("warned", "BTCUSDT");
    assert_eq!(redis.await_answer("warned"), "TRADE");
    bridge.stop();

    let set = |redis: &mut super::process::Redis, policy| {
        redis.run(&["CONFIG", "SET", "maxmemory-policy", policy]);
    };
    set(&mut redis, "noeviction");
    let bridge = Bridge::start(&server.url(), &["--require-noeviction"]);
    bridge.await_log("POLICY_LOADED");
    redis.intent("kept", "BTCUSDT");
    assert_eq!(redis.await_answer("kept"), "TRADE");
    set(&mut redis, "allkeys-lru");
    bridge.await_log("POLICY_REFUSED: POLICY_STORE_UNAVAILABLE");
    redis.intent("unsafe", "BTCUSDT");
    assert_eq!(redis.await_answer("unsafe"), "POLICY_STORE_UNAVAILABLE");
    redis.exit("closed", "BTCUSDT");
    assert_eq!(redis.await_answer("closed"), "EXIT");
    bridge.stop();
}

#[test]
fn an_evicted_halt_stays_in_effect() {
    let server = Server::start();
    let mut redis = server.connect();
    let store = RedisStore::open(&server.url()).unwrap();
    publish(&server, 3600, None);
    let halt = portcullis::guardrails::Halt::Everything;
    let operator = Operator::new("test");
    store.halt(&halt, &operator, instant_in(0)).unwrap();
    let bridge = Bridge::start(&server.url(), &[]);
    bridge.await_log("HALTED: all entries");
    redis.run(&["DEL", super::process::HALTS]);
    redis.intent("evicted", "BTCUSDT");
    assert_eq!(redis.await_answer("evicted"), "TRADING_HALTED");
    bridge.await_log("HALT_KEPT: ");
    store.resume(&halt, &operator, instant_in(0)).unwrap();
    bridge.await_log("HALTED: nothing");
    redis.intent("resumed", "BTCUSDT");
    assert_eq!(redis.await_answer("resumed"), "TRADE");
    bridge.stop();
}
