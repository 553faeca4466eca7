//! The basic trading types: one newtype per file, each with one checked constructor.
//!
//! Leverages, amounts, R multiples and timestamps are distinct types, so they cannot be confused,
//! and none of the types has a default.

mod credentials;
mod fraction;
mod leverage;
mod number;
mod policy_hash;
mod price;
mod r_multiple;
mod rounded;
mod shown;
mod side;
mod symbol;
mod timestamp;
mod usd;

pub use credentials::without_credentials;
pub use fraction::{Fraction, FractionError};
pub use leverage::Leverage;
pub use number::NumberError;
pub(crate) use number::positive;
pub use policy_hash::{PolicyHash, PolicyHashError};
pub use price::{Price, Quantity};
pub use r_multiple::RMultiple;
pub use rounded::Rounded;
pub use shown::Shown;
pub use side::{PositionSide, Side};
pub use symbol::{Symbol, SymbolError};
pub use timestamp::{IsoOffset, SignedDuration, Timestamp, TimestampError};
pub(crate) use timestamp::{Rounding, SECONDS_MAX};
pub use usd::{Margin, Notional};
