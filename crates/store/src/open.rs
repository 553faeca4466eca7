//! Opening of a store by its address.

use super::{PolicyStore, StoreError};

/// Opens the store at an address: `memory:`, `file:PATH`, and with the feature `redis` also `redis://…`,
/// `redis+unix:…` and `rediss://…` (TLS). The path names the JSON file of the policy, or a directory that
/// contains it as `policy.json`.
///
/// No connection or file is created before the first use of the store.
///
/// # Errors
/// Returns an error if the address is not valid, or if this build lacks the feature for it. The error does not
/// contain the address, because an address may contain a password.
pub fn open(address: &str) -> Result<Box<dyn PolicyStore>, StoreError> {
    let scheme = address.split_once(':').map_or("", |(scheme, _)| scheme);
    match scheme {
        "memory" => Ok(Box::new(super::MemoryStore::new())),
        "file" => {
            let path = address.trim_start_matches("file:");
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(StoreError::Address(
                    "`file:` has no path; use `file:PATH`".to_owned(),
                ));
            }
            Ok(Box::new(super::FileStore::open(path)))
        }
        #[cfg(feature = "redis")]
        "redis" | "rediss" | "redis+unix" | "unix" | "valkey" | "valkeys" | "valkey+unix" => {
            Ok(Box::new(super::RedisStore::open(address)?))
        }
        #[cfg(not(feature = "redis"))]
        "redis" | "rediss" | "redis+unix" | "unix" | "valkey" | "valkeys" | "valkey+unix" => {
            Err(StoreError::Address(
                "this build does not have the feature `redis`; build with `--features redis`"
                    .to_owned(),
            ))
        }
        _ => Err(StoreError::Address(
            "unknown scheme; use `file:`, `redis://`, `rediss://`, `redis+unix:` or `memory:`"
                .to_owned(),
        )),
    }
}
