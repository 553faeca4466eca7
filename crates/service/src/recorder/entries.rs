//! Reading of the stream entries that were answered.

use redis::{Connection, RedisResult, Value};

use super::answers::AnswerRecord;
use crate::{profile::Profile, runtime::list, stream::StreamEntry};

/// A reader of the stream entries that were answered.
pub(super) struct Entries {
    streams: [String; 2],
    profile: Option<&'static Profile>,
}

impl Entries {
    pub(super) const fn new(streams: [String; 2], profile: Option<&'static Profile>) -> Self {
        Self { streams, profile }
    }

    /// Reads the stream entry of each answer. The entry is `None` if it was deleted or is in
    /// another stream.
    pub(super) fn read(
        &self,
        records: &[AnswerRecord],
        connection: &mut Connection,
    ) -> RedisResult<Vec<Option<StreamEntry>>> {
        let mut requests = redis::pipe();
        let mut is_requested = Vec::with_capacity(records.len());
        for record in records {
            let known = match record {
                AnswerRecord::Answer(answered) if self.streams.contains(&answered.stream) => {
                    Some(answered)
                }
                AnswerRecord::Answer(_) | AnswerRecord::Foreign(_) => None,
            };
            if let Some(answered) = known {
                let range = [&answered.stream, &answered.entry, &answered.entry];
                requests.cmd("XRANGE").arg(range.as_slice());
            }
            is_requested.push(known.is_some());
        }
        if !is_requested.contains(&true) {
            return Ok(is_requested.into_iter().map(|_| None).collect());
        }
        let found: Vec<Value> = requests.query(connection)?;
        let mut found = found.into_iter();
        let mut entry = || {
            let mut entry = list(found.next()?).into_iter().find_map(StreamEntry::new)?;
            if let Some(profile) = self.profile {
                entry.rename(profile.intent_fields);
            }
            Some(entry)
        };
        Ok(is_requested
            .into_iter()
            .map(|is_requested| if is_requested { entry() } else { None })
            .collect())
    }
}
