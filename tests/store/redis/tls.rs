//! A server that speaks TLS, with a certificate that only this test knows.

use std::{fs, path::Path, process::Command};

use portcullis::store::{PolicyStore as _, RedisStore, StoreError, open};

use super::{Server, server::free_port};
use crate::policies::{absence, publish};

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| panic!("the tests of TLS need `openssl` on the PATH: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {told}");
}

#[test]
fn the_store_speaks_tls_with_a_server_that_it_trusts_and_no_other() {
    let keys = tempfile::tempdir().unwrap();
    let make = |arguments: &str| openssl(keys.path(), arguments);
    make("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=root -keyout root.key -out root.pem");
    make("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
    fs::write(
        keys.path().join("names"),
        "subjectAltName=DNS:localhost,IP:127.0.0.1\n",
    )
    .unwrap();
    make(
        "x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
    let at = |name: &str| keys.path().join(name).to_str().unwrap().to_owned();
    let port = free_port().to_string();
    let server = Server::with(&[
        "--tls-port",
        &port,
        "--tls-auth-clients",
        "no",
        "--tls-cert-file",
        &at("server.pem"),
        "--tls-key-file",
        &at("server.key"),
        "--tls-ca-cert-file",
        &at("root.pem"),
    ]);
    let url = format!("rediss://127.0.0.1:{port}/");
    let root = fs::read_to_string(at("root.pem")).unwrap();
    let store = RedisStore::open_with_root(&url, &root).unwrap();
    let hash = publish(&store, "1").hash();
    assert_eq!(store.name(), format!("rediss://127.0.0.1:{port}/0"));
    assert_eq!(store.load().unwrap().hash(), hash);
    // The same store, without TLS.
    assert_eq!(open(&server.url()).unwrap().load().unwrap().hash(), hash);
    // Whom nobody vouches for is nobody.
    let stranger = open(&url).unwrap();
    assert_eq!(absence(stranger.load()), "StoreUnavailable");
    let nonsense = RedisStore::open_with_root(&url, "no certificate");
    assert!(matches!(nonsense, Err(StoreError::Address(_))));
}
