//! Harvesters that violate one law each.

use portcullis::answer::Verdict;
use portcullis_testing::{Harvester, Portcullis, Question, Row, Unanswered};
use serde_json::{Map, Value};

/// Returns the same question with a changed position.
fn change(asked: &Question, change: impl FnOnce(&mut Map<String, Value>)) -> Question {
    let mut asked = asked.clone();
    if let Ok(mut members) = serde_json::from_str(&asked.record) {
        change(&mut members);
        asked.record = Value::from(members).to_string();
    }
    asked
}

/// Proposes a partial close without a policy.
pub(crate) struct ThetaOfItsOwn;

impl Harvester for ThetaOfItsOwn {
    fn harvest(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let mut row = Portcullis.harvest(asked)?;
        if row.reason.as_deref() == Some("POLICY_MISSING") {
            row = Row::new(Verdict::Harvest);
            row.harvest_action = Some("PARTIAL_25".to_owned());
        }
        Ok(row)
    }
}

/// Computes R with a stop distance of 2 % if the position and the policy have none.
pub(crate) struct StopOfTwoPercent;

impl Harvester for StopOfTwoPercent {
    fn harvest(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let with_stop = change(asked, |members| {
            members.entry("stop_dist_pct").or_insert(0.02.into());
        });
        Portcullis.harvest(&with_stop)
    }
}

/// Divides by an unchecked input.
pub(crate) struct Dividing;

impl Harvester for Dividing {
    fn harvest(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let mut row = Portcullis.harvest(asked)?;
        let members: Map<String, Value> = serde_json::from_str(&asked.record).unwrap_or_default();
        let stop = members.get("stop_dist_pct").and_then(Value::as_f64);
        row.r_net = stop.map(|stop| 1.0 / stop);
        Ok(row)
    }
}

/// Treats a missing probability as 0.
pub(crate) struct NoProbabilityIsZero;

impl Harvester for NoProbabilityIsZero {
    fn harvest(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let filled = change(asked, |members| {
            if let Some(Value::Object(market)) = members.get_mut("market") {
                market.entry("p_mr").or_insert(0.0.into());
            }
        });
        Portcullis.harvest(&filled)
    }
}

/// Skips the whole answer if R is unavailable, although K does not need the price.
pub(crate) struct KillNeedsPrice;

impl Harvester for KillNeedsPrice {
    fn harvest(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let row = Portcullis.harvest(asked)?;
        match row.r_net {
            None => Ok(Row::skip("HARVEST_INVALID_INPUT")),
            Some(_) => Ok(row),
        }
    }
}

/// Returns a different answer to every hundredth question.
pub(crate) struct Counting(pub(crate) u64);

impl Harvester for Counting {
    fn harvest(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        self.0 += 1;
        if self.0.is_multiple_of(100) {
            return Ok(Row::skip("POLICY_STORE_UNAVAILABLE"));
        }
        Portcullis.harvest(asked)
    }
}

/// Swaps the first and the last stage of the ladder.
pub(crate) struct UpsideDown;

impl Harvester for UpsideDown {
    fn harvest(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let mut row = Portcullis.harvest(asked)?;
        row.harvest_action = row.harvest_action.map(|action| match action.as_str() {
            "PARTIAL_75" => "PARTIAL_25".to_owned(),
            "PARTIAL_25" => "PARTIAL_75".to_owned(),
            _ => action,
        });
        Ok(row)
    }
}
