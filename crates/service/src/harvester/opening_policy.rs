//! Storage of the policy under which a position was opened, for the bridge and for the next scans.
//!
//! When a position is seen for the first time, its policy is that of the last trade in its symbol. It is kept until the
//! position is flat, deleted or replaced by a later one. Then the closed trade is counted for its arm.

use portcullis_rollout::PolicySet;
use portcullis_store::redis::keys::ARM_RESULTS;
use redis::{Connection, RedisResult, Script};

use super::{opening_time::OpeningTime, reading::OpeningKeys};
use crate::opening::Opening;

/// Replaces or removes the stored opening, unless another harvester has changed it, and counts a closed trade.
const STORE: &str = "
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2])
end
if ARGV[3] ~= '' then redis.call('HINCRBY', KEYS[2], 'closed_trades', 1) end
return 1";

/// A writer of openings.
pub(super) struct OpeningStore(Script);

impl OpeningStore {
    pub(super) fn new() -> Self {
        Self(Script::new(STORE))
    }

    /// Returns the policy of an open position, and stores it if the position was not seen before.
    pub(super) fn of_open(
        &self,
        keys: &OpeningKeys,
        opening: &OpeningTime,
        set: Option<&PolicySet>,
        connection: &mut Connection,
    ) -> RedisResult<Opening> {
        let opened_at = opening.at().map(|at| at.as_millis());
        if !keys.stored.is_empty() {
            let stored = Opening::read(&keys.stored);
            let is_later =
                matches!((opened_at, stored.opened_at), (Some(at), Some(before)) if at > before);
            if !is_later {
                return Ok(stored);
            }
        }
        let new = Opening::of_trade(keys.last_trade.as_deref(), opened_at);
        self.store(keys, &new.to_json(), set, connection)?;
        Ok(new)
    }

    /// Removes the opening of a position that has ended.
    pub(super) fn end(
        &self,
        keys: &OpeningKeys,
        set: Option<&PolicySet>,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        if keys.stored.is_empty() {
            return Ok(());
        }
        self.store(keys, "", set, connection)
    }

    fn store(
        &self,
        keys: &OpeningKeys,
        new: &str,
        set: Option<&PolicySet>,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let closed = match keys.stored.is_empty() {
            true => None,
            false => Opening::read(&keys.stored).policy(),
        };
        let arm = closed.filter(|hash| set.is_some_and(|set| set.arm(*hash).is_some()));
        let results = arm.map_or_else(
            || ARM_RESULTS.to_owned(),
            |arm| format!("{ARM_RESULTS}{arm}"),
        );
        let mut call = self.0.key(&keys.key);
        call.key(results).arg(keys.stored.as_slice()).arg(new);
        call.arg(if arm.is_some() { "closed" } else { "" });
        call.invoke::<u8>(connection).map(drop)
    }
}
