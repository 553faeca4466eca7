//! Policies, which contain all leverages, limits and harvest parameters. A model or a person writes
//! them, and they expire.
//!
//! A text becomes a [`Policy`] in three steps: it is converted to the *hash encoding* (pairs of
//! field name and text, as in a Redis hash), all constraints are checked, and the policy is built
//! only if none of them is violated. The numbers of a policy can be read only after a check that it
//! is in force: [`Policy::in_force`] checks a timestamp and returns the leverages and the limits,
//! and [`Policy::theta_in_force`] does the same for the harvest parameters.
//!
//! **Architecture invariant:** no code replaces a number that is missing in a policy. No type of
//! this module that contains a number implements `Default` or `Deserialize`.

mod bound;
mod encoding;
pub mod field;
mod hash;
mod in_force;
mod invalid;
mod json;
mod limits;
mod note;
#[expect(
    clippy::module_inception,
    reason = "each file is named after its one type"
)]
mod policy;
mod state;
mod table;
mod theta;
mod unavailable;
mod universe;
mod validate;

pub use hash::canonical_hash;
pub use hash::sorted_pairs;
pub use in_force::{
    ForEntries, ForHarvests, InForce, NotInForceError, ThetaInForce, ValidityError,
};
pub use invalid::{InvalidPolicyError, PolicyFault, Violation};
pub use limits::Limits;
pub use note::PolicyNote;
pub use policy::Policy;
pub use state::PolicyState;
pub use theta::Theta;
pub use unavailable::PolicyUnavailable;
pub use universe::Listing;
