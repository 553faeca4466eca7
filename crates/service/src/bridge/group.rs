//! The consumer group of a stream.

use redis::{Cmd, Connection, RedisResult, Value, streams::StreamInfoGroupsReply};

use super::Settings;
use crate::runtime::{list, text};

/// The id that precedes the first entry of a stream.
pub(super) const START: &str = "0-0";
/// The id with which a read returns only entries that were not yet delivered to any consumer.
pub(super) const NEW: &str = ">";

/// A stream that this instance reads as a member of the consumer group.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) stream: &'a str,
    settings: &'a Settings,
}

/// Pending entries claimed from other consumers.
pub(super) struct Claimed {
    /// Position from which the next claim continues.
    pub(super) cursor: String,
    /// The entries, as raw reply values.
    pub(super) entries: Vec<Value>,
    /// Ids of pending entries that were deleted from the stream.
    pub(super) deleted: Vec<String>,
}

impl<'a> Group<'a> {
    pub(super) const fn new(stream: &'a str, settings: &'a Settings) -> Self {
        Self { stream, settings }
    }

    /// Creates the group if it does not exist. A new group starts with the oldest entry of the stream.
    pub(super) fn join(self, connection: &mut Connection) -> RedisResult<()> {
        let made = redis::cmd("XGROUP")
            .arg("CREATE")
            .arg(self.stream)
            .arg(&self.settings.group)
            .arg(START)
            .arg("MKSTREAM")
            .query::<()>(connection);
        match made {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            other => other,
        }
    }

    /// Deletes this consumer if its name was generated for this run and it has no pending entries.
    pub(super) fn leave(self, connection: &mut Connection) -> RedisResult<()> {
        if !self.settings.consumer_is_temporary {
            return Ok(());
        }
        let script = redis::Script::new(
            "local owed = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) \
             if #owed == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end",
        );
        script
            .key(self.stream)
            .arg(&self.settings.group)
            .arg(&self.settings.consumer)
            .invoke(connection)
    }

    /// Returns the command that reads up to `count` entries after the id `after`. If there are no
    /// entries, the server waits for up to `block_millis` milliseconds, if given.
    pub(super) fn read(self, after: &str, count: usize, block_millis: Option<u128>) -> Cmd {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP")
            .arg(&self.settings.group)
            .arg(&self.settings.consumer)
            .arg("COUNT")
            .arg(count);
        if let Some(millis) = block_millis {
            read.arg("BLOCK").arg(millis.to_string());
        }
        read.arg("STREAMS").arg(self.stream).arg(after);
        read
    }

    /// Acknowledges deleted entries, which cannot be answered.
    pub(super) fn acknowledge(
        self,
        ids: &[String],
        connection: &mut Connection,
    ) -> RedisResult<()> {
        redis::cmd("XACK")
            .arg(self.stream)
            .arg(&self.settings.group)
            .arg(ids)
            .query(connection)
    }

    /// Claims up to `count` entries that have been pending with any consumer for at least
    /// `claim_after`.
    pub(super) fn claim(
        self,
        cursor: &str,
        count: usize,
        connection: &mut Connection,
    ) -> RedisResult<Claimed> {
        let reply: Value = redis::cmd("XAUTOCLAIM")
            .arg(self.stream)
            .arg(&self.settings.group)
            .arg(&self.settings.consumer)
            .arg(self.settings.claim_after.as_millis().to_string())
            .arg(cursor)
            .arg("COUNT")
            .arg(count)
            .query(connection)?;
        let mut parts = list(reply).into_iter();
        let cursor = parts.next().and_then(text);
        let entries = parts.next().map(list).unwrap_or_default();
        let deleted = parts.next().map(list).unwrap_or_default();
        Ok(Claimed {
            cursor: cursor.unwrap_or_else(|| START.to_owned()),
            entries,
            deleted: deleted.into_iter().filter_map(text).collect(),
        })
    }

    /// Returns the number of entries that are pending with this consumer.
    pub(super) fn owed(self, connection: &mut Connection) -> RedisResult<usize> {
        type Summary = (usize, Value, Value, Option<Vec<(String, usize)>>);
        let (_, _, _, consumers): Summary = redis::cmd("XPENDING")
            .arg(self.stream)
            .arg(&self.settings.group)
            .query(connection)?;
        let mut consumers = consumers.into_iter().flatten();
        let own = consumers.find(|(name, _)| *name == self.settings.consumer);
        Ok(own.map_or(0, |(_, count)| count))
    }

    /// Returns the number of entries without an answer, which are the undelivered and the pending ones. Returns `None`
    /// if the server cannot determine the number, for example after some deletions from the stream.
    pub(super) fn waiting(self, connection: &mut Connection) -> RedisResult<Option<usize>> {
        let groups: StreamInfoGroupsReply = redis::cmd("XINFO")
            .arg("GROUPS")
            .arg(self.stream)
            .query(connection)?;
        let mut groups = groups.groups.iter();
        let ours = groups.find(|group| group.name == self.settings.group);
        Ok(ours.and_then(|group| Some(group.lag?.saturating_add(group.pending))))
    }
}
