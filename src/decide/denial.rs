//! The evidence for a skip: what was observed, and what was required.

use std::fmt;

use super::{Gate, Reason};
use crate::{
    domain::{NumberError, Shown, Span, Symbol},
    exit::NotExitOwner,
    intent::{FaultKind, IntentFault, SizeFault},
    policy::{NotInForce, PolicyAbsence, PolicyFault},
    provenance::Sourced,
};

/// Why a gate did not open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Denial<'a> {
    /// The intent does not say one thing.
    Unread(&'a IntentFault),
    /// An entry whose source is there and cannot be read: it might be the exit owner.
    SourceUnreadable,
    /// An entry from one who owns exits: its lost flag would reverse the position.
    ExitOwnerOpens {
        /// Who asked.
        source: &'a str,
    },
    /// An exit from one who does not own exits.
    NotExitOwner(NotExitOwner<'a>),
    /// The operator stopped entries.
    Halted {
        /// In this symbol.
        symbol: Symbol,
        /// And in every other.
        everything: bool,
    },
    /// There is no policy, and why.
    PolicyAbsent(&'a PolicyAbsence),
    /// The guardrails do not permit the policy.
    PolicyNotPermitted(Constraint<'a>),
    /// The policy is not in force.
    NotInForce(NotInForce),
    /// The intent is too old, or its age is unknown.
    IntentStale {
        /// Its age, where it says when it was sent.
        age: Option<Span>,
        /// The largest age, and who says so.
        age_max: Sourced<Span>,
    },
    /// The intent is ahead of the clock, or nobody can tell.
    ClockUntrusted {
        /// How far, where it says when it was sent.
        lead: Option<Span>,
        /// The largest lead, and who says so.
        lead_max: Sourced<Span>,
    },
    /// The symbol is not in the policy's universe.
    NotInUniverse {
        /// The symbol.
        symbol: Symbol,
    },
    /// The operator does not permit the symbol.
    NotPermitted {
        /// The symbol.
        symbol: Symbol,
    },
    /// The policy gives the symbol no leverage.
    NoLeverage {
        /// The symbol.
        symbol: Symbol,
    },
    /// The intent asks for a leverage that is none.
    LeverageUnusable(NumberError),
    /// The intent gives no size.
    NoSize,
    /// The intent gives a size that is none.
    SizeUnusable(SizeFault),
    /// A number is not finite, or beyond its limit.
    LimitExceeded {
        /// Which one.
        number: LimitedNumber,
        /// What it would be.
        observed: f64,
        /// The limit, and who says so; none where the number is not finite to begin with.
        limit: Option<Sourced<f64>>,
    },
}

/// Which guardrail a policy breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint<'a> {
    /// It is valid for too long.
    Validity {
        /// For how long: from its beginning, or from now where it names none.
        validity: Span,
        /// For how long at most.
        validity_max: Span,
    },
    /// It was made for another market.
    Market {
        /// What it says.
        found: Option<&'a str>,
        /// What the operator says.
        required: &'a str,
    },
    /// It was made for another venue.
    Venue {
        /// What it says.
        found: Option<&'a str>,
        /// What the operator says.
        required: &'a str,
    },
    /// It states no hash.
    NoHash,
}

/// The numbers of a trade that have limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedNumber {
    /// The leverage.
    Leverage,
    /// The margin, in USD.
    Margin,
    /// The notional, in USD.
    Notional,
}

impl LimitedNumber {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leverage => "leverage",
            Self::Margin => "margin",
            Self::Notional => "notional",
        }
    }
}

