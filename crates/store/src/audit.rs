//! The audit log of a store: a chain of entries, each with the digest of the previous one.

use thiserror::Error;

use sha2::{Digest as _, Sha256};

use super::{
    FieldMap, Head, Operator, Publication, PublicationRefusal, RolloutChange, RolloutRefusal,
    RolloutStep, Stored, field_map::epoch_text, halts::ALL,
};
use portcullis::{
    guardrails::Halt,
    policy::{Listing, Policy, field},
    types::{PolicyHash, Shown, Timestamp},
};
use portcullis_rollout::PolicySet;

pub(super) const PUBLISHED: &str = "policy.published";
pub(super) const ROLLED_BACK: &str = "policy.rolled_back";
pub(super) const HALTED: &str = "trading.halted";
pub(super) const RESUMED: &str = "trading.resumed";
pub(super) const RELEASED: &str = "policy.released";
const PROMOTED: &str = "rollout.promoted";
const REFUSED: &str = "policy.publish_refused";
const ROLLOUT_REFUSED: &str = "rollout.refused";

/// The field with the sequence of the policy set.
pub(super) const SET_SEQ: &str = "set_seq";

const ENTRY: &str = "entry";
const PREVIOUS: &str = "previous";

/// Returns the audit entry of a publication.
pub(super) fn of_publication(
    publication: &Publication,
    policy: &Policy,
    replaced: &Stored,
    before: &Head,
    set_seq: Option<u64>,
) -> FieldMap {
    let event = match (publication.rollback_of(), publication.promotion_of()) {
        (Some(_), _) => ROLLED_BACK,
        (None, Some(_)) => PROMOTED,
        (None, None) => PUBLISHED,
    };
    let mut record = start(event, before, publication.operator(), publication.at());
    let fields = policy.fields();
    record.set(field::POLICY_VERSION, policy.version());
    record.set(field::POLICY_HASH, policy.hash());
    record.set_if(field::POLICY_SEQ, policy.seq());
    record.set_if(
        field::VALID_UNTIL_EPOCH,
        fields.get(field::VALID_UNTIL_EPOCH),
    );
    record.set_if(field::GENERATOR, fields.get(field::GENERATOR));
    record.set("universe_count", policy.symbols().len());
    record.set_if("leverage_range", leverage_range(policy));
    record.set_if("replaces", replaced.hash().ok().flatten());
    record.set_if("rollback_of", publication.rollback_of());
    record.set_if("arm", publication.promotion_of());
    record.set_if("code", publication.code());
    record.set_if(SET_SEQ, set_seq);
    let evidence = publication.evidence();
    let sha256 = |text: &Option<String>| text.as_ref().map(|it| hex::encode(Sha256::digest(it)));
    record.set_if("derivation_sha256", sha256(&evidence.derivation));
    record.set_if("gate_sha256", sha256(&evidence.gate));
    record
}

/// Returns the audit entry of a publication that was refused.
pub(super) fn of_refusal(refusal: &PublicationRefusal, before: &Head) -> FieldMap {
    let mut record = start(REFUSED, before, &refusal.operator, refusal.at);
    record.set(field::POLICY_VERSION, &refusal.policy_version);
    record.set(field::POLICY_HASH, refusal.policy_hash);
    record.set("code", refusal.code);
    record.set("detail", &refusal.detail);
    record
}

/// Returns the audit entry of a change of the policy set that does not change the policy.
pub(super) fn of_rollout(change: &RolloutChange, set: &PolicySet, before: &Head) -> FieldMap {
    let event = match &change.step {
        RolloutStep::Start(_) => "rollout.started",
        RolloutStep::Raise { .. } => "rollout.raised",
        RolloutStep::Promote { .. } => PROMOTED,
        RolloutStep::Abort { .. } => "rollout.aborted",
        RolloutStep::Kill => "rollout.killed",
        RolloutStep::Unkill => "rollout.unkilled",
    };
    let mut record = start(event, before, &change.operator, change.at);
    record.set_if("arm", change.step.arm());
    record.set_if("bps", change.step.bps().map(|bps| bps.get()));
    record.set_if("code", change.code);
    record.set("live", set.live());
    record.set(SET_SEQ, set.seq());
    record.set("set_hash", set.hash());
    record
}

