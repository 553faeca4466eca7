//! The evidence for a skip: the observed values and the requirement that they failed.

use std::fmt;

use super::{Gate, SkipCode};
use crate::{
    exit::NotExitOwnerError,
    guardrails::ConstraintViolation,
    intent::{ExitConflict, IntentError, IntentErrorKind, SizeError, UnsupportedFields},
    policy::{NotInForceError, PolicyFault, PolicyUnavailable, ValidityError},
    provenance::Sourced,
    types::{NumberError, Rounded, Shown, SignedDuration, Symbol},
};

/// The evidence for a skip, by the check that failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SkipReason<'a> {
    /// The intent is unreadable, invalid or ambiguous, or requests no trade or an unsupported order.
    InvalidIntent(&'a IntentError),
    /// The intent has fields that could change the order and are not read.
    UnsupportedFields(&'a UnsupportedFields),
    /// The source of an entry is present but unreadable, so it might be the exit owner.
    SourceUnreadable,
    /// The exit owner or a delegate sent an entry. It may be an exit that lost its reduce-only flag.
    ExitOwnerOpens {
        /// The source of the intent.
        source: &'a str,
    },
    /// The source of an exit is neither the exit owner nor a delegate.
    NotExitOwner(NotExitOwnerError<'a>),
    /// A field closes a position and another one opens one, and the source is neither the exit owner nor a delegate.
    EffectUnclear(ExitConflict),
    /// The operator halted entries.
    Halted {
        /// The symbol of the intent.
        symbol: Symbol,
        /// True if the halt covers every symbol.
        everything: bool,
    },
    /// The policy is unavailable.
    PolicyUnavailable(&'a PolicyUnavailable),
    /// The guardrails do not permit the policy.
    PolicyNotPermitted(ConstraintViolation<&'a str>),
    /// The policy is not in force.
    NotInForce(ValidityError),
    /// The intent is too old, or its age is unknown.
    IntentStale {
        /// The age of the intent; `None` if it has no time of sending.
        age: Option<SignedDuration>,
        /// The largest allowed age and its source.
        age_max: Sourced<SignedDuration>,
    },
    /// The intent is too far ahead of the clock, or its lead is unknown.
    ClockUntrusted {
        /// The lead of the intent over the clock; `None` if it has no time of sending.
        lead: Option<SignedDuration>,
        /// The largest allowed lead and its source.
        lead_max: Sourced<SignedDuration>,
    },
    /// The symbol is not in the policy's universe.
    NotInUniverse {
        /// The symbol of the intent.
        symbol: Symbol,
    },
    /// The guardrails do not permit the symbol.
    NotPermitted {
        /// The symbol of the intent.
        symbol: Symbol,
    },
    /// The policy has no leverage for the symbol.
    NoLeverage {
        /// The symbol of the intent.
        symbol: Symbol,
    },
    /// The leverage in the intent is unusable.
    LeverageUnusable(NumberError),
    /// The intent has no size.
    NoSize,
    /// The size in the intent is unusable.
    SizeUnusable(SizeError),
    /// A number is not finite, or exceeds its limit.
    LimitExceeded {
        /// The number that was checked.
        number: LimitedNumber,
        /// The value of that number.
        observed: f64,
        /// The limit and its source; `None` if the number was denied because it is not finite or
        /// not greater than 0.
        limit: Option<Sourced<f64>>,
    },
}

/// The numbers of a trade that have limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum LimitedNumber {
    /// The leverage, as the ratio of notional to margin.
    Leverage,
    /// The margin, in USD.
    Margin,
    /// The notional, in USD.
    Notional,
    /// The difference between `price` and `entry_price`, as a fraction of `entry_price`.
    #[strum(serialize = "price deviation")]
    PriceDeviation,
    /// The distance of the stop from `entry_price` or, without one, from `price`, as a fraction of that price.
    #[strum(serialize = "stop distance")]
    StopDistance,
}

impl SkipReason<'_> {
    /// Returns the skip code of this evidence.
    #[must_use]
    pub const fn reason(&self) -> SkipCode {
        match self {
            Self::InvalidIntent(fault) => match fault.kind() {
                IntentErrorKind::Unreadable => SkipCode::IntentUnreadable,
                IntentErrorKind::Invalid => SkipCode::IntentInvalid,
                IntentErrorKind::Ambiguous => SkipCode::IntentAmbiguous,
                IntentErrorKind::NotActionable => SkipCode::IntentNotActionable,
                IntentErrorKind::Unsupported => SkipCode::IntentUnsupported,
            },
            Self::UnsupportedFields(_) => SkipCode::IntentUnsupported,
            Self::SourceUnreadable | Self::ExitOwnerOpens { .. } | Self::EffectUnclear(_) => {
                SkipCode::IntentAmbiguous
            }
            Self::NotExitOwner(_) => SkipCode::DenyNotExitOwner,
            Self::Halted { .. } => SkipCode::TradingHalted,
            Self::PolicyUnavailable(unavailable) => unavailable_code(unavailable),
            Self::PolicyNotPermitted(_) => SkipCode::PolicyConstraintViolation,
            Self::NotInForce(ValidityError::NotYetValid { .. }) => SkipCode::PolicyNotYetValid,
            Self::NotInForce(ValidityError::Expired { .. }) => SkipCode::PolicyStale,
            Self::IntentStale { .. } => SkipCode::IntentStale,
            Self::ClockUntrusted { .. } => SkipCode::ClockUntrusted,
            Self::NotInUniverse { .. } | Self::NotPermitted { .. } => {
                SkipCode::PolicyUniverseFilter
            }
            Self::NoLeverage { .. } | Self::LeverageUnusable(_) => SkipCode::PolicyMissingLeverage,
            Self::NoSize | Self::SizeUnusable(_) => SkipCode::PolicyMissingSize,
            Self::LimitExceeded { .. } => SkipCode::PolicyLimitExceeded,
        }
    }

    /// Returns the gate that failed.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        match self {
            Self::InvalidIntent(_) | Self::UnsupportedFields(_) => Gate::Readable,
            Self::SourceUnreadable
            | Self::ExitOwnerOpens { .. }
            | Self::EffectUnclear(_)
            | Self::NotExitOwner(_) => Gate::ExitOwnership,
            Self::Halted { .. } => Gate::Halt,
            Self::PolicyUnavailable(_) | Self::PolicyNotPermitted(_) => Gate::Policy,
            Self::NotInForce(_) => Gate::InForce,
            Self::IntentStale { .. } | Self::ClockUntrusted { .. } => Gate::Freshness,
            Self::NotInUniverse { .. } | Self::NotPermitted { .. } => Gate::Universe,
            Self::NoLeverage { .. } | Self::LeverageUnusable(_) => Gate::Leverage,
            Self::NoSize | Self::SizeUnusable(_) => Gate::Size,
            Self::LimitExceeded { .. } => Gate::Limits,
        }
    }
}

