//! Intents in every envelope and with every alias, and the faults that gate 1 detects.

use super::direction::{self, Direction, Statements};
use super::exits::{self, Amount};
use super::fields::{Fields, Given, When, positive, times};
use super::json::{self, Field, Json};
use super::record::{Record, Values, canonical, differ, number};
use super::size::{self, Size};
use super::{Candle, Flaw, World, symbol, time, unsupported};

/// The fields that are taken from the envelope if the payload does not have them.
const FROM_ENVELOPE: [&str; 7] = [
    "id",
    "intent_id",
    "source",
    "event_type",
    "decided_at",
    "ts",
    "timestamp",
];
/// Fields that must not be in the envelope of an entry, although they are not needed for the decision.
const CARRIED: [&str; 3] = ["confidence", "regime", "model"];
/// The other fields that affect the decision about an entry.
const ENTRY_DECIDES: [&str; 15] = [
    "leverage",
    "quantity",
    "qty",
    "price",
    "entry_price",
    "position_usd",
    "stake_amount",
    "size",
    "position_size_usd",
    "stop_loss",
    "sl",
    "sl_price",
    "take_profit",
    "tp",
    "tp_price",
];
const STOP: [&str; 3] = ["stop_loss", "sl", "sl_price"];
const TARGET: [&str; 3] = ["take_profit", "tp", "tp_price"];
const SENT: [&str; 3] = ["id", "ts", "timestamp"];

const UNREADABLE: &str = "INTENT_UNREADABLE";
const INVALID: &str = "INTENT_INVALID";
const AMBIGUOUS: &str = "INTENT_AMBIGUOUS";

/// The source of an intent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Emitter {
    Absent,
    Unreadable,
    Named(String),
}

/// An intent that passed gate 1.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    pub direction: Direction,
    pub symbol: String,
    pub source: Emitter,
    /// The time of the record in microseconds, if it has one.
    pub event_time: Option<i64>,
    /// The earliest and the latest time of sending in microseconds.
    pub sent: Option<(i64, i64)>,
    pub leverage: Given,
    pub size: Size,
    pub price: Given,
    pub entry_price: Given,
    pub stop: Given,
    /// The price that converts a quantity.
    pub conversion: Given,
    pub amount: Amount,
    pub trigger: Option<f64>,
    /// An exit has faults that do not block it.
    pub is_noted: bool,
}