/// Returns the audit entry of a change of the policy set that was refused.
pub(super) fn of_rollout_refusal(refusal: &RolloutRefusal, before: &Head) -> FieldMap {
    let mut record = start(ROLLOUT_REFUSED, before, &refusal.operator, refusal.at);
    record.set("step", refusal.step);
    record.set_if("arm", refusal.arm);
    record.set("code", refusal.code);
    record.set("detail", &refusal.detail);
    record
}

/// Returns the audit entry of a release of the policy to other programs.
pub(super) fn of_release(
    operator: &Operator,
    now: Timestamp,
    replaced: &Stored,
    before: &Head,
) -> FieldMap {
    let mut record = start(RELEASED, before, operator, now);
    record.set_if(field::POLICY_SEQ, before.seq);
    record.set_if("replaces", replaced.hash().ok().flatten());
    record
}

/// Returns the audit entry of a halt or a resume.
pub(super) fn of_halt(
    event: &str,
    scope: &Halt,
    operator: &Operator,
    now: Timestamp,
    before: &Head,
) -> FieldMap {
    let mut record = start(event, before, operator, now);
    let symbols = match scope {
        Halt::Nothing => String::new(),
        Halt::Symbols(symbols) => {
            let names: Vec<&str> = symbols.iter().map(|s| s.as_str()).collect();
            names.join(" ")
        }
        Halt::Everything => ALL.to_owned(),
    };
    record.set("symbols", symbols);
    record
}

fn start(event: &str, before: &Head, operator: &Operator, at: Timestamp) -> FieldMap {
    let mut record = FieldMap::new([("event", event), (PREVIOUS, &before.last)]);
    record.set(ENTRY, before.entries.saturating_add(1));
    record.set("created_at_epoch", epoch_text(at));
    operator.write_to(&mut record);
    record
}

/// Returns the lowest and the highest leverage of the symbols in the universe, such as `6-15`.
fn leverage_range(policy: &Policy) -> Option<String> {
    let in_force = policy.in_force(policy.valid_until()).ok()?;
    let leverage = |symbol| match in_force.listing(&symbol) {
        Listing::NotInUniverse | Listing::NoLeverage => None,
        Listing::Leverage(leverage) => Some(leverage.get()),
    };
    let numbers = || policy.symbols().filter_map(leverage);
    let low = numbers().reduce(f64::min)?;
    let high = numbers().reduce(f64::max)?;
    Some(format!("{low}-{high}"))
}

/// One record of a stored audit log, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// The id of the stream entry, or the number of the line or record.
    pub id: String,
    /// The fields of the record.
    pub fields: FieldMap,
}

impl AuditRecord {
    /// Creates the records of a log whose entries have no ids. The id of each record is its number, counted from 1.
    pub(super) fn numbered(records: impl IntoIterator<Item = FieldMap>) -> Vec<Self> {
        let records = records.into_iter().zip(1_u64..);
        records
            .map(|(fields, number)| Self {
                id: number.to_string(),
                fields,
            })
            .collect()
    }
}

/// A record that is not an entry of an audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignRecord {
    id: String,
    why: String,
}

impl ForeignRecord {
    fn new(id: String, fields: &FieldMap) -> Self {
        let wrong = |name: &str, kind: &str| match fields.get(name) {
            None => format!("it has no field `{name}`"),
            Some(text) => format!("its field `{name}` is `{}`, not {kind}", Shown(text)),
        };
        let why = if fields.number(ENTRY).is_none() {
            wrong(ENTRY, "a number")
        } else {
            wrong(PREVIOUS, "a digest")
        };
        Self { id, why }
    }

