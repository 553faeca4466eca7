//! Intents: requests to trade one symbol, made by a model or a service.
//!
//! However an intent arrives (a flat stream entry, an envelope with a payload, a call in code), it becomes
//! an [`Intent`] through one door, [`IntentBuilder::build`], which holds what was asked or the reason why
//! that cannot be told. Nothing is filled in: what was not there stays absent, and what could not be read
//! stays unreadable until the gate that it feeds refuses it.

mod builder;
mod fault;
mod fields;
mod request;
mod time;
mod words;

pub use builder::IntentBuilder;
pub use fault::{FaultKind, IntentFault};
pub(crate) use fields::EventFields;
pub use request::{Entry, Exit, Intent, QuantityAsked, Request, Size, SizeFault, SizeField};
pub(crate) use time::Times;
