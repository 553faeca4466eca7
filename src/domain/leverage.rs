//! Leverage.

use super::number::positive_number;

positive_number! {
    /// How many times its margin a position is worth: finite, greater than zero. 8 reads "8x".
    Leverage
}
