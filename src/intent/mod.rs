//! Intents: requests to trade one symbol, made by a model or a service.
//!
//! Every intent (a flat stream entry, an envelope with a payload, or a call in code) becomes an [`Intent`] through
//! [`IntentBuilder::build`]. The intent contains the request, or the reason why there is none. No default is filled in:
//! an absent field stays absent, and an unreadable field stays unreadable until the gate that needs it denies the
//! intent.

mod builder;
mod direction;
mod error;
mod exit_quantity;
mod from_record;
mod names;
mod plain;
mod record_fields;
mod recorded_policy;
mod request;
mod size;
mod size_field;
mod stated;
mod statements;
mod time;
mod unsupported;
mod vocabulary;

pub use builder::IntentBuilder;
pub use direction::ExitConflict;
pub use error::{IntentError, IntentErrorKind};
pub(crate) use names::is_listed_field;
pub use plain::PlainIntent;
pub(crate) use record_fields::RecordFields;
pub use recorded_policy::RecordedPolicy;
pub use request::{Entry, Exit, ExitQuantity, Intent, Request, Size, SizeError};
pub use size_field::SizeField;
pub(crate) use time::{Times, is_plausible};
pub use unsupported::UnsupportedFields;