impl<'a> From<NotInForceError<'a>> for SkipReason<'a> {
    fn from(error: NotInForceError<'a>) -> Self {
        match error {
            NotInForceError::Unavailable(unavailable) => Self::PolicyUnavailable(unavailable),
            NotInForceError::Validity(error) => Self::NotInForce(error),
        }
    }
}

impl From<&PolicyUnavailable> for SkipCode {
    fn from(unavailable: &PolicyUnavailable) -> Self {
        unavailable_code(unavailable)
    }
}

const fn unavailable_code(unavailable: &PolicyUnavailable) -> SkipCode {
    match unavailable {
        PolicyUnavailable::NotFound | PolicyUnavailable::HashUnknown(_) => SkipCode::PolicyMissing,
        PolicyUnavailable::Invalid(refusal) => fault_reason(refusal.fault()),
        PolicyUnavailable::SignatureInvalid => SkipCode::PolicySignatureInvalid,
        PolicyUnavailable::RolledBack { .. } => SkipCode::PolicyRolledBack,
        PolicyUnavailable::StoreUnavailable
        | PolicyUnavailable::SequenceNotRecorded { .. }
        | PolicyUnavailable::StoreUnsafe { .. } => SkipCode::PolicyStoreUnavailable,
        PolicyUnavailable::WrittenByOther { refusal, .. } => unavailable_code(refusal),
    }
}

impl From<PolicyFault> for SkipCode {
    fn from(fault: PolicyFault) -> Self {
        fault_reason(fault)
    }
}

const fn fault_reason(fault: PolicyFault) -> SkipCode {
    match fault {
        PolicyFault::MissingField => SkipCode::PolicyMissingField,
        PolicyFault::ParseError => SkipCode::PolicyParseError,
        PolicyFault::Invalid => SkipCode::PolicyInvalid,
        PolicyFault::HashMismatch => SkipCode::PolicyHashMismatch,
    }
}

/// Suffix of the text for old dashboards, which support only one code for a missing or an expired
/// policy.
pub(crate) const LEGACY: &str = "[POLICY_MISSING_FIELD]";

fn write_unavailable(f: &mut fmt::Formatter<'_>, unavailable: &PolicyUnavailable) -> fmt::Result {
    match unavailable {
        PolicyUnavailable::NotFound | PolicyUnavailable::HashUnknown(_) => {
            write!(f, "{unavailable} {LEGACY}")
        }
        PolicyUnavailable::Invalid(_)
        | PolicyUnavailable::SignatureInvalid
        | PolicyUnavailable::RolledBack { .. }
        | PolicyUnavailable::StoreUnavailable
        | PolicyUnavailable::SequenceNotRecorded { .. }
        | PolicyUnavailable::StoreUnsafe { .. }
        | PolicyUnavailable::WrittenByOther { .. } => write!(f, "{unavailable}"),
    }
}

