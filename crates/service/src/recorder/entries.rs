//! Reading of the answered entries.

use redis::{Connection, RedisResult, Value};

use super::answers::Given;
use crate::{runtime::list, stream::StreamEntry};

/// A reader of the answered entries.
pub(super) struct Entries {
    streams: [String; 2],
}

impl Entries {
    pub(super) const fn new(streams: [String; 2]) -> Self {
        Self { streams }
    }

    /// Reads the entry of each answer; `None` if it was deleted or is in another stream.
    pub(super) fn read(
        &self,
        given: &[Given],
        connection: &mut Connection,
    ) -> RedisResult<Vec<Option<StreamEntry>>> {
        let mut ask = redis::pipe();
        let mut asked = Vec::with_capacity(given.len());
        for given in given {
            let known = match given {
                Given::Answer(it) if self.streams.contains(&it.stream) => Some(it),
                Given::Answer(_) | Given::Foreign(_) => None,
            };
            if let Some(it) = known {
                let range = [&it.stream, &it.entry, &it.entry];
                ask.cmd("XRANGE").arg(range.as_slice());
            }
            asked.push(known.is_some());
        }
        if !asked.contains(&true) {
            return Ok(asked.into_iter().map(|_| None).collect());
        }
        let found: Vec<Value> = ask.query(connection)?;
        let mut found = found.into_iter();
        let mut entry = || list(found.next()?).into_iter().find_map(StreamEntry::new);
        Ok(asked
            .into_iter()
            .map(|asked| if asked { entry() } else { None })
            .collect())
    }
}
