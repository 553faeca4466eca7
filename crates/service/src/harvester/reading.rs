//! Reading of positions and proposals in batches.

use std::collections::BTreeMap;

use portcullis::types::Symbol;
use portcullis_store::redis::is_wrong_type;
use redis::{Connection, RedisResult, Value};

use super::{dialect::Dialect, fields::StoredHash, memory::WRONG_TYPE, proposal::ComparedFields};
use crate::{
    keys,
    runtime::{bytes, list, text},
};

/// Number of keys that the server scans per command, so that other clients are not blocked for long.
const SCAN_COUNT: usize = 1000;

/// All values read for one position.
pub(super) struct Reading {
    pub(super) position: StoredHash,
    pub(super) market: StoredHash,
    pub(super) risk: StoredHash,
    pub(super) previous: Previous,
    pub(super) opening: OpeningKeys,
}

/// The stored opening of a position, and the last trade in its symbol.
#[derive(Debug)]
pub(super) struct OpeningKeys {
    pub(super) key: String,
    /// The stored text; empty if there is none.
    pub(super) stored: Vec<u8>,
    pub(super) last_trade: Option<String>,
}

/// The previous proposal and the memory. A proposal is written only if both are unchanged on the server.
#[derive(Debug, Default)]
pub(super) struct Previous {
    /// The last proposal; its fields are empty if there is none.
    pub(super) last: ComparedFields,
    /// The stored text of the memory; empty if there is none.
    pub(super) memory: Vec<u8>,
}

/// Keys found by a scan.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Keys by symbol. A symbol can have several keys that differ in case.
    pub(super) by_symbol: BTreeMap<Symbol, Vec<Vec<u8>>>,
    /// Keys that do not end with a symbol.
    pub(super) without_symbol: Vec<Vec<u8>>,
}

/// Finds the keys of positions.
pub(super) fn find_positions(connection: &mut Connection) -> RedisResult<Found> {
    find(keys::POSITION, connection)
}

/// Finds the symbols that have proposals.
pub(super) fn find_proposals(connection: &mut Connection) -> RedisResult<Vec<Symbol>> {
    let found = find(keys::HARVEST_PROPOSAL, connection)?;
    Ok(found.by_symbol.into_keys().collect())
}

fn find(prefix: &str, connection: &mut Connection) -> RedisResult<Found> {
    let mut found = Found::default();
    let mut cursor = "0".to_owned();
    loop {
        let (next, keys): (String, Vec<Vec<u8>>) = redis::cmd("SCAN")
            .arg(&cursor)
            .arg("MATCH")
            .arg(format!("{prefix}*"))
            .arg("COUNT")
            .arg(SCAN_COUNT)
            .query(connection)?;
        for key in keys {
            found.add(prefix, key);
        }
        if next == "0" {
            return Ok(found);
        }
        cursor = next;
    }
}

impl Found {
    /// Adds a key. A scan may return the same key more than once.
    fn add(&mut self, prefix: &str, key: Vec<u8>) {
        let name = std::str::from_utf8(&key).ok();
        let name = name.and_then(|name| name.strip_prefix(prefix));
        let keys = match name.and_then(|name| Symbol::new(name).ok()) {
            Some(symbol) => self.by_symbol.entry(symbol).or_default(),
            None => &mut self.without_symbol,
        };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
}

/// Reads the values of a batch of positions in one round trip. The results are in the order of the
/// batch.
pub(super) fn read(
    batch: &[(Symbol, Vec<u8>)],
    dialect: Dialect,
    connection: &mut Connection,
) -> RedisResult<Vec<Reading>> {
    let mut pipe = redis::pipe();
    pipe.ignore_errors();
    for (symbol, position) in batch {
        let key = |prefix| keys::of_symbol(prefix, *symbol);
        pipe.cmd("HGETALL").arg(position);
        pipe.cmd("HGETALL").arg(key(keys::MARKET));
        pipe.cmd("HGETALL").arg(key(keys::RISK_PROPOSAL));
        pipe.cmd("HMGET")
            .arg(key(keys::HARVEST_PROPOSAL))
            .arg(dialect.compared_fields().collect::<Vec<_>>());
        pipe.cmd("GET").arg(key(keys::REMEMBERED_STAGE));
        pipe.cmd("GET").arg(key(keys::OPENING));
        pipe.cmd("HGET").arg(keys::LAST_TRADES).arg(symbol.as_str());
    }
    let replies: Vec<RedisResult<Value>> = pipe.query(connection)?;
    let mut replies = replies.into_iter();
    let mut symbols = batch.iter().map(|(symbol, _)| *symbol);
    let mut readings = Vec::with_capacity(batch.len());
    while let (
        Some(symbol),
        Some(position),
        Some(market),
        Some(risk),
        Some(last),
        Some(memory),
        Some(opening),
        Some(trade),
    ) = (
        symbols.next(),
        replies.next(),
        replies.next(),
        replies.next(),
        replies.next(),
        replies.next(),
        replies.next(),
        replies.next(),
    ) {
        readings.push(Reading {
            position: dialect.position(StoredHash::read(position)?),
            market: dialect.market(StoredHash::read(market)?),
            risk: StoredHash::read(risk)?,
            previous: Previous {
                last: compared_fields(last)?,
                memory: memory_bytes(memory)?,
            },
            opening: OpeningKeys {
                key: keys::of_symbol(keys::OPENING, symbol),
                stored: memory_bytes(opening)?,
                // If the last trade cannot be read, the policy of the position is unknown.
                last_trade: trade.ok().and_then(text),
            },
        });
    }
    Ok(readings)
}

fn compared_fields(reply: RedisResult<Value>) -> RedisResult<ComparedFields> {
    let mut fields = match reply {
        Err(error) if is_wrong_type(&error) => return Ok(ComparedFields::default()),
        other => list(other?).into_iter(),
    };
    let mut last = ComparedFields::default();
    for field in &mut last.0 {
        *field = fields.next().and_then(bytes).unwrap_or_default();
    }
    Ok(last)
}

fn memory_bytes(reply: RedisResult<Value>) -> RedisResult<Vec<u8>> {
    match reply {
        Err(error) if is_wrong_type(&error) => Ok(WRONG_TYPE.to_vec()),
        other => Ok(bytes(other?).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns an error of the server with this code.
    fn error(code: &str) -> RedisResult<Value> {
        Err(redis::make_extension_error(code.to_owned(), None))
    }

    fn value(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn a_key_of_another_type_is_a_value_and_every_other_error_is_returned() {
        let none = compared_fields(error("WRONGTYPE")).unwrap();
        assert!(none.is_empty());
        assert_eq!(memory_bytes(error("WRONGTYPE")).unwrap(), WRONG_TYPE);
        let hash = StoredHash::read(error("WRONGTYPE")).unwrap();
        assert_eq!(hash, StoredHash::WrongType);
        for code in ["NOPERM", "LOADING"] {
            compared_fields(error(code)).unwrap_err();
            memory_bytes(error(code)).unwrap_err();
            StoredHash::read(error(code)).unwrap_err();
        }
    }

    #[test]
    fn absent_fields_are_empty() {
        let last = vec![value("NONE"), Value::Nil, value("x")];
        let last = compared_fields(Ok(Value::Array(last))).unwrap();
        let texts = last.0.each_ref().map(Vec::as_slice);
        assert_eq!(texts, [&b"NONE"[..], b"", b"x", b"", b"", b"", b""]);
        assert_eq!(memory_bytes(Ok(Value::Nil)).unwrap(), b"");
        assert_eq!(memory_bytes(Ok(value("m"))).unwrap(), b"m");
    }
}
