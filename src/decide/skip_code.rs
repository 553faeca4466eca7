//! The skip reasons.

use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Defines the enum with the code and the number of each reason in one place, so that none can be
/// omitted.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $number:literal;)*) => {
        /// A skip reason. Its code is stable, because operators search logs for it and dashboards
        /// count it.
        ///
        /// The enum is deliberately exhaustive: with a new reason, every `match` that does not
        /// handle it fails to compile.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(Serialize, Display, EnumString, IntoStaticStr, VariantArray)]
        #[serde(into = "&'static str")]
        pub enum SkipCode {
            $($(#[$doc])* #[strum(serialize = $code)] $name,)*
        }

        impl SkipCode {
            /// Every reason, in the order of the numbers.
            pub const ALL: &'static [Self] = Self::VARIANTS;

            /// Returns the code, for example `POLICY_STALE`.
            #[must_use]
            pub fn code(self) -> &'static str {
                self.into()
            }

            /// Returns the number of the reason in binary records. The number is never 0 and is
            /// never reused for another reason.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// Returns the number of the reason as a `u64`, which is as wide as the numbers in a
            /// column.
            pub(super) const fn number_wide(self) -> u64 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// Returns the reason with this number, if there is one.
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
    /// The record is not an intent.
    IntentUnreadable = "INTENT_UNREADABLE", 1;
    /// A required field is missing, unreadable or duplicate.
    IntentInvalid = "INTENT_INVALID", 2;
    /// Two fields contradict each other, or it is unclear whether the intent is an entry or an exit.
    IntentAmbiguous = "INTENT_AMBIGUOUS", 3;
    /// The intent requests no trade.
    IntentNotActionable = "INTENT_NOT_ACTIONABLE", 4;
    /// The source of the exit is neither the exit owner nor a delegate.
    DenyNotExitOwner = "DENY_NOT_EXIT_OWNER", 5;
    /// The operator halted entries.
    TradingHalted = "TRADING_HALTED", 6;
    /// There is no policy.
    PolicyMissing = "POLICY_MISSING", 7;
    /// The policy lacks a required field.
    PolicyMissingField = "POLICY_MISSING_FIELD", 8;
    /// A text of the policy does not parse, has a duplicate key, or has a value of the wrong JSON type.
    PolicyParseError = "POLICY_PARSE_ERROR", 9;
    /// A value of the policy is out of bounds, a key inside a structured field is unknown, or a symbol is listed more
    /// than once.
    PolicyInvalid = "POLICY_INVALID", 10;
    /// The policy does not match its hash.
    PolicyHashMismatch = "POLICY_HASH_MISMATCH", 11;
    /// The policy has no signature of a trusted key.
    PolicySignatureInvalid = "POLICY_SIGNATURE_INVALID", 12;
    /// The policy is older than one that was seen before.
    PolicyRolledBack = "POLICY_ROLLED_BACK", 13;
    /// The guardrails do not permit the policy.
    PolicyConstraintViolation = "POLICY_CONSTRAINT_VIOLATION", 14;
    /// The store cannot be used: it is unreachable and no policy was read before; or the sequence of the policy cannot
    /// be recorded; or the store may evict keys, and the reader requires a store that does not; or the policy or the
    /// halts changed, or a time limit passed, during each attempt to write the answer.
    PolicyStoreUnavailable = "POLICY_STORE_UNAVAILABLE", 15;
    /// The policy is not in force yet.
    PolicyNotYetValid = "POLICY_NOT_YET_VALID", 16;
    /// The policy has expired.
    PolicyStale = "POLICY_STALE", 17;
    /// The intent is too old.
    IntentStale = "INTENT_STALE", 18;
    /// The intent is too far ahead of the clock, or its lead is unknown.
    ClockUntrusted = "CLOCK_UNTRUSTED", 19;
    /// The symbol is not in the policy's universe, or the guardrails do not permit it.
    PolicyUniverseFilter = "POLICY_UNIVERSE_FILTER", 20;
    /// The policy has no leverage for the symbol, or the requested leverage is unusable.
    PolicyMissingLeverage = "POLICY_MISSING_LEVERAGE", 21;
    /// The intent has no usable size.
    PolicyMissingSize = "POLICY_MISSING_SIZE", 22;
    /// Leverage, margin, notional, price deviation or stop distance is not finite, or exceeds a limit.
    PolicyLimitExceeded = "POLICY_LIMIT_EXCEEDED", 23;
    /// The service has already answered a different intent with the same source, symbol and id.
    IntentDuplicate = "INTENT_DUPLICATE", 24;
    /// The service has already answered an exit for this symbol that was sent after the entry.
    IntentSuperseded = "INTENT_SUPERSEDED", 25;
    /// There is no open position to harvest.
    HarvestNoPosition = "HARVEST_NO_POSITION", 26;
    /// There is no stop distance with which to compute R, and the kill score is unavailable too.
    HarvestMissingStop = "HARVEST_MISSING_STOP", 27;
    /// An input of R is missing, unreadable or out of range, and the kill score is unavailable too.
    HarvestInvalidInput = "HARVEST_INVALID_INPUT", 28;
    /// The intent has a field or a value that would change the order and is not supported.
    IntentUnsupported = "INTENT_UNSUPPORTED", 29;
}
