//! Target `decide`: a policy, guardrails, intents and a timestamp, generated from the bytes of the fuzzer. The engine
//! answers one intent at a time, traced and in columns, and is compared with the naive engine.

use crate::{
    draft::{self, Pairs, SYMBOLS, guardrails, instant, number, object, pairs, seconds},
    oracle::{
        engine,
        naive::{World, decide::decide as naive, json::quote},
    },
    worlds::{OWNER, assert_same_answer},
};
use arbitrary::{Result, Unstructured};
use portcullis::{
    answer::Answer,
    decide::{BatchRow, Decision, DecisionColumns, Engine, IntentColumns, LeverageFrom, Outcome},
    exit::ExitRule,
    policy::PolicyState,
    provenance::Source,
    record::{Scratch, TapeRecord, read},
    types::{Notional, Timestamp},
};

/// The inputs of a few answers.
struct Call {
    policy: Option<String>,
    guardrails: crate::oracle::naive::Guardrails,
    lines: Vec<String>,
    now: Option<i64>,
}

/// Generates intents from the bytes, and compares all kinds of answers to them.
pub(crate) fn run(data: &[u8]) {
    if let Ok(call) = call(&mut Unstructured::new(data)) {
        check(&call);
    }
}

fn call(u: &mut Unstructured<'_>) -> Result<Call> {
    let now = if u.arbitrary()? {
        Some(instant(u)?)
    } else {
        None
    };
    let lines = (0..u.int_in_range(1..=3)?).map(|_| intent(u));
    Ok(Call {
        lines: lines.collect::<Result<_>>()?,
        policy: draft::policy(u)?,
        guardrails: guardrails(u)?,
        now,
    })
}

const FIELDS: [&str; 24] = [
    "id",
    "intent_id",
    "decided_at",
    "ts",
    "timestamp",
    "symbol",
    "action",
    "side",
    "reduce_only",
    "reduceOnly",
    "intent_type",
    "source",
    "leverage",
    "quantity",
    "qty",
    "price",
    "entry_price",
    "position_usd",
    "size",
    "position_size_usd",
    "stop_loss",
    "take_profit",
    "regime",
    "policy_hash",
];
const SIZES: [&[&str]; 7] = [
    &["size"],
    &["position_size_usd"],
    &["position_usd", "leverage"],
    &["quantity", "price"],
    &["qty", "entry_price"],
    &["quantity", "entry_price", "stop_loss"],
    &[],
];

/// Generates the line of an intent, with or without an envelope.
fn intent(u: &mut Unstructured<'_>) -> Result<String> {
    let symbol = quote(u.choose(&SYMBOLS)?, false);
    let mut fields = pairs(&[("symbol", &symbol)]);
    let exits: [&[(&str, &str)]; 3] = [
        &[("reduce_only", "true"), ("side", "\"SELL\"")],
        &[("action", "\"CLOSE\"")],
        &[("intent_type", "\"PARTIAL_EXIT\""), ("reduceOnly", "\"1\"")],
    ];
    let kind = u.int_in_range(0..=9)?;
    fields.extend(match kind {
        0 => pairs(u.choose(&exits)?),
        1..=5 => pairs(&[("action", "\"BUY\"")]),
        _ => pairs(&[("side", "\"short\"")]),
    });
    let name = match kind {
        0 => *u.choose(&[OWNER, "emergency", "ai"])?,
        _ => *u.choose(&["ai", "ai", "momentum", "emergency"])?,
    };
    fields.push(("source".to_owned(), quote(name, false)));
    for name in *u.choose(&SIZES)? {
        fields.push(((*name).to_owned(), number(u)?));
    }
    let at = instant(u)?;
    fields.push(match u.int_in_range(0..=3)? {
        0 => ("timestamp".to_owned(), seconds(at)),
        1 => ("ts".to_owned(), at.div_euclid(1_000).to_string()),
        2 => (
            "id".to_owned(),
            format!("\"{}-7\"", at.div_euclid(1_000).max(0)),
        ),
        _ => ("decided_at".to_owned(), at.div_euclid(1_000).to_string()),
    });
    draft::change(u, &mut fields, &FIELDS, value)?;
    let outer: Pairs = match u.int_in_range(0..=3)? {
        0 => fields
            .iter()
            .filter(|(key, _)| ["id", "ts", "source"].contains(&key.as_str()))
            .cloned()
            .collect(),
        _ => Pairs::new(),
    };
    let payload = object(&fields);
    let envelope = |value| object(&[outer.as_slice(), &[("payload".to_owned(), value)]].concat());
    Ok(match u.int_in_range(0..=5)? {
        0..=3 => payload,
        4 => envelope(payload),
        _ => envelope(quote(&payload, false)),
    })
}

