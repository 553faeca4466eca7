//! The alarm for open positions for which no harvest parameters are in force.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant as Tick},
};

use portcullis::{
    answer::Detail,
    decide::{SkipCode, SkipReason},
    harvest::HarvestSkip,
    policy::PolicyState,
    types::{Symbol, Timestamp},
};
use portcullis_store::Feed;

use super::metrics;
use crate::runtime::{ServiceError, Stop, counted, line, now};

/// Interval between checks.
const CHECK_EVERY: Duration = Duration::from_millis(100);
/// Interval at which a continuing alarm is repeated.
const REPEAT_EVERY: Duration = Duration::from_secs(60);
/// Maximum number of symbols that an alarm names.
const NAMES_MAX: usize = 20;

/// The positions that were open in the last scan; `None` before the first scan.
#[derive(Default)]
pub(super) struct OpenPositions(Mutex<Option<BTreeSet<Symbol>>>);

/// A check of the open positions against the policy, which also runs while the server is
/// unreachable.
pub(super) struct Alarm<'a> {
    feed: &'a Feed,
    positions: &'a OpenPositions,
    stop: &'a Stop,
    raised: Option<Raised>,
}

/// The alarm that was logged last.
struct Raised {
    open: BTreeSet<Symbol>,
    reason: SkipCode,
    at: Tick,
}

impl OpenPositions {
    /// Adds the positions that an interrupted scan found. The other positions are left unchanged.
    pub(super) fn add(&self, found: BTreeSet<Symbol>) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !found.is_empty() {
            open.get_or_insert_default().extend(found);
        }
    }

    pub(super) fn set(&self, open: BTreeSet<Symbol>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
    }

    fn open(&self) -> Option<BTreeSet<Symbol>> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone()
    }
}

impl<'a> Alarm<'a> {
    pub(super) const fn new(feed: &'a Feed, positions: &'a OpenPositions, stop: &'a Stop) -> Self {
        Self {
            feed,
            positions,
            stop,
            raised: None,
        }
    }

    /// Checks until `stop` is set.
    pub(super) fn watch(mut self) -> Result<(), ServiceError> {
        while !self.stop.is_set() {
            if let Some(open) = self.positions.open() {
                let snapshot = self.feed.snapshot();
                let policy = snapshot.policy();
                let missing = missing(policy, now());
                let without = if missing.is_some() { open.len() } else { 0 };
                metrics::positions(open.len(), without);
                if let Some(text) = next_line(&mut self.raised, open, missing, policy, Tick::now())
                {
                    line(text);
                }
            }
            self.stop.sleep(CHECK_EVERY);
        }
        Ok(())
    }
}

/// Returns the line to log, if the alarm has changed or must be repeated.
fn next_line(
    raised: &mut Option<Raised>,
    open: BTreeSet<Symbol>,
    missing: Option<(SkipCode, String)>,
    policy: PolicyState<'_>,
    at: Tick,
) -> Option<String> {
    let Some((reason, detail)) = missing.filter(|_| !open.is_empty()) else {
        raised.take()?;
        let why = match policy.policy() {
            _ if open.is_empty() => "no position is open".to_owned(),
            Ok(policy) => format!("policy {} is in force", policy.version()),
            Err(absence) => absence.to_string(),
        };
        return Some(format!("ALARM_OVER POSITIONS_WITHOUT_POLICY: {why}"));
    };
    let is_logged = raised.as_ref().is_some_and(|raised| {
        let is_recent = at.saturating_duration_since(raised.at) < REPEAT_EVERY;
        raised.open == open && raised.reason == reason && is_recent
    });
    if is_logged {
        return None;
    }
    let text = format!(
        "ALARM POSITIONS_WITHOUT_POLICY: {} and no harvest parameters in force: {}: {detail}",
        named(&open),
        reason.code()
    );
    *raised = Some(Raised { open, reason, at });
    Some(text)
}

/// Returns the skip reason and its detail if no harvest parameters (θ) are in force.
fn missing(policy: PolicyState<'_>, now: Timestamp) -> Option<(SkipCode, String)> {
    let error = policy.theta_in_force(now).err()?;
    let detail = Detail::Harvest(HarvestSkip::NotInForce(error)).to_string();
    Some((SkipReason::from(error).reason(), detail))
}

fn named(open: &BTreeSet<Symbol>) -> String {
    let mut names: Vec<String> = open.iter().take(NAMES_MAX).map(Symbol::to_string).collect();
    if open.len() > NAMES_MAX {
        names.push("…".to_owned());
    }
    let positions = counted(open.len(), "open position", "open positions");
    format!("{positions} ({})", names.join(" "))
}

#[cfg(test)]
mod tests {
    use portcullis::policy::PolicyUnavailable;

    use super::*;

    fn symbols(names: &[&str]) -> BTreeSet<Symbol> {
        names
            .iter()
            .map(|name| Symbol::new(name).unwrap())
            .collect()
    }

    #[test]
    fn an_alarm_is_logged_on_each_change_and_each_minute() {
        let policy = PolicyState::unavailable(&PolicyUnavailable::NotFound);
        let start = Tick::now();
        let mut raised = None;
        let mut line_of = |names: &[&str], reason: Option<SkipCode>, second| {
            let missing = reason.map(|reason| (reason, format!("it is {second}")));
            let at = start + Duration::from_secs(second);
            next_line(&mut raised, symbols(names), missing, policy, at)
        };
        let (none, stale) = (Some(SkipCode::PolicyMissing), Some(SkipCode::PolicyStale));
        assert_eq!(line_of(&[], none, 0), None);
        let first = line_of(&["A", "B"], none, 1).unwrap();
        assert_eq!(
            first,
            "ALARM POSITIONS_WITHOUT_POLICY: 2 open positions (A B) and no harvest parameters in \
             force: POLICY_MISSING: it is 1"
        );
        assert_eq!(line_of(&["A", "B"], none, 60), None);
        assert!(line_of(&["A", "B"], none, 61).is_some());
        assert!(line_of(&["A"], none, 62).is_some());
        assert!(line_of(&["A"], stale, 63).is_some());
        assert_eq!(line_of(&["A"], stale, 64), None);
        let over = line_of(&[], stale, 65).unwrap();
        assert_eq!(
            over,
            "ALARM_OVER POSITIONS_WITHOUT_POLICY: no position is open"
        );
        assert_eq!(line_of(&["A"], None, 66), None);
    }

    #[test]
    fn the_first_20_positions_are_named() {
        let open = |count| {
            let symbol = |n| Symbol::new(&format!("S{n:02}")).unwrap();
            named(&(0..count).map(symbol).collect())
        };
        assert_eq!(open(1), "1 open position (S00)");
        assert_eq!(open(3), "3 open positions (S00 S01 S02)");
        assert!(open(21).starts_with("21 open positions (S00 "));
        assert!(open(21).ends_with("S19 …)"));
    }
}
