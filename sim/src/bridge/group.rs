//! The consumer group of a stream, and this instance's place in it.

use redis::{Cmd, Connection, RedisResult, Value, streams::StreamInfoGroupsReply};

use super::Settings;
use crate::service::{list, text};

/// Where a stream begins.
pub(super) const START: &str = "0-0";
/// What was delivered to nobody yet.
pub(super) const NEW: &str = ">";

/// One stream, as this instance reads it.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) stream: &'a str,
    settings: &'a Settings,
}

/// What was taken over from others.
pub(super) struct Claimed {
    /// Where to go on.
    pub(super) cursor: String,
    /// Entries, as they are read.
    pub(super) entries: Vec<Value>,
    /// Ids of entries that were deleted.
    pub(super) gone: Vec<String>,
}

impl<'a> Group<'a> {
    pub(super) const fn new(stream: &'a str, settings: &'a Settings) -> Self {
        Self { stream, settings }
    }

    /// Makes the group where there is none: it begins with the first entry that the stream still has.
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

    /// A name that was made up for this run is of no use after it; one that still owes answers stays.
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

    /// Asks for a batch from behind `after`; waits for one so many milliseconds, if any are given.
    pub(super) fn read(self, after: &str, block_millis: Option<u128>) -> Cmd {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP")
            .arg(&self.settings.group)
            .arg(&self.settings.consumer)
            .arg("COUNT")
            .arg(self.settings.batch);
        if let Some(millis) = block_millis {
            read.arg("BLOCK").arg(millis.to_string());
        }
        read.arg("STREAMS").arg(self.stream).arg(after);
        read
    }

    /// Acknowledges what nobody can answer.
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

    /// Takes over a batch of what has lain with another consumer for too long.
    pub(super) fn claim(self, cursor: &str, connection: &mut Connection) -> RedisResult<Claimed> {
        let reply: Value = redis::cmd("XAUTOCLAIM")
            .arg(self.stream)
            .arg(&self.settings.group)
            .arg(&self.settings.consumer)
            .arg(self.settings.claim_after.as_millis().to_string())
            .arg(cursor)
            .arg("COUNT")
            .arg(self.settings.batch)
            .query(connection)?;
        let mut parts = list(reply).into_iter();
        let cursor = parts.next().and_then(text);
        let entries = parts.next().map(list).unwrap_or_default();
        let gone = parts.next().map(list).unwrap_or_default();
        Ok(Claimed {
            cursor: cursor.unwrap_or_else(|| START.to_owned()),
            entries,
            gone: gone.into_iter().filter_map(text).collect(),
        })
    }

    /// How many entries have no answer yet: those not delivered, and those delivered in vain so far. A server
    /// that lost count of a trimmed stream does not say.
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