/// Generates a value for this field.
fn value(u: &mut Unstructured<'_>, name: &str) -> Result<String> {
    let choices: &[&str] = match name {
        "action" | "side" => &[
            "\"BUY\"",
            "\"sell\"",
            "\"LONG\"",
            "\"HOLD\"",
            "\"close\"",
            "\"x\"",
            "5",
        ],
        "reduce_only" | "reduceOnly" => &["true", "false", "1", "\"0\"", "\"True\"", "\"x\"", "2"],
        "intent_type" => &["\"ENTRY\"", "\"exit\"", "\"preclosed\"", "5"],
        "source" => &["\"ai\"", "\"exitbrain_v3_5\"", "\"emergency\"", "\"\"", "5"],
        "symbol" => &["\"BTCUSDT\"", "\"btcusdt\"", "\"B T\"", "\"\"", "5"],
        "id" | "intent_id" | "regime" | "policy_hash" => {
            &["\"a\"", "5", "\"1766550734062-0\"", "\"1766550734062\""]
        }
        "decided_at" | "ts" | "timestamp" => {
            return Ok(match u.int_in_range(0..=2)? {
                0 => instant(u)?.div_euclid(1_000).to_string(),
                1 => seconds(instant(u)?),
                _ => (*u.choose(&[
                    "\"2025-12-24T04:32:14.062733\"",
                    "\"x\"",
                    "-5",
                    "1766550734062.5",
                ])?)
                .to_owned(),
            });
        }
        _ => return number(u),
    };
    Ok((*u.choose(choices)?).to_owned())
}

fn check(call: &Call) {
    let delegates = ["emergency".to_owned()];
    let world = World {
        policy: call.policy.as_deref(),
        guardrails: &call.guardrails,
        exit_owner: OWNER,
        delegates: &delegates,
        flaw: None,
    };
    let policy = engine::policy(&world);
    let (engine, state) = (engine::engine(&world), engine::state(&policy));
    let now = call.now.map(|now| Timestamp::from_micros(now).unwrap());
    let mut columns = IntentColumns::default();
    for line in &call.lines {
        with(line, |intent| columns.push(intent));
    }
    let mut rows = DecisionColumns::default();
    engine.decide_columns(state, &columns, now, &mut rows);
    assert_eq!(rows.len(), call.lines.len());
    for (n, line) in call.lines.iter().enumerate() {
        let row = rows.row(n).unwrap();
        let answer = with(line, |intent| alone(&engine, state, intent, now, &row));
        let context = format!(
            "{line}\n{:?}\n{:?} at {:?}",
            call.policy, call.guardrails, call.now
        );
        assert_same_answer(&answer, &naive(&world, line, call.now), &context);
    }
}

/// Calls a function with the intent of a line. Every line of this target is an intent.
fn with<T>(line: &str, f: impl FnOnce(&portcullis::intent::Intent<'_>) -> T) -> T {
    let mut scratch = Scratch::default();
    match read(line, &mut scratch) {
        TapeRecord::Intent(intent) => f(&intent),
        event => panic!("{event:?}"),
    }
}

/// Returns the answer to one intent, after comparing it with the traced decision and with the row of a batch.
fn alone(
    engine: &Engine,
    state: PolicyState<'_>,
    intent: &portcullis::intent::Intent<'_>,
    now: Option<Timestamp>,
    row: &BatchRow,
) -> crate::oracle::naive::Answer {
    let decision = match now {
        Some(now) => engine.decide(state, intent, now),
        None => engine.decide_recorded(state, intent),
    };
    let (traced, trace) = engine.decide_traced(state, intent, now);
    assert_eq!(format!("{traced:?}"), format!("{decision:?}"));
    let gates: Vec<_> = trace
        .passed()
        .iter()
        .map(|compared| compared.gate())
        .collect();
    assert_eq!(gates, decision.gates_passed(), "{decision:?}");
    let (outcome, leverage, notional) = match &decision {
        Decision::Trade(trade) => {
            let leverage = trade.leverage();
            let from = match leverage.source() {
                Source::Intent(_) => LeverageFrom::Intent,
                _ => LeverageFrom::Policy,
            };
            let leverage = (leverage.value().get().to_bits(), from);
            (
                Outcome::Trade,
                Some(leverage),
                Some(trade.notional().value()),
            )
        }
        Decision::Exit(permit) => match permit.rule() {
            ExitRule::Owner => (Outcome::ExitByOwner, None, None),
            ExitRule::Delegate => (Outcome::ExitByDelegate, None, None),
        },
        Decision::Skip(skip) => (Outcome::Skip(skip.reason()), None, None),
    };
    assert_eq!(row.outcome, outcome, "{decision:?}");
    let of_row = row
        .leverage
        .map(|(leverage, from)| (leverage.get().to_bits(), from));
    assert_eq!(of_row, leverage, "{decision:?}");
    let bits = |notional: Option<Notional>| notional.map(|notional| notional.get().to_bits());
    assert_eq!(bits(row.notional), bits(notional), "{decision:?}");
    engine::columns(&Answer::decision(&decision))
}
