//! Reading of plans and skip records, in the order of their ids.

use std::collections::HashMap;

use portcullis::{
    decide::SkipCode,
    types::{Leverage, PolicyHash, Timestamp},
};
use redis::{Connection, RedisResult, Script, Value};

use super::Tally;
use crate::{
    runtime::{list, text},
    stream::StreamEntry,
};

/// Number of records read from each stream at once.
const BATCH: usize = 64;

/// Script that returns, for each stream, the number of entries ever added to it and the entries
/// after a given id.
const READ: &str = "
local function added(key)
  local info = redis.pcall('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'entries-added' then return info[i + 1] end
  end
  return 0
end
return { added(KEYS[1]), added(KEYS[2]),
  redis.call('XREAD', 'COUNT', ARGV[1], 'STREAMS', KEYS[1], KEYS[2], ARGV[2], ARGV[3]) }";

/// A reader of the stream of plans and the stream of skip records. It keeps its position in both.
pub(super) struct Answers {
    streams: [String; 2],
    script: Script,
    after: [Id; 2],
    passed: [u64; 2],
}

/// An entry id, ordered by time and sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(u64, u64);

/// Records of both streams that were read together.
pub(super) struct Batch {
    /// True if neither stream had more records.
    pub(super) is_last: bool,
    added: [u64; 2],
    /// The records, each with its entry id and the index of its stream.
    records: Vec<(Id, usize, StreamEntry)>,
    streams: [String; 2],
}

/// The parsed content of a record.
pub(super) enum AnswerRecord {
    /// An answer of a bridge.
    Answer(Box<Answered>),
    /// A record that is not an answer of a bridge of this version.
    Foreign(String),
}

/// An answer, and the inputs of its decision.
pub(super) struct Answered {
    pub(super) stream: String,
    pub(super) entry: String,
    pub(super) at: Timestamp,
    pub(super) policy: Option<PolicyHash>,
    pub(super) reason: Option<SkipCode>,
    pub(super) detail: String,
    /// The leverage of the position that was open in the symbol, if the bridge knew one.
    pub(super) position_leverage: Option<f64>,
    /// The answer line as a replay writes it, without the record number `n`.
    pub(super) line: String,
}

impl Answers {
    pub(super) fn new(streams: [String; 2]) -> Self {
        Self {
            streams,
            script: Script::new(READ),
            after: [Id::default(); 2],
            passed: [0; 2],
        }
    }

    /// Returns true if neither stream exists.
    pub(super) fn are_missing(&self, connection: &mut Connection) -> RedisResult<bool> {
        let there: u64 = redis::cmd("EXISTS").arg(&self.streams).query(connection)?;
        Ok(there == 0)
    }

    /// Reads the next batch.
    pub(super) fn read(&self, connection: &mut Connection) -> RedisResult<Batch> {
        let [plans, skips] = &self.streams;
        let [after_plans, after_skips] = self.after.map(Id::text);
        let mut call = self.script.key(plans);
        call.key(skips).arg(BATCH).arg(after_plans).arg(after_skips);
        let reply: Value = call.invoke(connection)?;
        let mut parts = list(reply).into_iter();
        let mut added = || match parts.next() {
            Some(Value::Int(count)) => u64::try_from(count).unwrap_or_default(),
            Some(_) | None => 0,
        };
        let added = [added(), added()];
        let mut found: HashMap<String, Vec<StreamEntry>> = HashMap::new();
        for stream in parts.next().map(list).unwrap_or_default() {
            let mut stream = list(stream).into_iter();
            if let (Some(name), Some(entries)) = (stream.next().and_then(text), stream.next()) {
                let entries = list(entries).into_iter().filter_map(StreamEntry::new);
                found.insert(name, entries.collect());
            }
        }
        let parts = self.streams.each_ref();
        let parts = parts.map(|name| found.remove(name).unwrap_or_default());
        Ok(Batch::merged(parts, added, self.streams.clone()))
    }

    /// Moves the positions in the streams past a batch.
    pub(super) fn pass(&mut self, batch: &Batch, tally: &mut Tally) {
        for (id, place, _) in &batch.records {
            if let (Some(after), Some(passed)) =
                (self.after.get_mut(*place), self.passed.get_mut(*place))
            {
                *after = *id;
                *passed = passed.saturating_add(1);
            }
        }
        if batch.is_last {
            let lost = batch.added.iter().zip(self.passed);
            let lost = lost.map(|(added, passed)| added.saturating_sub(passed));
            tally.trimmed = tally.trimmed.max(lost.sum());
        }
    }
}

impl Id {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (millis, number) = text.split_once('-')?;
        Some(Self(millis.parse().ok()?, number.parse().ok()?))
    }

    fn text(self) -> String {
        format!("{}-{}", self.0, self.1)
    }
}