impl fmt::Display for SkipReason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidIntent(fault) => write!(f, "{fault}"),
            Self::UnsupportedFields(fields) => write!(
                f,
                "the intent has fields that could change the order and are not supported: {fields}; remove them{}",
                if fields.can_be_ignored() {
                    ", or if they are only inputs of a model, add their names to the guardrail `ignore_fields`"
                } else {
                    ""
                }
            ),
            Self::EffectUnclear(conflict) => write!(
                f,
                "`{}` opens a position and `{}` closes one; send one of them",
                conflict.first, conflict.second
            ),
            Self::SourceUnreadable => f.write_str("`source` must be a string"),
            Self::ExitOwnerOpens { source } => {
                write!(
                    f,
                    "the intent is an entry, but `{}` may send only exits; if an exit was intended, set `reduce_only` to true",
                    Shown(source)
                )
            }
            Self::NotExitOwner(denied) => write!(f, "{denied}"),
            Self::Halted {
                everything: true, ..
            } => f.write_str("entries in all symbols are halted"),
            Self::Halted { symbol, .. } => write!(f, "entries in {symbol} are halted"),
            Self::PolicyUnavailable(unavailable) => write_unavailable(f, unavailable),
            Self::PolicyNotPermitted(violation) => write!(f, "{violation}"),
            Self::NotInForce(ValidityError::NotYetValid { valid_from, now }) => {
                write!(
                    f,
                    "the policy comes into force at {valid_from}; the time is {now}"
                )
            }
            Self::NotInForce(ValidityError::Expired { valid_until, now }) => {
                write!(
                    f,
                    "the policy expired at {valid_until}; the time is {now} {LEGACY}"
                )
            }
            Self::IntentStale {
                age: Some(age),
                age_max,
            } => {
                write!(
                    f,
                    "the intent is {age} old; at most {} is allowed ({})",
                    age_max.value(),
                    age_max.source()
                )
            }
            Self::IntentStale { age: None, age_max } => {
                write!(
                    f,
                    "the intent has no timestamp, so its age is unknown; at most {} is allowed ({})",
                    age_max.value(),
                    age_max.source()
                )
            }
            Self::ClockUntrusted {
                lead: Some(lead),
                lead_max,
            } => write!(
                f,
                "the timestamp of the intent is {lead} ahead of the clock; at most {} is allowed ({})",
                lead_max.value(),
                lead_max.source()
            ),
            Self::ClockUntrusted {
                lead: None,
                lead_max,
            } => write!(
                f,
                "the intent has no timestamp, so it is unknown how far it is ahead of the clock; at most {} is allowed ({})",
                lead_max.value(),
                lead_max.source()
            ),
            Self::NotInUniverse { symbol } => write!(f, "{symbol} not in AI policy"),
            Self::NotPermitted { symbol } => {
                write!(f, "{symbol} is not permitted by the guardrails")
            }
            Self::NoLeverage { symbol } => write!(f, "the policy has no leverage for {symbol}"),
            Self::LeverageUnusable(NumberError::NotANumber) => {
                f.write_str("`leverage` of the intent is not a number")
            }
            Self::LeverageUnusable(NumberError::NotFinite(x)) => {
                write!(f, "`leverage` of the intent is `{x}`, but must be finite")
            }
            Self::LeverageUnusable(NumberError::NotPositive(x)) => {
                write!(
                    f,
                    "`leverage` of the intent is `{x}`, but must be greater than 0"
                )
            }
            Self::NoSize => f.write_str("the intent has no size"),
            Self::SizeUnusable(fault) => write!(f, "{fault}"),
            Self::LimitExceeded {
                number: LimitedNumber::StopDistance,
                observed,
                limit: Some(limit),
            } if observed.is_infinite() => write!(
                f,
                "the stop distance is unknown because the intent has no price; at most {} is allowed ({})",
                limit.value(),
                limit.source()
            ),
            Self::LimitExceeded {
                number,
                observed,
                limit: Some(limit),
            } => write!(
                f,
                "{number} {} exceeds the limit {} ({})",
                Rounded::new(*observed).compared_with(&[limit.value()]),
                limit.value(),
                limit.source()
            ),
            Self::LimitExceeded {
                number,
                observed,
                limit: None,
            } => write!(
                f,
                "the computed {number} is {observed}, but must be finite and greater than 0; correct the size or the leverage"
            ),
        }
    }
}
