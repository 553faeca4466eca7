//! Tests of a TLS server with a certificate that only this test trusts.

use std::fs;

use portcullis_store::{PolicyStore as _, RedisServer, RedisStore, StoreError, open};

use super::{Server, server::free_port};
use crate::{
    certificates::Certificates,
    policies::{absence, publish},
};

#[test]
fn a_tls_connection_requires_a_trusted_certificate() {
    let certificates = Certificates::new();
    let port = free_port();
    let options = certificates.options(port);
    let server = Server::with(&options.iter().map(String::as_str).collect::<Vec<_>>());
    let url = format!("rediss://127.0.0.1:{port}/");
    let root = fs::read_to_string(certificates.root()).unwrap();
    let trusted = RedisServer::from_url_with_root(&url, &root).unwrap();
    let store = RedisStore::new(trusted);
    let hash = publish(&store, "1").hash();
    assert_eq!(store.name(), format!("rediss://127.0.0.1:{port}/0"));
    assert_eq!(store.load().unwrap().hash(), hash);
    // This address is of a server with the same policy, but without TLS.
    assert_eq!(open(&server.url()).unwrap().load().unwrap().hash(), hash);
    // The root certificates of the system do not include the root certificate of the test.
    let stranger = open(&url).unwrap();
    assert_eq!(absence(stranger.load()), "StoreUnavailable");
    let nonsense = RedisServer::from_url_with_root(&url, "not a certificate");
    assert!(matches!(nonsense, Err(StoreError::Address(_))));
}
