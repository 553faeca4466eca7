//! One row of recorded answers: what somebody wrote down, and proof of nothing.

use std::fmt;

use portcullis::{
    answer::{AnswerSide, EventKind, Verdict},
    decide::Reason,
    domain::{Instant, PolicyHash, PositionSide, Shown, Side, Symbol},
    harvest::HarvestAction,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Effect;

/// A row, as far as it says which record it answers and what is to be done. Its other columns are not looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The line that it stands in; of an answer that stands in no file, its number.
    pub line: u64,
    /// The number of the record.
    pub n: u64,
    /// Its id; its number where it has none.
    pub id: String,
    /// What it was; none where nobody could tell.
    pub event: Option<EventKind>,
    /// When it happened.
    pub ts: Option<Instant>,
    /// The symbol.
    pub symbol: Option<Symbol>,
    /// The policy that it brought into force.
    pub policy: Option<PolicyHash>,
    /// What is to be done.
    pub effect: Effect,
}

/// Why a line is no row.
#[derive(Debug, PartialEq, Eq)]
pub struct RowFault {
    column: Option<usize>,
    why: String,
}

impl RowFault {
    fn new(why: impl Into<String>) -> Self {
        Self {
            column: None,
            why: why.into(),
        }
    }
}

/// To stand behind the number of the line.
impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.why)
    }
}

impl From<serde_json::Error> for RowFault {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let why = match text.rsplit_once(" at line ") {
            _ if error.is_eof() => "the row is cut off: write these answers again",
            Some((why, _)) => why,
            None => &text,
        };
        Self {
            column: Some(error.column()),
            why: why.to_owned(),
        }
    }
}

/// The columns that count, each as it was written. A key that stands twice is an error; null is absent.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    ts: Option<&'a RawValue>,
    #[serde(borrow)]
    symbol: Option<&'a RawValue>,
    #[serde(borrow)]
    side: Option<&'a RawValue>,
    #[serde(borrow)]
    decision: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
    #[serde(borrow)]
    leverage: Option<&'a RawValue>,
    #[serde(borrow)]
    size_usd: Option<&'a RawValue>,
    #[serde(borrow)]
    notional_usd: Option<&'a RawValue>,
    #[serde(borrow)]
    quantity: Option<&'a RawValue>,
    #[serde(borrow)]
    harvest_action: Option<&'a RawValue>,
    #[serde(borrow)]
    stop_proposed: Option<&'a RawValue>,
    #[serde(borrow)]
    policy_hash: Option<&'a RawValue>,
}

impl Recorded {
    /// Reads what stands in a line.
    ///
    /// # Errors
    /// What is no row: no JSON object, a column that is missing or cannot be read, a code that nobody knows, a verdict with
    /// columns of another one.
    pub fn read(line: u64, text: &str) -> Result<Self, RowFault> {
        // A list would be taken for the values alone.
        if !text.trim_start().starts_with('{') {
            return Err(RowFault::new("no JSON object"));
        }
        let row: Row<'_> = serde_json::from_str(text)?;
        let decision = known("decision", row.decision, &Verdict::ALL, |it| it.as_str())?;
        let decision = needed("decision", decision)?;
        let side = known("side", row.side, sides(decision), AnswerSide::as_str)?;
        let policy = read("policy_hash", row.policy_hash, "a hash", |text| {
            PolicyHash::parse(&string(text)?).ok()
        })?;
        let recorded = Self {
            line,
            n: needed("n", whole("n", row.n)?)?,
            id: needed("id", read("id", row.id, "a text", string)?)?,
            event: known("event", row.event, &EventKind::ALL, |it| it.as_str())?,
            ts: read("ts", row.ts, "an instant in epoch milliseconds", |text| {
                Instant::from_millis(text.parse().ok()?).ok()
            })?,
            symbol: read("symbol", row.symbol, "a symbol", |text| {
                Symbol::new(&string(text)?).ok()
            })?,
            policy: policy.filter(|_| decision == Verdict::Policy),
            effect: Effect {
                decision,
                reason: known("reason", row.reason, Reason::ALL, |it| it.code())?,
                side: side.filter(|_| decision != Verdict::Skip),
                leverage: number("leverage", row.leverage)?,
                size_usd: number("size_usd", row.size_usd)?,
                notional_usd: number("notional_usd", row.notional_usd)?,
                quantity: number("quantity", row.quantity)?,
                harvest_action: known(
                    "harvest_action",
                    row.harvest_action,
                    &HarvestAction::ALL,
                    |it| it.as_str(),
                )?,
                stop_proposed: number("stop_proposed", row.stop_proposed)?,
            },
        };
        recorded.check_event()?;
        recorded.check_columns()?;
        Ok(recorded)
    }

    /// Whether nobody could read the record.
    pub(super) fn is_unreadable(&self) -> bool {
        self.effect.reason == Some(Reason::IntentUnreadable)
    }