/// Checks gate 1 and returns the intent. `clock` is true if the caller has a clock.
pub(crate) fn read(world: &World<'_>, line: &str, clock: bool) -> Result<Intent, &'static str> {
    let top = json::read_by_grammar(line).ok_or(UNREADABLE)?;
    let top = json::pairs(&top).ok_or(UNREADABLE)?;
    if names_another_event(top) {
        return Err(UNREADABLE);
    }
    // If a payload is a duplicate, it is not read. If both `payload` and `data` are present, only
    // their types are checked.
    let mut payloads = Vec::new();
    let fields = ["payload", "data"].map(|name| json::field(top, name));
    for field in fields {
        if let Field::One(value) = field {
            payloads.push(payload(value).ok_or(UNREADABLE)?);
        }
    }
    if fields.iter().any(|field| matches!(field, Field::Duplicate)) {
        return Err(INVALID);
    }
    if payloads.len() > 1 {
        return Err(AMBIGUOUS);
    }
    if payloads.iter().any(|payload| names_another_event(payload)) {
        return Err(UNREADABLE);
    }
    let lone = payloads.pop();
    let (envelope, inner, timed) = match &lone {
        Some(payload) => {
            let fields = with_envelope_fields(top, payload);
            let timed = timed(top, payload, &fields);
            (Some(top.clone()), Record::open(fields), timed)
        }
        None => (None, Record::open(top.clone()), top.clone()),
    };
    let envelope = envelope.map(Record::open);
    let has_own_source = lone.is_some_and(|payload| Record::open(payload).has("source"));
    let reading = Reading {
        world,
        record: inner,
        envelope,
        has_own_source,
        faults: Faults::default(),
    };
    reading.checked(&timed, clock)
}

/// Returns the event type of a line, if it is known and not an intent.
pub(crate) fn other_event_type(line: &str) -> Option<String> {
    let top = json::read_by_grammar(line)?;
    let event = Record::open(json::pairs(&top)?.clone()).text("event_type")?;
    let others = [
        "position.snapshot",
        "policy.updated",
        "policy.withdrawn",
        "trade.decided",
    ];
    others.contains(&event.as_str()).then_some(event)
}

/// Returns true if the event type is not that of an intent.
fn names_another_event(fields: &Fields) -> bool {
    let intent = Json::Text("trade.intent".to_owned());
    match Record::open(fields.to_vec()).values("event_type") {
        Values::All(all) => all.iter().any(|name| *name != intent),
        Values::Absent | Values::Duplicate => false,
    }
}

/// Returns the payload if it is an object.
fn payload(value: &Json) -> Option<Vec<(String, Json)>> {
    match value {
        Json::Text(text) => json::pairs(&json::read_by_grammar(text)?).cloned(),
        Json::Object(pairs) => Some(pairs.clone()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Garbled(_) => None,
    }
}

/// Returns the payload with the fields that it takes from its envelope.
fn with_envelope_fields(
    envelope: &[(String, Json)],
    payload: &[(String, Json)],
) -> Vec<(String, Json)> {
    let mut fields = payload.to_vec();
    let (of_payload, from_envelope) =
        (Record::open(payload.to_vec()), FROM_ENVELOPE.map(canonical));
    for name in &from_envelope {
        if !of_payload.has(name) {
            fields.retain(|(key, _)| canonical(key) != *name);
            let from_envelope = envelope.iter().filter(|(key, _)| canonical(key) == *name);
            fields.extend(from_envelope.cloned());
        }
    }
    fields
}

/// Returns the fields for the timestamps. If the `id` of the payload is not a stream entry id and the payload has no
/// timestamp, the `id` of the envelope is used.
fn timed(
    envelope: &[(String, Json)],
    payload: &[(String, Json)],
    fields: &[(String, Json)],
) -> Vec<(String, Json)> {
    let of_payload = |name: &str| -> Vec<&Json> {
        let named = payload.iter().filter(|(key, _)| canonical(key) == name);
        named.map(|(_, value)| value).collect()
    };
    let is_name = match of_payload("id").as_slice() {
        [Json::Text(id)] => time::stream_id_millis(id).is_none(),
        [_] => true,
        _ => false,
    };
    let mut timed = fields.to_vec();
    if is_name && of_payload("ts").is_empty() && of_payload("timestamp").is_empty() {
        timed.retain(|(key, _)| canonical(key) != "id");
        let ids = envelope.iter().filter(|(key, _)| canonical(key) == "id");
        timed.extend(ids.cloned());
    }
    timed
}

/// An intent while gate 1 is checked.
struct Reading<'a> {
    world: &'a World<'a>,
    record: Record,
    envelope: Option<Record>,
    /// The payload has a source of its own.
    has_own_source: bool,
    faults: Faults,
}

#[derive(Clone, Copy, Default)]
struct Faults {
    invalid: bool,
    ambiguous: bool,
    hold: bool,
    unsupported: bool,
    /// An exit has faults that do not block it.
    noted: bool,
}

impl Reading<'_> {
    fn checked(mut self, timed: &Fields, clock: bool) -> Result<Intent, &'static str> {
        let statements = direction::read_statements(&self.record, self.world.flaw);
        let source = self.source();
        let names = self.world.delegates.iter().map(String::as_str);
        let owner = names
            .chain([self.world.exit_owner])
            .any(|name| source == Emitter::Named(name.to_owned()));
        let direction = statements.direction(owner);
        let symbols = match self.record.values("symbol") {
            Values::All(all) => all,
            Values::Absent | Values::Duplicate => Vec::new(),
        };
        let symbols: Vec<Option<String>> = symbols.iter().map(symbol_of).collect();
        let differ = symbols.windows(2).any(|pair| pair.first() != pair.last());
        let all: Option<Vec<String>> = symbols.into_iter().collect();
        let named = all.and_then(|all| all.into_iter().next());
        self.faults.invalid |= named.is_none();
        self.faults.ambiguous |= differ;
        self.faults.ambiguous |=
            self.envelope.is_some() && ["payload", "data"].iter().any(|name| self.record.has(name));
        self.direction(&statements, &direction);
        self.duplicates(direction.is_exit);
        let has_outer_amount = self.beside(direction.is_exit);
        let (event_time, sent) = self.times(timed, &source, direction.is_exit, clock);
        let size = size::read(&self.record);
        let stop = attached(&self.record, &STOP).first().copied();
        let stop = stop.unwrap_or(Given::Absent);
        let entry_price = self.record.number(&["entry_price"]);
        if !direction.is_exit {
            self.spellings();
            self.prices(&direction, statements.reverses, stop);
            self.faults.ambiguous |=
                size.is_ambiguous && self.world.flaw != Some(Flaw::SmallerSizeWins);
        }
        let trigger = exits::trigger(&self.record);
        // The guardrails ignore fields of entries only.
        let ignored = &self.world.guardrails.ignored_fields;
        let ignored = if direction.is_exit {
            &[]
        } else {
            ignored.as_slice()
        };
        let found = unsupported::find(&self.record, ignored);
        if direction.is_exit {
            self.faults.unsupported |= trigger.trails || (trigger.waits && trigger.price.is_none());
            self.faults.noted |= found.found || direction.disagrees;
        } else if self.world.flaw != Some(Flaw::UnsupportedIgnored) {
            let has_share = [
                "qty_fraction",
                "quantity_fraction",
                "close_fraction",
                "close_pct",
            ]
            .iter()
            .flat_map(|name| self.record.readable(name))
            .any(|value| unsupported::counts(&value) || number(&value) == Given::Unreadable);
            self.faults.unsupported |= trigger.trails || trigger.waits || found.found || has_share;
        }
        // A number as the side of an exit is ignored.
        self.faults.unsupported |=
            statements.reverses || (statements.is_numbered && !direction.is_exit);
        let faults = self.faults;
        for (is_found, reason) in [
            (faults.invalid, INVALID),
            (faults.ambiguous, AMBIGUOUS),
            (faults.hold, "INTENT_NOT_ACTIONABLE"),
            (faults.unsupported, "INTENT_UNSUPPORTED"),
            (direction.is_unclear, AMBIGUOUS),
        ] {
            if is_found {
                return Err(reason);
            }
        }
        let amount = exits::amount(
            &self.record,
            &statements,
            !found.amount && !has_outer_amount,
            self.world.flaw,
        );
        Ok(Intent {
            symbol: named.unwrap(),
            source,
            event_time,
            sent,
            leverage: self.record.number(&["leverage"]),
            size,
            price: size::price(&self.record),
            entry_price,
            stop,
            conversion: size::conversion(&self.record),
            amount,
            trigger: trigger.price,
            is_noted: faults.noted || amount == Amount::Unknown,
            direction,
        })
    }

    /// Checks that the statements about the direction are readable and agree.
    fn direction(&mut self, statements: &Statements, direction: &Direction) {
        let faults = &mut self.faults;
        faults.hold = statements.holds;
        faults.ambiguous |= statements.is_hold && statements.acts();
        if direction.is_exit {
            let has_side = direction.side.is_some() || direction.disagrees;
            faults.invalid |= !has_side && !statements.is_request && !statements.is_unsupported();
            return;
        }
        faults.invalid |= statements.unreadable || statements.unreadable_word;
        faults.ambiguous |= direction.disagrees && !statements.reverses;
        let has_side = direction.side.is_some() || direction.disagrees;
        faults.invalid |= !has_side && !statements.holds && !statements.is_unsupported();
    }

    /// Returns the source. The sources of the envelope and the payload must be equal.
    fn source(&mut self) -> Emitter {
        let mut all = match self.record.values("source") {
            Values::Absent => return Emitter::Absent,
            Values::Duplicate => {
                self.faults.invalid = true;
                return Emitter::Unreadable;
            }
            Values::All(all) => all,
        };
        if let Some(envelope) = self.envelope.as_ref().filter(|_| self.has_own_source) {
            match envelope.values("source") {
                Values::Absent => {}
                Values::Duplicate => self.faults.invalid = true,
                Values::All(outer) => all.extend(outer),
            }
        }
        let differ = all.windows(2).any(|pair| pair.first() != pair.last());
        let is_text = matches!(all.first(), Some(Json::Text(_)));
        self.faults.ambiguous |= all.len() > 1 && (differ || !is_text);
        match all.first() {
            Some(Json::Text(name)) => Emitter::Named(name.clone()),
            Some(_) | None => Emitter::Unreadable,
        }
    }

    /// Checks for duplicate keys. Those of an exit matter only in the fields that it needs.
    fn duplicates(&mut self, is_exit: bool) {
        let records = [Some(&self.record), self.envelope.as_ref()];
        let is_duplicate = |names: &[&str]| {
            records
                .iter()
                .flatten()
                .any(|record| names.iter().any(|name| record.is_duplicate(name)))
        };
        self.faults.invalid |= is_duplicate(&["symbol", "source", "payload", "data"]);
        self.faults.invalid |= self.record.is_repeated("source");
        if is_exit {
            return;
        }
        self.faults.invalid |= is_duplicate(&direction::FIELDS)
            || is_duplicate(&exits::FIELDS)
            || is_duplicate(&["event_type"]);
        if self.world.flaw != Some(Flaw::DuplicatesAccepted) {
            let others = ["intent_id", "decided_at", "params", "order"];
            let is_repeated = records.iter().flatten().any(|record| {
                SENT.iter()
                    .chain(&["intent_id", "decided_at", "policy_hash", "event_type"])
                    .any(|name| record.is_repeated(name))
            });
            self.faults.invalid |=
                is_duplicate(&ENTRY_DECIDES) || is_repeated || is_duplicate(&others);
        }
    }

    /// Checks that the envelope has no field of the intent next to its payload. An amount there does not block an exit,
    /// but the quantity of the exit is unknown. Returns true for such an amount.
    fn beside(&mut self, is_exit: bool) -> bool {
        let Some(envelope) = &self.envelope else {
            return false;
        };
        let has = |names: &[&str]| names.iter().any(|name| envelope.has(name));
        let unsupported = unsupported::find(envelope, &[]);
        self.faults.ambiguous |=
            has(&["symbol"]) || direction::is_stated(envelope) || exits::is_triggered(envelope);
        let amount = has(&["quantity", "qty"])
            || has(&exits::FRACTIONS)
            || has(&exits::PERCENTAGES)
            || unsupported.amount;
        if !is_exit {
            self.faults.ambiguous |=
                has(&ENTRY_DECIDES) || has(&CARRIED) || amount || unsupported.found;
        }
        amount
    }

    /// Returns the time of the record, and the earliest and the latest time of sending.
    fn times(
        &mut self,
        timed: &Fields,
        source: &Emitter,
        is_exit: bool,
        clock: bool,
    ) -> (Option<i64>, Option<(i64, i64)>) {
        let candle = self
            .world
            .guardrails
            .timestamps
            .iter()
            .find(|(name, _)| *source == Emitter::Named(name.clone()));
        let mut sent: Vec<i64> = Vec::new();
        let mut is_faulty = false;
        for record in [Some(&self.record), self.envelope.as_ref()]
            .into_iter()
            .flatten()
        {
            for name in ["decided_at", "id", "ts", "timestamp"] {
                let is_read = !is_exit || std::ptr::eq(record, &self.record);
                is_faulty |= is_read && record.is_repeated(name);
                // The time of the decision in an envelope counts only if the payload has none.
                if name == "decided_at" && !std::ptr::eq(record, &self.record) {
                    continue;
                }
                for value in record.readable(name) {
                    let micros = match when(name, &value) {
                        When::Absent => continue,
                        When::At(micros) if time::is_plausible(micros) => micros,
                        // Seconds in a field of milliseconds.
                        When::At(micros)
                            if self.world.flaw == Some(Flaw::SecondsAccepted)
                                && name == "ts"
                                && time::is_plausible(micros.saturating_mul(1_000)) =>
                        {
                            micros * 1_000
                        }
                        When::At(_) | When::Unreadable => {
                            is_faulty = true;
                            continue;
                        }
                    };
                    match (name, candle) {
                        ("decided_at", _) => {}
                        ("timestamp", Some((_, Candle::Open(seconds)))) => {
                            sent.push(after(micros, *seconds));
                        }
                        _ => sent.push(micros),
                    }
                }
            }
        }
        let timed: Vec<(String, Json)> = timed
            .iter()
            .map(|(written, value)| {
                let name = canonical(written);
                let known = ["decided_at", "id", "ts", "timestamp"];
                let known = known.into_iter().find(|known| canonical(known) == name);
                (known.unwrap_or(written).to_owned(), value.clone())
            })
            .collect();
        let (decided_at, made_at) = times(&timed);
        let event = decided_at.timestamp().or(made_at.timestamp());
        if is_exit {
            self.faults.noted |= is_faulty;
        } else {
            self.faults.invalid |= is_faulty || (event.is_none() && !clock);
        }
        let sent = match (sent.iter().min(), sent.iter().max()) {
            (Some(first), Some(last)) => Some((*first, *last)),
            _ => None,
        };
        (event, sent)
    }

    /// Checks that all spellings of a number or a text agree.
    fn spellings(&mut self) {
        let mut groups: Vec<&[&str]> = vec![&size::QUANTITY, &size::MARGIN];
        groups.extend([
            &["leverage"][..],
            &["price"],
            &["entry_price"],
            &["size"],
            &["position_size_usd"],
        ]);
        self.faults.ambiguous |= groups.iter().any(|names| self.record.numbers_differ(names));
        // A price of 0 means a market order.
        let prices = self.record.numbers(&["price"]);
        let is_market = |price: &Given| *price == Given::Number(0.0);
        self.faults.ambiguous |= prices.iter().any(is_market) && !prices.iter().all(is_market);
        self.faults.ambiguous |= differ(&self.targets()) || differ(&attached(&self.record, &STOP));
    }

    /// Returns the targets. 0 and an empty text mean that there is none.
    fn targets(&self) -> Vec<Given> {
        let mut all = attached(&self.record, &TARGET);
        all.retain(|target| *target != Given::Number(0.0));
        all
    }

    /// Checks the stop, the entry price and the target of an entry.
    fn prices(&mut self, direction: &Direction, reverses: bool, stop: Given) {
        let targets = self.targets();
        let target = targets.first().copied().unwrap_or(Given::Absent);
        let entry = self.record.number(&["entry_price"]);
        let mut all = [targets, attached(&self.record, &STOP)].concat();
        all.extend(self.record.numbers(&["entry_price"]));
        let unusable = |price: &Given| *price != Given::Absent && positive(*price).is_none();
        self.faults.invalid |= all.iter().any(unusable);
        let price = positive(size::price(&self.record));
        if let (Some(price), Some(entry)) = (price, positive(entry)) {
            let (low, high) = (price.min(entry), price.max(entry));
            self.faults.ambiguous |= high / low >= 1.5;
        }
        let ladder = [positive(stop), positive(entry).or(price), positive(target)];
        let ladder: Vec<f64> = ladder.into_iter().flatten().collect();
        let wrong = |pair: &[f64]| match (pair.first(), pair.last(), direction.side) {
            (Some(first), Some(last), Some("BUY")) => first >= last,
            (Some(first), Some(last), Some("SELL")) => first <= last,
            _ => false,
        };
        // The side of a reversal is not known.
        let has_side = direction.side.is_some() && !reverses;
        self.faults.ambiguous |= has_side && ladder.len() > 1 && ladder.windows(2).any(wrong);
    }
}

