//! The harvest with planted bugs, most of them in the question or in the answer.

use portcullis::answer::Verdict;
use portcullis_testing::{Harvester, Law, Portcullis, Question, Row, Unanswered};
use serde_json::{Map, Value};

/// A planted bug without state.
#[derive(Clone, Copy)]
pub(crate) struct Bug(fn(&Question) -> Result<Row, Unanswered>);

impl Harvester for Bug {
    fn harvest(&mut self, question: &Question) -> Result<Row, Unanswered> {
        (self.0)(question)
    }
}

fn ask(question: &Question) -> Result<Row, Unanswered> {
    Portcullis.harvest(question)
}

/// Asks the same question with a changed position.
fn ask_changed(
    question: &Question,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Result<Row, Unanswered> {
    let mut question = question.clone();
    if let Ok(mut members) = serde_json::from_str(&question.record) {
        change(&mut members);
        question.record = Value::from(members).to_string();
    }
    ask(&question)
}

fn is(row: &Row, reason: &str) -> bool {
    row.reason.as_deref() == Some(reason)
}

/// Replaces one proposed action by another.
fn replace(mut row: Row, actions: &[(&str, &str)]) -> Row {
    let replaced = |action: &str| actions.iter().find(|(from, _)| *from == action);
    row.harvest_action = row.harvest_action.map(|action| match replaced(&action) {
        Some((_, to)) => (*to).to_owned(),
        None => action,
    });
    row
}

const MISSING_IS_ZERO: Bug = Bug(|question| {
    ask_changed(question, |members| {
        if let Some(Value::Object(market)) = members.get_mut("market") {
            market.entry("p_mr").or_insert(0.0.into());
        }
    })
});

/// The planted bugs: a name, the law that must detect it, and a part of the demand that it does not meet.
pub(crate) const BUGS: [(&str, Law, &str, Bug); 10] = [
    (
        "a partial close without a policy",
        Law::NoPolicyNoTrade,
        "a position without a θ in force must be a SKIP",
        Bug(|question| {
            let mut row = ask(question)?;
            if is(&row, "POLICY_MISSING") {
                row = Row::new(Verdict::Harvest);
                row.harvest_action = Some("PARTIAL_25".to_owned());
            }
            Ok(row)
        }),
    ),
    (
        "an R without a policy",
        Law::NoPolicyNoTrade,
        "an answer without a policy in force must have no `r_net`",
        Bug(|question| {
            let mut row = ask(question)?;
            if is(&row, "POLICY_MISSING") {
                row.r_net = Some(1.8);
            }
            Ok(row)
        }),
    ),
    (
        "a missing stop distance is 2 %",
        Law::NoNumberWithoutASource,
        "`r_net` must be absent: the inputs of this position do not determine it",
        Bug(|question| {
            ask_changed(question, |members| {
                members.entry("stop_dist_pct").or_insert(0.02.into());
            })
        }),
    ),
    (
        "the costs are halved",
        Law::NoNumberWithoutASource,
        "`cost` must be",
        Bug(|question| {
            let mut row = ask(question)?;
            row.cost = row.cost.map(|cost| cost * 0.5);
            Ok(row)
        }),
    ),
    (
        "an unchecked input is a divisor",
        Law::Total,
        "`r_net` must be finite",
        Bug(|question| {
            let mut row = ask(question)?;
            let members: Map<String, Value> =
                serde_json::from_str(&question.record).unwrap_or_default();
            let stop = members.get("stop_dist_pct").and_then(Value::as_f64);
            row.r_net = stop.map(|stop| 1.0 / stop);
            Ok(row)
        }),
    ),
    (
        "a missing probability is 0",
        Law::UnknownInputsFail,
        "without `p_mr`, `kill_score` must be absent",
        MISSING_IS_ZERO,
    ),
    (
        "a missing probability is 0",
        Law::ExitsAreNeverBlocked,
        "without `p_mr`, `harvest_reasons` must contain `kill_score_unavailable`",
        MISSING_IS_ZERO,
    ),
    (
        "the kill score needs the price",
        Law::ExitsAreNeverBlocked,
        "the answer must still be a HARVEST",
        Bug(|question| {
            let row = ask(question)?;
            match row.r_net {
                None => Ok(Row::skip("HARVEST_INVALID_INPUT")),
                Some(_) => Ok(row),
            }
        }),
    ),
    (
        "the first and the last stage are swapped",
        Law::Monotone,
        "more profit must not lower the stage",
        Bug(|question| {
            let swaps = [("PARTIAL_75", "PARTIAL_25"), ("PARTIAL_25", "PARTIAL_75")];
            Ok(replace(ask(question)?, &swaps))
        }),
    ),
    (
        "the second stage is missing",
        Law::Monotone,
        "more profit must not lower the stage",
        Bug(|question| Ok(replace(ask(question)?, &[("PARTIAL_50", "NONE")]))),
    ),
];

/// The harvest that returns another answer for every hundredth question.
pub(crate) struct Counting(pub(crate) u64);

impl Harvester for Counting {
    fn harvest(&mut self, question: &Question) -> Result<Row, Unanswered> {
        self.0 += 1;
        if self.0.is_multiple_of(100) {
            return Ok(Row::skip("POLICY_STORE_UNAVAILABLE"));
        }
        ask(question)
    }
}
