//! Whether this clock can be trusted.

use std::time::{Duration, Instant as Tick};

use portcullis::{
    decide::{Objection, Reason},
    domain::Span,
};

use super::counted;
use crate::service::say;

/// How often the clocks are compared where nobody set a bound.
const COMPARE_EVERY: Duration = Duration::from_secs(10);
/// The difference that is worth telling where nobody set a bound.
const WORTH_TELLING: Span = Span::from_micros(1_000_000);

/// The clocks as they were last compared, and how far they may be apart.
pub(super) struct Skew {
    bound: Option<Span>,
    /// One of two lanes tells.
    tells: bool,
    skew: Option<Span>,
    compared: Option<Tick>,
    is_large: bool,
}

impl Skew {
    pub(super) const fn new(bound: Option<Span>, tells: bool) -> Self {
        Self {
            bound,
            tells,
            skew: None,
            compared: None,
            is_large: false,
        }
    }

    /// Whether the clocks are to be compared before the next batch. With a bound: before each.
    pub(super) fn is_due(&self) -> bool {
        self.bound.is_some() || self.compared.is_none_or(|at| at.elapsed() >= COMPARE_EVERY)
    }

    /// What is known was true of another connection.
    pub(super) const fn forget(&mut self) {
        self.skew = None;
        self.compared = None;
    }

    pub(super) fn measured(&mut self, skew: Span) {
        self.skew = Some(skew);
        self.compared = Some(Tick::now());
        counted::skew(skew);
        let is_large = skew > self.bound.unwrap_or(WORTH_TELLING);
        if is_large != self.is_large && self.tells {
            say(format_args!("this clock is {skew} off the server's"));
        }
        self.is_large = is_large;
    }

    /// Why no entry is answered with a trade while the clocks differ.
    pub(super) fn objection(&self) -> Option<Objection<'static>> {
        let bound = self.bound?;
        let text = match self.skew {
            Some(skew) if skew <= bound => return None,
            Some(skew) => {
                format!("this clock is {skew} off the server's, at most {bound} is allowed")
            }
            None => "this clock was not compared with the server's".to_owned(),
        };
        Objection::new(Reason::ClockUntrusted, text)
    }
}