impl Denial<'_> {
    /// The reason it is reported under.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Unread(fault) => match fault.kind() {
                FaultKind::Unreadable => Reason::IntentUnreadable,
                FaultKind::Invalid => Reason::IntentInvalid,
                FaultKind::Ambiguous => Reason::IntentAmbiguous,
                FaultKind::NotActionable => Reason::IntentNotActionable,
            },
            Self::SourceUnreadable | Self::ExitOwnerOpens { .. } => Reason::IntentAmbiguous,
            Self::NotExitOwner(_) => Reason::DenyNotExitOwner,
            Self::Halted { .. } => Reason::TradingHalted,
            Self::PolicyAbsent(absence) => absence_reason(absence),
            Self::PolicyNotPermitted(_) => Reason::PolicyConstraintViolation,
            Self::NotInForce(NotInForce::NotYetValid { .. }) => Reason::PolicyNotYetValid,
            Self::NotInForce(NotInForce::Stale { .. }) => Reason::PolicyStale,
            Self::IntentStale { .. } => Reason::IntentStale,
            Self::ClockUntrusted { .. } => Reason::ClockUntrusted,
            Self::NotInUniverse { .. } | Self::NotPermitted { .. } => Reason::PolicyUniverseFilter,
            Self::NoLeverage { .. } | Self::LeverageUnusable(_) => Reason::PolicyMissingLeverage,
            Self::NoSize | Self::SizeUnusable(_) => Reason::PolicyMissingSize,
            Self::LimitExceeded { .. } => Reason::PolicyLimitExceeded,
        }
    }

    /// The gate that failed.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        match self {
            Self::Unread(_) => Gate::Readable,
            Self::SourceUnreadable | Self::ExitOwnerOpens { .. } | Self::NotExitOwner(_) => {
                Gate::ExitOwnership
            }
            Self::Halted { .. } => Gate::Halt,
            Self::PolicyAbsent(_) | Self::PolicyNotPermitted(_) => Gate::Policy,
            Self::NotInForce(_) => Gate::InForce,
            Self::IntentStale { .. } | Self::ClockUntrusted { .. } => Gate::Freshness,
            Self::NotInUniverse { .. } | Self::NotPermitted { .. } => Gate::Universe,
            Self::NoLeverage { .. } | Self::LeverageUnusable(_) => Gate::Leverage,
            Self::NoSize | Self::SizeUnusable(_) => Gate::Size,
            Self::LimitExceeded { .. } => Gate::Limits,
        }
    }
}

/// The reason for having no policy.
pub(crate) const fn absence_reason(absence: &PolicyAbsence) -> Reason {
    match absence {
        PolicyAbsence::NotFound | PolicyAbsence::HashUnknown(_) => Reason::PolicyMissing,
        PolicyAbsence::Refused(refusal) => fault_reason(refusal.fault()),
        PolicyAbsence::SignatureInvalid => Reason::PolicySignatureInvalid,
        PolicyAbsence::RolledBack { .. } => Reason::PolicyRolledBack,
        PolicyAbsence::StoreUnavailable => Reason::PolicyStoreUnavailable,
    }
}

impl From<PolicyFault> for Reason {
    fn from(fault: PolicyFault) -> Self {
        fault_reason(fault)
    }
}

const fn fault_reason(fault: PolicyFault) -> Reason {
    match fault {
        PolicyFault::MissingField => Reason::PolicyMissingField,
        PolicyFault::ParseError => Reason::PolicyParseError,
        PolicyFault::Invalid => Reason::PolicyInvalid,
        PolicyFault::HashMismatch => Reason::PolicyHashMismatch,
    }
}

/// What dashboards that know one code for "no policy" look for.
const LEGACY: &str = "[POLICY_MISSING_FIELD]";

/// What a missing or expired policy says in a skip.
pub(crate) fn write_absence(f: &mut fmt::Formatter<'_>, absence: &PolicyAbsence) -> fmt::Result {
    match absence {
        PolicyAbsence::NotFound | PolicyAbsence::HashUnknown(_) => write!(f, "{absence} {LEGACY}"),
        PolicyAbsence::Refused(_)
        | PolicyAbsence::SignatureInvalid
        | PolicyAbsence::RolledBack { .. }
        | PolicyAbsence::StoreUnavailable => write!(f, "{absence}"),
    }
}

