//! Whether this clock can be trusted.

use std::time::{Duration, Instant as Tick};

use portcullis::{
    decide::{Objection, Reason},
    domain::Span,
};

use super::counted;
use crate::service::say;

/// How often the clocks are compared where somebody set a bound.
const COMPARE_OFTEN: Duration = Duration::from_millis(100);
/// How often where nobody did.
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

    /// Whether the clocks are to be compared before anything more is read.
    pub(super) fn is_due(&self) -> bool {
        let every = match self.bound {
            Some(_) => COMPARE_OFTEN,
            None => COMPARE_EVERY,
        };
        self.compared.is_none_or(|at| at.elapsed() >= every)
    }

    /// What is known was true of another connection.
    pub(super) const fn forget(&mut self) {
        self.skew = None;
        self.compared = None;
    }

    /// The clocks are so far apart, at least; what the way there and back took may hide more. One that took longer
    /// than the bound tells nothing.
    pub(super) fn measured(&mut self, skew: Span, way: Span) {
        self.compared = Some(Tick::now());
        self.skew = self.bound.is_none_or(|bound| way <= bound).then_some(skew);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_nobody_could_compare_is_not_trusted() {
        let micros = Span::from_micros;
        let mut skew = Skew::new(Some(micros(250)), false);
        assert!(skew.objection().is_some());
        for (apart, way, is_trusted) in [
            (0, 0, true),
            (250, 250, true),
            (251, 0, false),
            (0, 251, false),
        ] {
            skew.measured(micros(apart), micros(way));
            assert_eq!(skew.objection().is_none(), is_trusted, "{apart} {way}");
        }
        skew.measured(micros(0), micros(0));
        skew.forget();
        assert!(skew.objection().is_some());
    }
}