    /// The first column that says that two rows of one number answer different records, and what it says in each. A
    /// column that one of them lacks contradicts nothing, and who could not read a record cannot say which it was.
    pub(super) fn contradiction(&self, other: &Self) -> Option<Contradiction> {
        if self.is_unreadable() != other.is_unreadable() {
            return None;
        }
        let (it, that) = (self, other);
        let event = pair("event", it.event, that.event, |event| {
            event.as_str().to_owned()
        });
        event
            .or_else(|| {
                let ids = (Some(&*it.id), Some(&*that.id));
                pair("id", ids.0, ids.1, |id| Shown(id).to_string())
            })
            .or_else(|| pair("ts", it.ts, that.ts, |ts| ts.as_millis().to_string()))
            .or_else(|| pair("symbol", it.symbol, that.symbol, |it| it.to_string()))
            .or_else(|| pair("policy_hash", it.policy, that.policy, |it| it.to_string()))
    }

    fn check_event(&self) -> Result<(), RowFault> {
        let decision = self.effect.decision;
        let fits = match (decision, self.event) {
            (Verdict::Skip, _) => true,
            (Verdict::Trade | Verdict::Exit, event) => event == Some(EventKind::Intent),
            (Verdict::Harvest, event) => event == Some(EventKind::Position),
            (Verdict::Policy, event) => matches!(
                event,
                Some(EventKind::PolicyUpdated | EventKind::PolicyWithdrawn)
            ),
        };
        if fits {
            return Ok(());
        }
        let decision = decision.as_str();
        Err(RowFault::new(match self.event {
            Some(event) => format!("`{}` is never answered with {decision}", event.as_str()),
            None => format!("`event` is missing, and {decision} needs one"),
        }))
    }

    /// A verdict has the columns that say what is to be done, and none of another.
    fn check_columns(&self) -> Result<(), RowFault> {
        use Verdict::{Exit, Harvest, Skip, Trade};
        let it = &self.effect;
        let columns: [(&str, bool, &[Verdict], &[Verdict]); 8] = [
            ("reason", it.reason.is_some(), &[Skip], &[]),
            ("side", it.side.is_some(), &[Trade], &[Exit, Harvest]),
            ("leverage", it.leverage.is_some(), &[Trade], &[]),
            ("size_usd", it.size_usd.is_some(), &[Trade], &[]),
            ("notional_usd", it.notional_usd.is_some(), &[Trade], &[]),
            ("quantity", it.quantity.is_some(), &[], &[Trade, Exit]),
            (
                "harvest_action",
                it.harvest_action.is_some(),
                &[Harvest],
                &[],
            ),
            ("stop_proposed", it.stop_proposed.is_some(), &[], &[Harvest]),
        ];
        let decision = it.decision;
        for (name, stands, needing, taking) in columns {
            let needs = needing.contains(&decision);
            if needs && !stands {
                let decision = decision.as_str();
                return Err(RowFault::new(format!(
                    "`{name}` is missing, and {decision} needs one"
                )));
            }
            if stands && !needs && !taking.contains(&decision) {
                let decision = decision.as_str();
                return Err(RowFault::new(format!("{decision} has no `{name}`")));
            }
        }
        Ok(())
    }
}

/// The sides that an answer of this verdict can have.
const fn sides(decision: Verdict) -> &'static [AnswerSide] {
    const BUY: AnswerSide = AnswerSide::Order(Side::Buy);
    const SELL: AnswerSide = AnswerSide::Order(Side::Sell);
    const LONG: AnswerSide = AnswerSide::Position(PositionSide::Long);
    const SHORT: AnswerSide = AnswerSide::Position(PositionSide::Short);
    match decision {
        Verdict::Trade | Verdict::Exit => &[BUY, SELL],
        Verdict::Harvest => &[LONG, SHORT],
        Verdict::Skip => &[BUY, SELL, LONG, SHORT],
        Verdict::Policy => &[],
    }
}

/// A column, and what it says in the one row and in the other.
type Contradiction = (&'static str, String, String);

fn pair<T: PartialEq>(
    name: &'static str,
    one: Option<T>,
    other: Option<T>,
    text: impl Fn(T) -> String,
) -> Option<Contradiction> {
    let (one, other) = one.zip(other)?;
    (one != other).then(|| (name, text(one), text(other)))
}

fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// A column through its door.
fn read<T>(
    name: &str,
    value: Option<&RawValue>,
    due: &str,
    door: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, RowFault> {
    let Some(text) = value.map(RawValue::get) else {
        return Ok(None);
    };
    let read = door(text).ok_or_else(|| {
        RowFault::new(format!("`{name}` is `{}`, where {due} is due", Shown(text)))
    })?;
    Ok(Some(read))
}

/// To the last bit, as it was written.
fn number(name: &str, value: Option<&RawValue>) -> Result<Option<f64>, RowFault> {
    read(name, value, "a finite number", |text| {
        text.parse().ok().filter(|number: &f64| number.is_finite())
    })
}

fn whole(name: &str, value: Option<&RawValue>) -> Result<Option<u64>, RowFault> {
    read(name, value, "a whole number", |text| text.parse().ok())
}

/// One of a list of names.
fn known<T: Copy>(
    name: &str,
    value: Option<&RawValue>,
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<Option<T>, RowFault> {
    let text = read(name, value, "a text", string)?;
    let Some(text) = text else { return Ok(None) };
    let found = all.iter().copied().find(|it| name_of(*it) == text);
    let found = found.ok_or_else(|| {
        RowFault::new(format!(
            "`{name}` is `{}`, which is none that is known",
            Shown(&text)
        ))
    })?;
    Ok(Some(found))
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, RowFault> {
    value.ok_or_else(|| RowFault::new(format!("`{name}` is missing")))
}
