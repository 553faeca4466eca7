//! Recorded decisions of a service.

use std::borrow::Cow;

use crate::{
    decide::ServiceDenial,
    intent::{Intent, IntentError, RecordedPolicy},
    json::{Fields, RawField, scan_object},
    types::{Leverage, Timestamp},
};

/// The record `trade.decided`: a stream entry as the service read it, and the service's data about
/// the decision.
///
/// The sender's data is in `entry` only, so that none of its fields can be confused with a field of
/// the service.
#[derive(Debug)]
pub struct RecordedDecision<'a> {
    id: Option<Cow<'a, str>>,
    at: Option<Timestamp>,
    policy: RecordedPolicy,
    objection: Option<ServiceDenial<'a>>,
    position_leverage: Option<Leverage>,
    intent: Intent<'a>,
}

impl<'a> RecordedDecision<'a> {
    /// Returns the id of the intent or, if it has none, the id of the record.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.intent.id().or(self.id.as_deref())
    }

    /// Returns `decided_at`, the time of the decision.
    #[must_use]
    pub const fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// Returns the policy of the decision, from `policy_hash`.
    #[must_use]
    pub const fn recorded_policy(&self) -> RecordedPolicy {
        self.policy
    }

    /// Returns the service denial, from the field `objection`: the skip reason that the service added to the results of
    /// the gates.
    #[must_use]
    pub const fn objection(&self) -> Option<&ServiceDenial<'a>> {
        self.objection.as_ref()
    }

    /// Returns the leverage of the position that was open in the symbol, from the field `position_leverage`: the entry got
    /// at most this leverage ([`Engine::decide_add`](crate::decide::Engine::decide_add)).
    #[must_use]
    pub const fn position_leverage(&self) -> Option<Leverage> {
        self.position_leverage
    }

    /// Returns the intent. If the record is incomplete, an intent that opens a position is invalid, but
    /// an exit stays valid.
    #[must_use]
    pub const fn intent(&self) -> &Intent<'a> {
        &self.intent
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct RecordedDecisionFields<'a> {
    id: RawField<'a>,
    decided_at: RawField<'a>,
    policy_hash: RawField<'a>,
    objection: RawField<'a>,
    position_leverage: RawField<'a>,
    entry: RawField<'a>,
}

impl<'a> Fields<'a> for RecordedDecisionFields<'a> {
    fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        match key {
            b"id" => Some(&mut self.id),
            b"decided_at" => Some(&mut self.decided_at),
            b"policy_hash" => Some(&mut self.policy_hash),
            b"objection" => Some(&mut self.objection),
            b"position_leverage" => Some(&mut self.position_leverage),
            b"entry" => Some(&mut self.entry),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct ServiceDenialFields<'a> {
    reason: RawField<'a>,
    detail: RawField<'a>,
}

impl<'a> Fields<'a> for ServiceDenialFields<'a> {
    fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        match key {
            b"reason" => Some(&mut self.reason),
            b"detail" => Some(&mut self.detail),
            _ => None,
        }
    }
}

/// Reads a recorded decision from a JSON object, and its entry with `read_entry`.
pub(super) fn read<'a>(
    text: &'a str,
    read_entry: impl FnOnce(&'a str) -> Intent<'a>,
) -> RecordedDecision<'a> {
    let mut fields = RecordedDecisionFields::default();
    if let Err(error) = scan_object(text, &mut fields) {
        return RecordedDecision::of(Intent::unreadable(IntentError::NotAnObject(error)));
    }
    let entry = match fields.entry.raw() {
        _ if fields.entry.is_duplicate() => Err(IntentError::DuplicateKey { field: "entry" }),
        None => Err(IntentError::Missing { field: "entry" }),
        Some(entry) => Ok(entry),
    };
    let mut decided = RecordedDecision::of(match entry {
        Ok(entry) => read_entry(entry),
        Err(fault) => Intent::unreadable(fault),
    });
    decided.id = fields.id.text().ok().flatten();
    let fault = decided.fill(&fields).err();
    if let Some(fault) = fault {
        decided.intent.invalidate_entry(fault);
    }
    decided
}

impl<'a> RecordedDecision<'a> {
    pub(super) const fn of(intent: Intent<'a>) -> Self {
        Self {
            id: None,
            at: None,
            policy: RecordedPolicy::Missing,
            objection: None,
            position_leverage: None,
            intent,
        }
    }

    /// Reads the data of the service. On an error, the fields read so far are kept.
    fn fill(&mut self, fields: &RecordedDecisionFields<'a>) -> Result<(), IntentError> {
        for (value, field) in [
            (&fields.id, "id"),
            (&fields.decided_at, "decided_at"),
            (&fields.policy_hash, "policy_hash"),
            (&fields.objection, "objection"),
            (&fields.position_leverage, "position_leverage"),
        ] {
            if value.is_duplicate() {
                return Err(IntentError::DuplicateKey { field });
            }
        }
        let at = fields.decided_at.number_text().ok().flatten();
        let at = at.and_then(|text| Timestamp::parse_epoch_millis(&text).ok());
        self.at = Some(at.ok_or_else(|| {
            missing_or_bad(
                &fields.decided_at,
                "decided_at",
                "a whole number of epoch milliseconds",
            )
        })?);
        if fields.policy_hash.is_present() {
            let text = fields.policy_hash.text().ok().flatten();
            let hash = text.and_then(|text| text.parse().ok());
            self.policy = RecordedPolicy::Hash(hash.ok_or(IntentError::BadValue {
                field: "policy_hash",
                expected: "64 lower-case hexadecimal digits",
            })?);
        }
        if let Some(text) = fields.objection.raw() {
            self.objection = Some(objection(text).ok_or(IntentError::BadValue {
                field: "objection",
                expected: "an object with a `reason` that only services report, and a `detail`",
            })?);
        }
        if let Some(leverage) = fields.position_leverage.number() {
            let leverage = Leverage::new(leverage).map_err(|_| IntentError::BadValue {
                field: "position_leverage",
                expected: "a leverage: a number greater than 0",
            })?;
            self.position_leverage = Some(leverage);
        }
        Ok(())
    }
}

fn missing_or_bad(
    value: &RawField<'_>,
    field: &'static str,
    expected: &'static str,
) -> IntentError {
    if value.is_present() {
        IntentError::BadValue { field, expected }
    } else {
        IntentError::Missing { field }
    }
}

fn objection(text: &str) -> Option<ServiceDenial<'_>> {
    let mut fields = ServiceDenialFields::default();
    scan_object(text, &mut fields).ok()?;
    if fields.reason.is_duplicate() || fields.detail.is_duplicate() {
        return None;
    }
    let code = fields.reason.text().ok()??;
    let detail = fields.detail.text().ok()??;
    ServiceDenial::new(code.parse().ok()?, detail)
}
