//! The leverage type.

use super::number::positive_number;

positive_number! {
    /// The ratio of notional to margin. Finite and greater than zero; 8 is written "8x".
    Leverage
}