    /// Returns the id of the stream entry, or the number of the line or record.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the reason why the record is not an entry.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// The stored audit log, before it is checked.
#[derive(Debug, Clone)]
pub struct AuditLog {
    /// The records, oldest first.
    pub records: Vec<AuditRecord>,
    /// The end of the log, which the store saves separately from the entries.
    pub head: Head,
    /// One error text for each part that could not be read.
    pub unreadable: Vec<String>,
    /// True if the store may remove the oldest records, as a Redis stream with a maximum length does.
    pub may_be_trimmed: bool,
}

/// A fault in an audit log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuditError {
    /// Entries are missing.
    #[error("{}", missing(*.first, *.last))]
    Missing {
        /// The number of the first missing entry.
        first: u64,
        /// The number of the last missing entry.
        last: u64,
    },
    /// The digest of an entry differs from the recorded one.
    #[error("entry {entry} was edited: its digest differs from the recorded one")]
    Edited {
        /// The number of the entry.
        entry: u64,
    },
    /// The number of an entry is not higher than that of an earlier entry.
    #[error("entry {entry} is out of order")]
    OutOfOrder {
        /// The number of the entry.
        entry: u64,
    },
    /// The log has entries after the end that the store saved.
    #[error(
        "entry {first} and all later entries were added after the last entry that the store recorded; find out who wrote them"
    )]
    BeyondEnd {
        /// The number of the first such entry.
        first: u64,
    },
    /// A part of the log cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

fn missing(first: u64, last: u64) -> String {
    if first == last {
        format!("entry {first} is missing")
    } else {
        format!("entries {first} to {last} are missing")
    }
}

/// One entry of an audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry(FieldMap);

impl AuditEntry {
    /// Returns the number of the entry, counted from 1.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.0.number(ENTRY)
    }

    /// Returns the event: `policy.published`, `policy.publish_refused`, `policy.rolled_back`, `policy.released`,
    /// `trading.halted`, `trading.resumed`, `rollout.started`, `rollout.raised`, `rollout.promoted`, `rollout.aborted`,
    /// `rollout.killed`, `rollout.unkilled` or `rollout.refused`.
    #[must_use]
    pub fn event(&self) -> Option<&str> {
        self.0.get("event")
    }

    /// Returns the time of the change.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.0.instant("created_at_epoch")
    }

    /// Returns the name of the operator.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        self.0.get("by")
    }

    /// Returns the symbols that were halted or resumed, separated by spaces; `*` means every
    /// symbol.
    #[must_use]
    pub fn symbols(&self) -> Option<&str> {
        self.0.get("symbols")
    }

    /// Returns the operator's reason, if one was given.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.get("reason")
    }

    /// Returns the code of a refused publication, or of the reason for a change of the policy set.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.get("code")
    }

    /// Returns the explanation of a refused publication.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.get("detail")
    }

    /// Returns the hash of the policy that was published or refused; `None` for a halt or resume.
    #[must_use]
    pub fn policy_hash(&self) -> Option<PolicyHash> {
        self.0.get(field::POLICY_HASH)?.parse().ok()
    }

    /// Returns the hash of the arm that was changed or promoted.
    #[must_use]
    pub fn arm(&self) -> Option<PolicyHash> {
        self.0.get("arm")?.parse().ok()
    }

    /// Returns the share of a started or raised arm, in basis points.
    #[must_use]
    pub fn bps(&self) -> Option<u64> {
        self.0.number("bps")
    }

    /// Returns the sequence of the policy set after the change.
    #[must_use]
    pub fn set_seq(&self) -> Option<u64> {
        self.0.number(SET_SEQ)
    }

    /// Returns the name of the step that was refused, such as `raise`.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        self.0.get("step")
    }

    /// Returns all fields of the entry.
    #[must_use]
    pub const fn record(&self) -> &FieldMap {
        &self.0
    }
}

