//! Tests of store addresses.

use portcullis_store::open;

/// Checks the name of the store at an address, or the error.
#[track_caller]
fn check(address: &str, expected: &str) {
    let found = match open(address) {
        Ok(store) => store.name(),
        Err(error) => error.to_string(),
    };
    assert_eq!(found, expected, "{address}");
}

#[test]
fn invalid_addresses_are_rejected() {
    for address in ["", "policy.json", "memory", "http://localhost", ":"] {
        check(
            address,
            "invalid address: unknown scheme; use `file:`, `redis://`, `rediss://`, `redis+unix:` or `memory:`",
        );
    }
}

#[test]
fn memory() {
    check("memory:", "memory");
}

#[test]
fn files() {
    check("file:/x/p.json", "the policy store at `/x/p.json`");
    check("file:///x/p.json", "the policy store at `/x/p.json`");
    check(
        "file:",
        "invalid address: `file:` has no path; use `file:PATH`",
    );
    check(
        "file://",
        "invalid address: `file:` has no path; use `file:PATH`",
    );
}

#[test]
#[cfg(feature = "redis")]
fn redis() {
    for address in ["redis://127.0.0.1:1", "redis+unix:///x", "unix:///x"] {
        let name = open(address).unwrap().name();
        assert!(!name.is_empty() && !name.contains("file"), "{name}");
    }
}

#[test]
#[cfg(not(feature = "redis"))]
fn redis_needs_its_feature() {
    check(
        "redis://127.0.0.1",
        "invalid address: this build does not have the feature `redis`; build with `--features redis`",
    );
}