/// What a policy out of force says in a skip.
pub(crate) fn write_not_in_force(f: &mut fmt::Formatter<'_>, why: NotInForce) -> fmt::Result {
    match why {
        NotInForce::NotYetValid { valid_from, now } => {
            write!(f, "policy comes into force at {valid_from}, it is {now}")
        }
        NotInForce::Stale { valid_until, now } => {
            write!(f, "policy expired at {valid_until}, it is {now} {LEGACY}")
        }
    }
}

impl fmt::Display for Denial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(fault) => write!(f, "{fault}"),
            Self::SourceUnreadable => f.write_str("`source` is unreadable: expected text"),
            Self::ExitOwnerOpens { source } => {
                write!(
                    f,
                    "`{}` owns exits and never opens: did the intent lose its reduce-only flag?",
                    Shown(source)
                )
            }
            Self::NotExitOwner(denied) => write!(f, "{denied}"),
            Self::Halted {
                everything: true, ..
            } => f.write_str("entries are halted"),
            Self::Halted { symbol, .. } => write!(f, "entries in {symbol} are halted"),
            Self::PolicyAbsent(absence) => write_absence(f, absence),
            Self::PolicyNotPermitted(constraint) => write!(f, "{constraint}"),
            Self::NotInForce(why) => write_not_in_force(f, *why),
            Self::IntentStale {
                age: Some(age),
                age_max,
            } => {
                write!(
                    f,
                    "intent is {age} old, at most {} is allowed",
                    age_max.value()
                )
            }
            Self::IntentStale { age: None, age_max } => {
                write!(
                    f,
                    "the intent's age is unknown, at most {} is allowed",
                    age_max.value()
                )
            }
            Self::ClockUntrusted {
                lead: Some(lead),
                lead_max,
            } => write!(
                f,
                "intent is {lead} ahead of the clock, at most {} is allowed",
                lead_max.value()
            ),
            Self::ClockUntrusted {
                lead: None,
                lead_max,
            } => write!(
                f,
                "the intent's lead on the clock is unknown, at most {} is allowed",
                lead_max.value()
            ),
            Self::NotInUniverse { symbol } => write!(f, "{symbol} not in AI policy"),
            Self::NotPermitted { symbol } => write!(f, "{symbol} not permitted by the guardrails"),
            Self::NoLeverage { symbol } => write!(f, "AI policy has no leverage for {symbol}"),
            Self::LeverageUnusable(error) => write!(f, "`leverage` of the intent: {error}"),
            Self::NoSize => f.write_str("the intent gives no size"),
            Self::SizeUnusable(fault) => write!(f, "{fault}"),
            Self::LimitExceeded {
                number,
                observed,
                limit: Some(limit),
            } => write!(
                f,
                "{} {observed} is above {} of {}",
                number.name(),
                limit.value(),
                limit.source()
            ),
            Self::LimitExceeded {
                number,
                observed,
                limit: None,
            } => write!(
                f,
                "{} {observed} is not finite and greater than 0",
                number.name()
            ),
        }
    }
}

impl fmt::Display for Constraint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validity {
                validity,
                validity_max,
            } => {
                write!(
                    f,
                    "policy is valid for {validity}, the guardrails allow {validity_max}"
                )
            }
            Self::Market { found, required } => made_for(f, "market", *found, required),
            Self::Venue { found, required } => made_for(f, "venue", *found, required),
            Self::NoHash => {
                f.write_str("policy states no `policy_hash`, the guardrails require one")
            }
        }
    }
}

fn made_for(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    found: Option<&str>,
    required: &str,
) -> fmt::Result {
    match found {
        Some(found) => write!(
            f,
            "policy is for {what} `{}`, the guardrails require `{required}`",
            Shown(found)
        ),
        None => write!(
            f,
            "policy names no {what}, the guardrails require `{required}`"
        ),
    }
}