/// An audit log, its faults, and what is reported without being a fault: records of other programs, and a trimmed
/// beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTrail {
    entries: Vec<AuditEntry>,
    faults: Vec<AuditError>,
    foreign: Vec<ForeignRecord>,
    trimmed: u64,
}

impl AuditTrail {
    /// Checks the chain of digests and collects the faults.
    ///
    /// Records without the fields of an entry are listed in [`Self::foreign`]. An entry that was changed into such a
    /// record is reported as missing. The log counts as trimmed ([`Self::trimmed`]) if only its first entries are missing
    /// and the log of this kind of store can be trimmed. All other entries must be in the chain that ends at the saved
    /// head.
    #[must_use]
    pub fn of(log: AuditLog) -> Self {
        let mut faults: Vec<_> = log
            .unreadable
            .into_iter()
            .map(AuditError::Unreadable)
            .collect();
        let mut entries = Vec::new();
        let mut foreign = Vec::new();
        let mut trimmed = 0_u64;
        let mut seen = Head::start();
        for AuditRecord { id, fields } in log.records {
            let (Some(number), Some(previous)) = (fields.number(ENTRY), fields.get(PREVIOUS))
            else {
                foreign.push(ForeignRecord::new(id, &fields));
                continue;
            };
            let next = seen.entries.saturating_add(1);
            if entries.is_empty() && number > next {
                trimmed = number.saturating_sub(1);
            } else if number > next {
                faults.push(AuditError::Missing {
                    first: next,
                    last: number.saturating_sub(1),
                });
            } else if number < next {
                faults.push(AuditError::OutOfOrder { entry: number });
            } else if previous != seen.last {
                // A wrong digest means that the previous entry was edited, so that entry is reported. If there is no
                // previous entry, the first entry is reported.
                let entry = seen.entries.max(1);
                faults.push(AuditError::Edited { entry });
            }
            if number >= next {
                seen = Head {
                    entries: number,
                    last: fields.digest(),
                    ..Head::start()
                };
            }
            entries.push(AuditEntry(fields));
        }
        let next = seen.entries.saturating_add(1);
        if log.head.entries > seen.entries {
            faults.push(AuditError::Missing {
                first: next,
                last: log.head.entries,
            });
        } else if log.head.entries < seen.entries {
            faults.push(AuditError::BeyondEnd {
                first: log.head.entries.saturating_add(1),
            });
        } else if log.head.last != seen.last {
            faults.push(AuditError::Edited {
                entry: seen.entries,
            });
        }
        // Trimming leaves the rest of the chain unchanged. If the chain has a fault, or the log cannot be trimmed, the
        // missing first entries are a fault as well.
        if trimmed > 0 && !(faults.is_empty() && log.may_be_trimmed) {
            faults.insert(
                0,
                AuditError::Missing {
                    first: 1,
                    last: trimmed,
                },
            );
            trimmed = 0;
        }
        Self {
            entries,
            faults,
            foreign,
            trimmed,
        }
    }

    /// Returns every entry, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[AuditEntry] {
        &self.entries
    }

    /// Returns all faults, unreadable parts first, then in the order of the entries.
    #[must_use]
    pub fn faults(&self) -> &[AuditError] {
        &self.faults
    }

    /// Returns the records that are not entries of this audit log, because another program writes to the same stream
    /// or file.
    #[must_use]
    pub fn foreign(&self) -> &[ForeignRecord] {
        &self.foreign
    }

    /// Returns the number of entries that were removed from the beginning of the log; 0 if none were removed. If the
    /// number is not 0, all later entries are verified.
    #[must_use]
    pub const fn trimmed(&self) -> u64 {
        self.trimmed
    }

    /// Returns true if no entry was edited or is unreadable, and none is missing except at the trimmed beginning.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.faults.is_empty()
    }

    /// Returns true if no entry is missing, edited or unreadable.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_verified() && self.trimmed == 0
    }
}
