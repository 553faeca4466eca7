//! The store in memory.

use std::sync::Arc;

use portcullis::store::{MemoryStore, PolicyStore, Stored};

use crate::contract::{Fixture, contract};

struct Memory(Arc<MemoryStore>);

fn memory() -> Memory {
    Memory(Arc::new(MemoryStore::new()))
}

impl Fixture for Memory {
    fn open(&self) -> Box<dyn PolicyStore> {
        Box::new(Arc::clone(&self.0))
    }

    fn put(&self, fields: &[(String, String)]) {
        self.0.put(match fields {
            [] => Stored::Nothing,
            fields => Stored::Fields(fields.to_vec()),
        });
    }
}

contract!(memory());