impl Batch {
    /// Merges the records of both streams by id. If one stream has unread records, the records of the other stream that
    /// are later than the last record read from the first stream are left for the next batch.
    fn merged(parts: [Vec<StreamEntry>; 2], added: [u64; 2], streams: [String; 2]) -> Self {
        let id = |entry: &StreamEntry| Id::parse(&entry.id).unwrap_or_default();
        let full = parts.iter().filter(|part| part.len() >= BATCH);
        let limit = full.filter_map(|part| part.last().map(id)).min();
        let numbered = parts.into_iter().enumerate();
        let mut records: Vec<_> = numbered
            .flat_map(|(place, part)| part.into_iter().map(move |entry| (place, entry)))
            .map(|(place, entry)| (id(&entry), place, entry))
            .filter(|(id, ..)| limit.is_none_or(|limit| *id <= limit))
            .collect();
        records.sort_by_key(|(id, place, _)| (*id, *place));
        Self {
            is_last: limit.is_none(),
            added,
            records,
            streams,
        }
    }

    /// Parses the records of the batch.
    pub(super) fn parsed(&self) -> Vec<AnswerRecord> {
        let parsed = self.records.iter().map(|(_, place, record)| {
            Answered::read(record).map_or_else(
                || {
                    let stream = self.streams.get(*place).map_or("", String::as_str);
                    AnswerRecord::Foreign(format!("{} of `{stream}`", record.id))
                },
                |answered| AnswerRecord::Answer(Box::new(answered)),
            )
        });
        parsed.collect()
    }
}

impl Answered {
    fn read(record: &StreamEntry) -> Option<Self> {
        let field = |name| record.field(name);
        let at = field("decided_at")?.parse().ok()?;
        let entry = field("entry")?;
        let line = field("answer")?;
        let policy = match field("policy_hash") {
            Some(hash) => Some(hash.parse::<PolicyHash>().ok()?),
            None => None,
        };
        let position_leverage = match field("position_leverage") {
            Some(text) => Some(Leverage::new(text.parse().ok()?).ok()?.get()),
            None => None,
        };
        let reason = match field("reason") {
            Some(code) => Some(code.parse().ok()?),
            None => None,
        };
        let is_line = line.starts_with("{\"") && line.ends_with('}') && !line.contains('\n');
        Id::parse(entry).filter(|_| is_line)?;
        Some(Self {
            stream: field("stream")?.to_owned(),
            entry: entry.to_owned(),
            at: Timestamp::from_millis(at).ok()?,
            policy,
            reason,
            detail: field("detail").unwrap_or_default().to_owned(),
            position_leverage,
            line: line.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(ids: impl IntoIterator<Item = u64>) -> Vec<StreamEntry> {
        let text = |text: String| Value::BulkString(text.into_bytes());
        let entry = |id| Value::Array(vec![text(format!("{id}-0")), Value::Array(Vec::new())]);
        ids.into_iter()
            .filter_map(|id| StreamEntry::new(entry(id)))
            .collect()
    }

    fn merged(one: Vec<StreamEntry>, other: Vec<StreamEntry>) -> (Vec<(u64, usize)>, bool) {
        let batch = Batch::merged([one, other], [0; 2], [String::new(), String::new()]);
        let records = batch.records.iter();
        let order = records.map(|(id, place, _)| (id.0, *place)).collect();
        (order, batch.is_last)
    }

    #[test]
    fn streams_are_merged_in_the_order_of_their_ids() {
        let (order, is_last) = merged(records([1, 9, 10]), records([2, 9, 100]));
        assert_eq!(order, [(1, 0), (2, 1), (9, 0), (9, 1), (10, 0), (100, 1)]);
        assert!(is_last);
    }

    #[test]
    fn records_after_the_end_of_a_full_batch_are_left() {
        let full = 1..=u64::try_from(BATCH).unwrap();
        let (order, is_last) = merged(records(full.clone()), records([5, 1000]));
        assert_eq!(order.len(), BATCH + 1);
        assert_eq!(order[5], (5, 1));
        assert!(!is_last);
        let (order, _) = merged(records(full.clone()), records(full.map(|id| id * 2)));
        assert_eq!(order.last(), Some(&(64, 1)));
    }
}
