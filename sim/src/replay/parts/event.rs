//! The changes of the policy on a tape.

use portcullis::{
    policy::Policy,
    record::{PolicyText, TapeRecord},
    types::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::PartsError;
use crate::replay::Timeline;

/// A record that activates or withdraws a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEvent {
    /// The number of the record, counted from 1.
    pub(super) n: u64,
    /// The time from which the change is effective, in epoch microseconds.
    from_us: i64,
    /// The text of the policy; absent if the policy is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
}

impl PolicyEvent {
    /// Returns the change that a record makes, or `None` if the record changes nothing.
    pub(super) fn of(record: &TapeRecord<'_>, n: u64) -> Option<Self> {
        let (at, policy) = match record {
            TapeRecord::PolicyUpdated(record, text) => {
                let text = text.as_ref().and_then(PolicyText::as_str)?;
                Policy::from_json(text).ok()?;
                (record.event_time(), Some(text.to_owned()))
            }
            TapeRecord::PolicyWithdrawn(record) => (record.event_time(), None),
            TapeRecord::Intent(_) | TapeRecord::RecordedDecision(_) | TapeRecord::Position(_) => {
                return None;
            }
        };
        let from_us = at?.as_micros();
        Some(Self { n, from_us, policy })
    }

    /// Applies the changes in their order.
    pub(super) fn apply_all<'e>(
        events: impl IntoIterator<Item = &'e Self>,
        timeline: &mut Timeline,
    ) -> Result<(), PartsError> {
        for event in events {
            let from = Timestamp::from_micros(event.from_us).map_err(PartsError::damaged)?;
            match &event.policy {
                Some(text) => {
                    let policy = Policy::from_json(text).map_err(PartsError::damaged)?;
                    timeline.activate(policy, from);
                }
                None => timeline.withdraw(from),
            }
        }
        Ok(())
    }
}
