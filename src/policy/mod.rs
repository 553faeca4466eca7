//! The single source of the trading numbers, made by a model and valid until an instant.
//!
//! A text becomes a [`Policy`] in three steps, and there is no other way to one: it is turned into the
//! *hash encoding* (names and texts, as a Redis hash holds them), every rule is checked against it, and the
//! whole is built only if none is broken. A number of a policy is reached only through a witness that its
//! validity was checked against an instant: [`Policy::in_force`] for the leverages and the limits,
//! [`Policy::theta_in_force`] for the harvest parameters.
//!
//! **Architecture invariant:** nothing here stands in for a number that a policy does not hold. No type of
//! this module with a number inside has a `Default` or a `Deserialize`.

mod absence;
mod bound;
mod encoding;
pub(crate) mod field;
mod hash;
mod in_force;
mod json;
mod limits;
mod note;
#[expect(
    clippy::module_inception,
    reason = "a file is named after the one type that it holds"
)]
mod policy;
mod refusal;
mod state;
mod table;
mod theta;
mod universe;
mod validate;

pub use absence::PolicyAbsence;
pub use hash::canonical_hash;
pub(crate) use hash::sorted_pairs;
pub use in_force::{InForce, NotInForce, ThetaInForce};
pub use limits::Limits;
pub use note::PolicyNote;
pub use policy::Policy;
pub use refusal::{PolicyFault, PolicyRefusal, Violation};
pub use state::PolicyState;
pub use theta::Theta;
pub use universe::Listing;