/// Returns the prices of attached orders. Each is a number, or an object with `triggerPrice`.
fn attached(record: &Record, names: &[&'static str]) -> Vec<Given> {
    let mut all = Vec::new();
    for name in names {
        all.extend(record.is_duplicate(name).then_some(Given::Unreadable));
        for value in record.readable(name) {
            match &value {
                Json::Text(text) if text.is_empty() && names.contains(&"tp") => {}
                Json::Object(pairs) => {
                    let price = Record::open(pairs.clone()).number(&["triggerPrice"]);
                    all.extend(Some(price).filter(|price| *price != Given::Absent));
                }
                _ => all.push(number(&value)),
            }
        }
    }
    all
}

/// Returns the symbol in a value.
fn symbol_of(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => symbol(text),
        _ => None,
    }
}

/// Returns a time that a field states.
fn when(name: &str, value: &Json) -> When {
    let timestamp = match (name, value) {
        ("id", Json::Text(id)) => match time::stream_id_millis(id) {
            Some(millis) => match time::from_millis(millis).filter(|at| time::is_plausible(*at)) {
                Some(at) => Some(at),
                None => return When::Absent,
            },
            None => return When::Absent,
        },
        ("id", _) => return When::Absent,
        ("timestamp", Json::Number(text)) => time::from_seconds(text),
        ("timestamp", Json::Text(text)) => {
            time::from_iso(text).or_else(|| time::from_seconds(text))
        }
        (_, Json::Number(text) | Json::Text(text)) => time::from_millis(text),
        _ => None,
    };
    timestamp.map_or(When::Unreadable, When::At)
}

/// Returns the end of a candle of this length.
fn after(micros: i64, seconds: f64) -> i64 {
    let length: i64 = format!("{:.0}", seconds * 1e6).parse().unwrap();
    micros + length
}
