//! The reasons for a skip.

use serde::{Serialize, Serializer};

/// Defines the enum, the list of all, the codes and the numbers at one place, so that none can be left out.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $number:literal;)*) => {
        /// Why nothing is done: a stable code that operators grep for and dashboards count.
        ///
        /// Exhaustive on purpose: a new reason breaks the build of whoever matches on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every reason, in the order in which the gates ask.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// The reason of this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }

            /// Its number in binary records: never 0, never given to another reason.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// The same, as wide as the numbers of a column.
            pub(super) const fn number_wide(self) -> u64 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// The reason with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

reasons! {
    /// The record is no intent.
    IntentUnreadable = "INTENT_UNREADABLE", 1;
    /// A field that must be there is missing, unreadable or stands twice.
    IntentInvalid = "INTENT_INVALID", 2;
    /// Two fields contradict each other.
    IntentAmbiguous = "INTENT_AMBIGUOUS", 3;
    /// The intent says that nothing is to be done.
    IntentNotActionable = "INTENT_NOT_ACTIONABLE", 4;
    /// An exit from one who does not own exits.
    DenyNotExitOwner = "DENY_NOT_EXIT_OWNER", 5;
    /// The operator stopped entries.
    TradingHalted = "TRADING_HALTED", 6;
    /// There is no policy.
    PolicyMissing = "POLICY_MISSING", 7;
    /// The policy lacks a required field.
    PolicyMissingField = "POLICY_MISSING_FIELD", 8;
    /// The policy, or a field of it, does not parse.
    PolicyParseError = "POLICY_PARSE_ERROR", 9;
    /// A value of the policy is out of its bounds.
    PolicyInvalid = "POLICY_INVALID", 10;
    /// The policy is not the one that its hash was made of.
    PolicyHashMismatch = "POLICY_HASH_MISMATCH", 11;
    /// The policy is not signed by a trusted key.
    PolicySignatureInvalid = "POLICY_SIGNATURE_INVALID", 12;
    /// The policy is older than one seen before.
    PolicyRolledBack = "POLICY_ROLLED_BACK", 13;
    /// The guardrails do not permit the policy.
    PolicyConstraintViolation = "POLICY_CONSTRAINT_VIOLATION", 14;
    /// The store cannot be reached, and there never was a policy.
    PolicyStoreUnavailable = "POLICY_STORE_UNAVAILABLE", 15;
    /// The policy is not in force yet.
    PolicyNotYetValid = "POLICY_NOT_YET_VALID", 16;
    /// The policy has expired.
    PolicyStale = "POLICY_STALE", 17;
    /// The intent is too old.
    IntentStale = "INTENT_STALE", 18;
    /// The intent is too far ahead of the clock, or the clock behind the intent.
    ClockUntrusted = "CLOCK_UNTRUSTED", 19;
    /// The symbol is not in the policy's universe, or not permitted.
    PolicyUniverseFilter = "POLICY_UNIVERSE_FILTER", 20;
    /// There is no leverage.
    PolicyMissingLeverage = "POLICY_MISSING_LEVERAGE", 21;
    /// There is no size.
    PolicyMissingSize = "POLICY_MISSING_SIZE", 22;
    /// Leverage, margin or notional is not finite, or beyond a limit.
    PolicyLimitExceeded = "POLICY_LIMIT_EXCEEDED", 23;
    /// A service has answered an intent of this id before.
    IntentDuplicate = "INTENT_DUPLICATE", 24;
    /// A service has answered a later exit for this symbol.
    IntentSuperseded = "INTENT_SUPERSEDED", 25;
    /// There is no position to harvest.
    HarvestNoPosition = "HARVEST_NO_POSITION", 26;
    /// There is no stop distance to measure R with.
    HarvestMissingStop = "HARVEST_MISSING_STOP", 27;
    /// An input of R is missing, unreadable or out of range.
    HarvestInvalidInput = "HARVEST_INVALID_INPUT", 28;
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.code())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
