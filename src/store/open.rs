//! From an address to a store.

use super::{PolicyStore, StoreError};

/// Opens the store of an address: `memory:`, `file:PATH` (feature `file`), `redis://…` and `redis+unix:…`
/// (feature `redis`), `rediss://…` (feature `redis-tls`). The path is that of the policy's JSON file, or of a
/// directory that holds it as `policy.json`.
///
/// Nothing is connected or created before the store is used.
///
/// # Errors
/// No such store, or one that this build cannot open. The address is not repeated: it may hold a password.
pub fn open(address: &str) -> Result<Box<dyn PolicyStore>, StoreError> {
    let scheme = address.split_once(':').map_or("", |(scheme, _)| scheme);
    match scheme {
        "memory" => Ok(Box::new(super::MemoryStore::new())),
        #[cfg(feature = "file")]
        "file" => {
            let path = address.trim_start_matches("file:");
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(StoreError::Address("`file:` names no path".to_owned()));
            }
            Ok(Box::new(super::FileStore::open(path)))
        }
        #[cfg(not(feature = "file"))]
        "file" => Err(left_out("file")),
        #[cfg(feature = "redis")]
        "redis" | "rediss" | "redis+unix" | "unix" | "valkey" | "valkeys" | "valkey+unix" => {
            Ok(Box::new(super::RedisStore::open(address)?))
        }
        #[cfg(not(feature = "redis"))]
        "redis" | "rediss" | "redis+unix" | "unix" | "valkey" | "valkeys" | "valkey+unix" => {
            Err(left_out("redis"))
        }
        _ => Err(StoreError::Address(
            "an address begins with `file:`, `redis://`, `rediss://`, `redis+unix:` or `memory:`"
                .to_owned(),
        )),
    }
}

#[cfg(not(all(feature = "file", feature = "redis")))]
fn left_out(feature: &str) -> StoreError {
    StoreError::Address(format!("built without the feature `{feature}`"))
}
