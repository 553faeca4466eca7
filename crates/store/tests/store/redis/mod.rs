//! Tests of the store in Redis.

mod evicted;
mod faults;
mod feed;
mod followed;
mod foreign_writers;
mod layout;
mod lost;
mod series;
mod server;
mod tls;
mod tokens;

use portcullis_store::{
    PolicyStore, RedisStore,
    redis::keys::{self, POLICY},
};
use server::Server;

use crate::contract::{Fixture, contract};

struct Redis(Server);

fn redis() -> Redis {
    Redis(Server::start())
}

impl Fixture for Redis {
    fn open(&self) -> Box<dyn PolicyStore> {
        Box::new(RedisStore::open(&self.0.url()).unwrap())
    }

    fn put(&self, fields: &[(String, String)]) {
        let mut connection = self.0.client();
        let mut both = redis::pipe();
        both.atomic().cmd("DEL").arg(POLICY);
        if !fields.is_empty() {
            both.cmd("HSET").arg(POLICY);
            for (name, value) in fields {
                both.arg(name).arg(value);
            }
        }
        both.exec(&mut connection).unwrap();
    }
}

contract!(redis());
