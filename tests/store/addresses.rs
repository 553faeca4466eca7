//! From an address to a store, or to what is wrong with it.

use portcullis::store::open;

/// The name of the store, or the error.
#[track_caller]
fn check(address: &str, expected: &str) {
    let told = match open(address) {
        Ok(store) => store.name(),
        Err(error) => error.to_string(),
    };
    assert_eq!(told, expected, "{address}");
}

#[test]
fn what_is_no_address() {
    for address in ["", "policy.json", "memory", "http://localhost", ":"] {
        check(
            address,
            "no store: an address begins with `file:`, `redis://`, `rediss://`, `redis+unix:` or `memory:`",
        );
    }
}

#[test]
fn memory() {
    check("memory:", "memory");
}

#[test]
#[cfg(feature = "file")]
fn files() {
    check("file:/x/p.json", "the store at `/x/p.json`");
    check("file:///x/p.json", "the store at `/x/p.json`");
    check("file:", "no store: `file:` names no path");
    check("file://", "no store: `file:` names no path");
}

#[test]
#[cfg(not(feature = "file"))]
fn files_need_their_feature() {
    check("file:x", "no store: built without the feature `file`");
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
        "no store: built without the feature `redis`",
    );
}
