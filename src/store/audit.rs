//! What was done to a store: a chain of entries, each with the digest of the one before.

use std::fmt;

use super::{
    Head, Operator, Publication, Record, Stored,
    breach::leverages,
    change::{ALL, sign_off},
    record::epoch_text,
};
use crate::{
    domain::{Instant, Leverage, PolicyHash},
    guardrails::Halt,
    policy::{Policy, field},
};

const PUBLISHED: &str = "policy.published";
const ROLLED_BACK: &str = "policy.rolled_back";
pub(super) const HALTED: &str = "trading.halted";
pub(super) const RESUMED: &str = "trading.resumed";

const ENTRY: &str = "entry";
const PREVIOUS: &str = "previous";

/// The entry of a publication.
pub(super) fn of_publication(
    publication: &Publication,
    policy: &Policy,
    replaced: &Stored,
    before: &Head,
) -> Record {
    let event = match publication.rollback_of() {
        None => PUBLISHED,
        Some(_) => ROLLED_BACK,
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
    record
}

/// The entry of a halt, or of the end of one.
pub(super) fn of_halt(
    event: &str,
    scope: &Halt,
    operator: &Operator,
    now: Instant,
    before: &Head,
) -> Record {
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

fn start(event: &str, before: &Head, operator: &Operator, at: Instant) -> Record {
    let mut record = Record::new([("event", event), (PREVIOUS, &before.last)]);
    record.set(ENTRY, before.entries.saturating_add(1));
    record.set("created_at_epoch", epoch_text(at));
    sign_off(&mut record, operator);
    record
}

/// `6-15`, the lowest and the highest leverage of the universe.
fn leverage_range(policy: &Policy) -> Option<String> {
    let given = leverages(policy);
    let numbers = || given.iter().filter_map(|(_, l)| l.map(Leverage::get));
    let low = numbers().reduce(f64::min)?;
    let high = numbers().reduce(f64::max)?;
    Some(format!("{low}-{high}"))
}

/// What a store holds of its audit, unchecked.
#[derive(Debug, Clone)]
pub struct AuditLog {
    /// The entries, oldest first.
    pub records: Vec<Record>,
    /// What the store remembers of the audit beside the entries themselves.
    pub head: Head,
    /// What of it could not be read, a line each.
    pub unreadable: Vec<String>,
}

/// What is wrong with an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditFault {
    /// Entries are not there.
    Missing {
        /// From this one.
        first: u64,
        /// To this one.
        last: u64,
    },
    /// An entry is not the one whose digest was recorded.
    Edited {
        /// Which one.
        entry: u64,
    },
    /// An entry stands where another belongs.
    OutOfOrder {
        /// Which one.
        entry: u64,
    },
    /// Entries stand behind the end that the store remembers.
    BeyondEnd {
        /// From this one.
        first: u64,
    },
    /// Something that is no entry of this audit.
    Foreign {
        /// Its place among all, from 1.
        place: usize,
    },
    /// Something that cannot be read.
    Unreadable(String),
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { first, last } if first == last => write!(f, "entry {first} is missing"),
            Self::Missing { first, last } => write!(f, "entries {first} to {last} are missing"),
            Self::Edited { entry } => write!(f, "entry {entry} is not what was written"),
            Self::OutOfOrder { entry } => write!(f, "entry {entry} stands out of order"),
            Self::BeyondEnd { first } => {
                write!(
                    f,
                    "the store remembers nothing of the entries from {first} on"
                )
            }
            Self::Foreign { place } => {
                write!(f, "what stands at place {place} is no entry of this audit")
            }
            Self::Unreadable(what) => f.write_str(what),
        }
    }
}

/// One entry of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry(Record);

impl AuditEntry {
    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.0.number(ENTRY)
    }

    /// `policy.published`, `policy.rolled_back`, `trading.halted` or `trading.resumed`.
    #[must_use]
    pub fn event(&self) -> Option<&str> {
        self.0.get("event")
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Option<Instant> {
        self.0.instant("created_at_epoch")
    }

    /// Who.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        self.0.get("by")
    }

    /// What was halted or resumed: symbols with blanks between them, or `*`.
    #[must_use]
    pub fn symbols(&self) -> Option<&str> {
        self.0.get("symbols")
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.get("reason")
    }

    /// Which policy, of a publication.
    #[must_use]
    pub fn policy_hash(&self) -> Option<PolicyHash> {
        PolicyHash::parse(self.0.get(field::POLICY_HASH)?).ok()
    }

    /// All that was recorded.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.0
    }
}

/// An audit, and everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTrail {
    entries: Vec<AuditEntry>,
    faults: Vec<AuditFault>,
}

impl AuditTrail {
    /// Follows the chain.
    #[must_use]
    pub fn of(log: AuditLog) -> Self {
        let mut faults: Vec<_> = log
            .unreadable
            .into_iter()
            .map(AuditFault::Unreadable)
            .collect();
        let mut entries = Vec::new();
        let mut seen = Head::start();
        for (record, place) in log.records.into_iter().zip(1..) {
            let (Some(number), Some(previous)) = (record.number(ENTRY), record.get(PREVIOUS))
            else {
                faults.push(AuditFault::Foreign { place });
                continue;
            };
            let next = seen.entries.saturating_add(1);
            if number > next {
                faults.push(AuditFault::Missing {
                    first: next,
                    last: number.saturating_sub(1),
                });
            } else if number < next {
                faults.push(AuditFault::OutOfOrder { entry: number });
            } else if previous != seen.last {
                // An entry holds the digest of the one before; the first holds nothing to compare.
                let entry = seen.entries.max(1);
                faults.push(AuditFault::Edited { entry });
            }
            if number >= next {
                seen = Head {
                    entries: number,
                    last: record.digest(),
                    seq: None,
                };
            }
            entries.push(AuditEntry(record));
        }
        let next = seen.entries.saturating_add(1);
        if log.head.entries > seen.entries {
            faults.push(AuditFault::Missing {
                first: next,
                last: log.head.entries,
            });
        } else if log.head.entries < seen.entries {
            faults.push(AuditFault::BeyondEnd {
                first: log.head.entries.saturating_add(1),
            });
        } else if log.head.last != seen.last {
            faults.push(AuditFault::Edited {
                entry: seen.entries,
            });
        }
        Self { entries, faults }
    }

    /// Every entry, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[AuditEntry] {
        &self.entries
    }

    /// Everything that is wrong with it, in order.
    #[must_use]
    pub fn faults(&self) -> &[AuditFault] {
        &self.faults
    }

    /// Whether nothing is missing, edited or unreadable.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }
}
