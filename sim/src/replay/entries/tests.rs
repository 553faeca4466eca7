//! The fast path and the general path give the same answers.

use arrow_array::ArrayRef;
use portcullis::{
    decide::Engine,
    exit::ExitOwnership,
    guardrails::{Guardrails, Halt},
    policy::{Policy, PolicyUnavailable},
    record::RECORD_BYTES_MAX,
    types::{Fraction, Leverage, SignedDuration, Symbol, Timestamp},
};
use proptest::{prelude::*, sample::select};

use super::super::{
    AnswerSink, AnswerTally, Counts, Sinks,
    chunk_output::{AnswerBuffer, ChunkOutput},
    replay,
    replayer::{Replayer, Workspace},
    timeline::Timeline,
};
use super::{LineReader, NAMES_MAX, PlainEntry, PlainPosition, keys::POSITION_ONLY};
use crate::tape::{TapeReader, TapeSource};

/// The expiry of the first policy, in epoch milliseconds.
pub(super) const EXPIRY_MS: i64 = 1_767_571_200_000;

pub(super) fn policy(version: &str, expiry_ms: i64) -> String {
    let expiry = Timestamp::from_millis(expiry_ms).unwrap();
    crate::sample::policy_json(expiry).replace("1.0.0-ai-sample", version)
}

pub(super) fn replayer(guardrails: Guardrails, now: Option<Timestamp>) -> Replayer {
    let ownership = ExitOwnership::new("exitbrain_v3_5").unwrap();
    Replayer {
        now,
        ..Replayer::new(Engine::new(guardrails, ownership))
    }
}

/// The path by which a tape is replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Path {
    /// Plain entries are decided as columns.
    Fast,
    /// Each line is answered alone.
    General,
}

/// Everything that a replay writes.
#[derive(Debug, PartialEq)]
struct Written {
    rows: Vec<u8>,
    counts: String,
    lines: String,
    columns: Vec<Vec<ArrayRef>>,
    reports: String,
}

/// Replays a tape in chunks of about this many bytes.
fn run(
    replayer: &Replayer,
    tape: &[u8],
    chunk_bytes: usize,
    (path, answers): (Path, fn() -> AnswerBuffer),
) -> Written {
    let source = TapeSource::Memory {
        name: "a test",
        bytes: tape.to_vec().into(),
    };
    let mut timeline = Timeline::new(
        Policy::from_json(&policy("first", EXPIRY_MS)).map_err(PolicyUnavailable::Invalid),
    );
    let mut workspace = Workspace::default();
    let (mut rows, mut lines, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut counts, mut reports, mut n) = (Counts::default(), Vec::new(), 1);
    for chunk in TapeReader::with_sizes(vec![source], chunk_bytes, RECORD_BYTES_MAX) {
        let chunk = chunk.unwrap();
        let mut output = ChunkOutput::new(answers());
        match path {
            Path::Fast => {
                n += replayer.chunk(&chunk, n, &mut timeline, &mut workspace, &mut output);
            }
            Path::General => {
                for line in chunk.lines() {
                    let scratch = &mut workspace.scratch;
                    let record = (line, n, replayer.now);
                    replayer.line(record, &mut timeline, scratch, &mut output);
                    n += 1;
                }
            }
        }
        rows.extend_from_slice(&output.rows);
        counts.merge(&output.counts);
        lines.extend_from_slice(output.lines());
        reports.extend_from_slice(&output.report_rows);
        if let AnswerBuffer::Columns(written) = &mut output.answers {
            let written = written.take();
            let records = usize::try_from(output.counts.records).unwrap();
            assert!(written.iter().all(|column| column.len() == records));
            columns.push(written);
        }
    }
    Written {
        rows,
        counts: format!("{counts:?}"),
        lines: String::from_utf8(lines).unwrap(),
        columns,
        reports: format!("{reports:?}"),
    }
}

/// Checks that both paths write the same, for each kind of output.
#[track_caller]
fn check(replayer: &Replayer, tape: &[u8]) {
    type NewBuffer = fn() -> AnswerBuffer;
    const SMALL: usize = 400;
    const LARGE: usize = 256 * 1024;
    let outputs: [(bool, usize, NewBuffer); 3] = [
        (false, LARGE, || AnswerBuffer::Nothing),
        (true, SMALL, || AnswerBuffer::Lines(Vec::new())),
        (false, LARGE, || AnswerBuffer::Columns(Box::default())),
    ];
    for (reports, chunk_bytes, answers) in outputs {
        let replayer = Replayer {
            engine: replayer.engine.clone(),
            reports,
            ..*replayer
        };
        let [fast, general] = [Path::Fast, Path::General]
            .map(|path| run(&replayer, tape, chunk_bytes, (path, answers)));
        let text = String::from_utf8_lossy(tape);
        assert_eq!(fast.lines, general.lines, "{text}");
        assert_eq!(fast.columns, general.columns, "{text}");
        assert_eq!(fast.reports, general.reports, "{text}");
        assert_eq!(fast.counts, general.counts, "{text}");
        assert_eq!(fast.rows, general.rows, "{text}");
    }
}

/// Replays a tape on so many threads, and returns its answers as JSON lines, its digest and its report.
fn run_on_threads(replayer: &Replayer, tape: &[u8], threads: usize) -> (String, String, String) {
    let source = TapeSource::Memory {
        name: "a test",
        bytes: tape.to_vec().into(),
    };
    let tapes = TapeReader::with_sizes(vec![source], 400, RECORD_BYTES_MAX);
    let initial = Policy::from_json(&policy("first", EXPIRY_MS));
    let (mut lines, mut tally) = (Vec::new(), AnswerTally::default());
    let sinks = Sinks {
        answers: AnswerSink::Lines(&mut lines),
        tally: Some(&mut tally),
        progress: &mut |_| {},
    };
    let initial = initial.map_err(PolicyUnavailable::Invalid);
    let outcome = replay(replayer, initial, tapes, threads, sinks).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    (lines, outcome.digest.to_string(), format!("{tally:?}"))
}

/// Returns a field with a typical value, a value at the edge, or one that the fast path does not read.
fn field() -> impl Strategy<Value = String> {
    let number = || {
        prop_oneof![
            6 => (1..200_000_u32, 0..4_u32).prop_map(|(digits, places)| {
                let value = f64::from(digits) / 10_f64.powi(places.cast_signed());
                value.to_string()
            }),
            1 => select(vec!["0", "0.0", "1e3", "-5", "null", "\"7\"", "12345.678", "12345.6789", "99999999", "123456789", "0.0000001", "1234567890123456", "\"0.5\"", "\"1e2\"", "\"\"", "5.", "0.000001", "true", "NaN"])
                .prop_map(str::to_owned),
        ]
    };
    let text = |texts: &[&'static str]| select(texts.to_vec()).prop_map(|it| format!("\"{it}\""));
    let named = |name: &'static str, value: BoxedStrategy<String>| {
        value
            .prop_map(move |value| format!("\"{name}\":{value}"))
            .boxed()
    };
    prop_oneof![
        1 => named("event_type", text(&["trade.intent", "trade.intents", ""]).boxed()),
        2 => named("source", text(&["desk", "exitbrain_v3_5", "a source with a long name", "", "π"]).boxed()),
        1 => named("side", text(&["BUY", "SELL", "LONG", "SHORT", "CLOSE", "buy", "HOLD"]).boxed()),
        1 => named("model", text(&["m", "\\n"]).boxed()),
        1 => named("confidence", number().boxed()),
        1 => (select(vec!["ts", "timestamp", "decided_at"]), 0..3_i64, any::<bool>()).prop_map(|(name, late, is_text)| {
            let quote = if is_text { "\"" } else { "" };
            format!("\"{name}\": {quote}{}{quote}", EXPIRY_MS - 5_000 + late * 5_000)
        }),
        1 => named("timestamp", select(vec!["1767571199.25", "\"1767571200.5\"", "1767571199", "\"1767571199.1234567\"", "17.5", "1e9"])
            .prop_map(str::to_owned).boxed()),
        2 => named("timestamp", text(&["2026-01-05T00:00:00Z", "2026-01-04 23:59:58", "2026-01-05T01:00:01+01:00",
            "2026-01-05", "1999-01-05T00:00:00Z", "2100-01-01T00:00:00.000001Z", "2026-13-05T00:00:00Z"]).boxed()),
        1 => named("intent_id", text(&["1767571200000-0", "i1"]).boxed()),
        4 => (
            select(vec!["leverage", "quantity", "qty", "price", "entry_price", "position_usd", "size", "stop_loss",
                "take_profit", "position_size_usd", "stake_amount", "Price", "trailing_stop"]),
            number(),
        ).prop_map(|(name, number)| format!("\"{name}\":{number}")),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        8 => (-3_i64..3, 0..3_u8).prop_map(|(seconds, n)| format!("\"id\":\"{}-{n}\"", EXPIRY_MS + seconds * 1_000)),
        // Without an id, the number of the record is used.
        1 => Just(String::new()),
        1 => select(vec!["\"id\":\"a1\"", "\"id\":\"\"", "\"id\":5", "\"id\":\"12-0\"", "\"id\":\"1767571200000-\""]).prop_map(str::to_owned),
    ];
    let symbol = select(vec![
        "BTCUSDT",
        "ethusdt",
        "XRPUSDT",
        "DOGEUSDT",
        "币安人生USDT",
        "A B",
        "NOLEVUSDT",
        "1000000000000000PEPEUSDT",
    ])
    .prop_map(|symbol| format!("\"symbol\":\"{symbol}\""));
    let action = select(vec!["BUY", "SELL", "SELL", "BUY", "LONG", "SHORT", "EXIT"])
        .prop_map(|word| format!("\"action\":\"{word}\""));
    let size = prop_oneof![
        3 => Just("\"position_size_usd\":250.5".to_owned()),
        1 => Just("\"quantity\":0.5,\"price\":100".to_owned()),
        1 => Just("\"qty\":3,\"entry_price\":99.5,\"price\":101".to_owned()),
        1 => Just("\"position_usd\":40,\"leverage\":3".to_owned()),
        1 => Just("\"size\":77".to_owned()),
    ];
    let stops = select(vec![
        "",
        "\"stop_loss\":95,\"take_profit\":120",
        "\"stop_loss\":120,\"take_profit\":95",
        "\"stop_loss\":90",
        // Prices at the edge of a contradiction.
        "\"entry_price\":100,\"stop_loss\":100",
        "\"take_profit\":80,\"stop_loss\":80",
        "\"entry_price\":100,\"take_profit\":100",
        "\"entry_price\":150,\"price\":100",
        "\"entry_price\":100,\"price\":149.99",
    ]);
    let extras = proptest::collection::vec(field(), 0..3);
    let space = select(vec![",", ", ", ",  "]);
    (id, symbol, action, size, stops, extras, space)
        .prop_map(|(id, symbol, action, size, stops, extras, space)| {
            let fields = [id, symbol, action, size, stops.to_owned()]
                .into_iter()
                .chain(extras);
            fields
                .filter(|field| !field.is_empty())
                .collect::<Vec<_>>()
                .join(space)
        })
        .prop_flat_map(|fields| {
            let fields: Vec<String> = fields.split(',').map(|it| it.trim().to_owned()).collect();
            prop_oneof![Just(fields.clone()), Just(fields).prop_shuffle()]
        })
        .prop_flat_map(|fields| {
            (
                Just(fields),
                0..4_usize,
                select(vec!["payload", "data"]),
                0..6_u8,
            )
        })
        .prop_map(|(mut fields, outer, name, kind)| {
            let outer = outer.min(fields.len());
            let object = |fields: &[String]| format!("{{{}}}", fields.join(","));
            let payload = match kind {
                0 => object(&fields.split_off(outer)),
                1 => serde_json::Value::from(object(&fields.split_off(outer))).to_string(),
                2 => {
                    // Only the id, the type and the source are in the envelope.
                    let is_outer = |field: &String| {
                        ["\"id\"", "\"source\"", "\"event_type\""]
                            .iter()
                            .any(|name| field.starts_with(name))
                    };
                    let (outer, inner): (Vec<_>, Vec<_>) = fields.into_iter().partition(is_outer);
                    fields = outer;
                    serde_json::Value::from(object(&inner)).to_string()
                }
                _ => return object(&fields),
            };
            fields.push(format!("\"{name}\":{payload}"));
            object(&fields)
        })
}

/// Returns a position.
fn position() -> impl Strategy<Value = String> {
    let fields = vec![
        "\"side\":\"LONG\"",
        "\"side\":\"short\"",
        "\"side\":\"BUY\"",
        "\"side\":null",
        "\"quantity\":5",
        "\"qty\":\"4.5\"",
        "\"peak_quantity\":9",
        "\"lot_size\":0.001",
        "\"min_quantity\":0.001",
        "\"min_notional_usd\":5",
        "\"entry_price\":100",
        "\"current_price\":104.5",
        "\"current_price\":\"nan\"",
        "\"age_sec\":3600",
        "\"current_sl\":97",
        "\"stop_dist_pct\":0.02",
        "\"harvested\":\"PARTIAL_25\"",
        "\"harvested\":\"all\"",
        "\"confidence\":0.5",
        "\"market\":{\"sigma\":0.01,\"ts\":0.35,\"p_trend\":0.5,\"p_mr\":0.2,\"p_chop\":0.3}",
        "\"market\":{\"sigma\":0.03,\"ts\":-0.35, \"p_trend\":0.5}",
        "\"market\":{\"sigma\":\"0.03\",\"ts\":\"1\",\"p_mr\":null}",
        "\"market\":{\"sigma\":1,\"side\":\"LONG\"}",
        "\"market\":5",
        "\"market\":{}",
        "\"sigma\":5",
        "\"as_of\":1767571200000",
        "\"leverage\":5",
        "\"timestamp\":\"2026-01-05T00:00:00\"",
        "\"timestamp\":1767571199.5",
        "\"ts\":1767571199000",
        "\"decided_at\":1767571199000",
        "\"action\":\"BUY\"",
        "\"symbol\":\"ethusdt\"",
    ];
    let fields = proptest::sample::subsequence(fields, 0..12).prop_shuffle();
    let id = select(vec![
        "\"id\":\"1767571199000-0\"",
        "\"id\":\"p\"",
        "\"intent_id\":\"p\"",
        "",
    ]);
    let symbol = select(vec!["\"symbol\":\"BTCUSDT\"", "\"symbol\":\"A B\"", ""]);
    let kind = select(vec![
        "\"event_type\":\"position.snapshot\"",
        "\"event_type\":\"trade.intent\"",
        "",
    ]);
    (id, symbol, kind, fields).prop_map(|(id, symbol, kind, fields)| {
        let all = [kind, id, symbol].into_iter().chain(fields);
        let all: Vec<&str> = all.filter(|field| !field.is_empty()).collect();
        format!("{{{}}}", all.join(","))
    })
}

/// Returns records of which many have the same layout as the first, or almost the same.
fn similar() -> impl Strategy<Value = Vec<String>> {
    let changes = proptest::collection::vec(
        (
            any::<proptest::sample::Index>(),
            select("\"\\,:{}0159.-en ".chars().collect::<Vec<_>>()),
        ),
        0..8,
    );
    (prop_oneof![line(), position()], 3..7_usize, changes).prop_map(|(line, count, changes)| {
        let mut lines = vec![line.clone(); count];
        for (at, by) in changes {
            let mut letters: Vec<char> = line.chars().collect();
            *at.get_mut(&mut letters) = by;
            lines.push(letters.into_iter().collect());
            lines.push(line.clone());
        }
        lines
    })
}

fn record() -> impl Strategy<Value = String> {
    let update = (select(vec!["second", "third"]), -2_i64..2).prop_map(|(version, seconds)| {
        let at = EXPIRY_MS + seconds * 1_000;
        let policy = policy(version, EXPIRY_MS + 2_000).replace('\n', "");
        format!("{{\"event_type\":\"policy.updated\",\"ts\":{at},\"policy\":{policy}}}")
    });
    let withdrawal = (-2_i64..3).prop_map(|seconds| {
        format!(
            "{{\"event_type\":\"policy.withdrawn\",\"ts\":{}}}",
            EXPIRY_MS + seconds * 1_000
        )
    });
    prop_oneof![
        20 => line(),
        1 => update,
        1 => withdrawal,
        1 => Just("{\"payload\": \"{\\\"symbol\\\": \\\"BTCUSDT\\\"}\"}".to_owned()),
        1 => Just(format!("{{\"event_type\":\"position.snapshot\",\"ts\":{EXPIRY_MS},\"symbol\":\"BTCUSDT\"}}")),
        3 => position(),
        1 => Just(format!("{{\"id\":\"e\",\"ts\":{EXPIRY_MS},\"symbol\":\"BTCUSDT\",\"action\":\"CLOSE\",\"source\":\"exitbrain_v3_5\"}}")),
        1 => Just("not a record".to_owned()),
        1 => Just(String::new()),
    ]
}

pub(super) fn guardrails() -> impl Strategy<Value = Guardrails> {
    (0..7_u8, any::<bool>()).prop_map(|(kind, ages)| {
        let seconds = |seconds: i64| SignedDuration::from_micros(seconds * 1_000_000);
        let guardrails = match kind {
            0 => Guardrails::none(),
            1 => Guardrails::none().with_max_leverage(Leverage::new(2.0).unwrap()),
            2 => Guardrails::none().with_max_plan_age(seconds(1)),
            3 => {
                let symbol = Symbol::new("BTCUSDT").unwrap();
                Guardrails::none().with_halt(Halt::Symbols([symbol].into()))
            }
            4 => Guardrails::none().with_max_validity(seconds(3)),
            5 => Guardrails::none().with_max_stop_distance(Fraction::new(0.08).unwrap()),
            _ => Guardrails::none().with_max_price_deviation(Fraction::new(0.01).unwrap()),
        };
        if ages {
            guardrails
                .with_max_intent_age(seconds(2))
                .with_max_intent_skew(seconds(1))
        } else {
            guardrails
        }
    })
}

/// Returns the number of random tapes, which `PORTCULLIS_CASES` sets.
pub(super) fn cases() -> u32 {
    let cases = std::env::var("PORTCULLIS_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(1_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn both_paths_give_the_same_answers(
        records in proptest::collection::vec(record(), 1..12),
        similar in similar(),
        guardrails in guardrails(),
        now in proptest::option::weighted(0.2, -2_i64..2),
        assume_in_force in proptest::bool::weighted(0.1),
    ) {
        let now = now.map(|seconds| Timestamp::from_millis(EXPIRY_MS + seconds * 1_000).unwrap());
        let tape = [similar, records].concat().join("\n");
        let replayer = Replayer { assume_in_force, ..replayer(guardrails, now) };
        check(&replayer, tape.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 10, ..ProptestConfig::default() })]

    #[test]
    fn answers_do_not_depend_on_the_number_of_threads(
        records in proptest::collection::vec(record(), 1..40),
        guardrails in guardrails(),
    ) {
        let tape = records.join("\n");
        let replayer = Replayer { reports: true, ..replayer(guardrails, None) };
        let general = run(&replayer, tape.as_bytes(), 400, (Path::General, || AnswerBuffer::Lines(Vec::new())));
        let one = run_on_threads(&replayer, tape.as_bytes(), 1);
        prop_assert_eq!(&one.0, &general.lines);
        for threads in 2..4 {
            prop_assert_eq!(&run_on_threads(&replayer, tape.as_bytes(), threads), &one);
        }
    }
}

#[test]
fn a_generated_tape_has_the_same_answers() {
    let mut tape = Vec::new();
    crate::generate::write_tape(20_000, 7, &mut tape).unwrap();
    check(&replayer(Guardrails::none(), None), &tape);
    let mut reader = LineReader::default();
    let text = String::from_utf8_lossy(&tape);
    let mut is_plain = |line: &&str| {
        let line = reader.read_whole(line.as_bytes(), line.len());
        line.is_some_and(|line| PlainEntry::of(&line).is_some())
    };
    let plain = text.lines().filter(|line| is_plain(line)).count();
    assert!(
        plain > 20_000 / 2,
        "only {plain} of 20,000 records are plain entries"
    );
}

#[test]
fn an_entry_is_decided_under_the_policy_at_its_time() {
    let at = |seconds: i64| EXPIRY_MS + seconds * 1_000;
    let update = format!(
        r#"{{"event_type":"policy.updated","ts":{},"policy":{}}}"#,
        at(-2),
        policy("second", at(2)).replace('\n', "")
    );
    for seconds in [[-3, -2, -1], [-1, -2, -3], [-2, -3, -1]] {
        let entry = |seconds| {
            let id = at(seconds);
            format!(r#"{{"id":"{id}-0","symbol":"BTCUSDT","side":"BUY","position_size_usd":250}}"#)
        };
        // A last line without a line end would be in a chunk of its own.
        let tape = [&*update, &seconds.map(entry).join("\n"), ""].join("\n");
        check(&replayer(Guardrails::none(), None), tape.as_bytes());
    }
}

/// Replays entries with so many different symbols and sources, and returns the number of symbols that are kept for the
/// next chunk.
fn kept_symbols(symbols: usize, sources: usize) -> usize {
    let entry = |n: usize| {
        let (id, symbol, source) = (EXPIRY_MS, n % symbols, n % sources);
        format!(
            r#"{{"id":"{id}-{n}","source":"s{source}","symbol":"S{symbol}","side":"BUY","size":5}}"#
        )
    };
    let entries: Vec<_> = (0..symbols.max(sources)).map(entry).collect();
    let source = TapeSource::Memory {
        name: "a test",
        bytes: entries.join("\n").into_bytes().into(),
    };
    let mut timeline = Timeline::new(Err(PolicyUnavailable::NotFound));
    let mut workspace = Workspace::default();
    for chunk in TapeReader::new(vec![source]) {
        let mut output = ChunkOutput::default();
        let replayer = replayer(Guardrails::none(), None);
        replayer.chunk(
            &chunk.unwrap(),
            1,
            &mut timeline,
            &mut workspace,
            &mut output,
        );
    }
    let pending = &workspace.entries.pending.entries;
    assert_eq!(pending.symbol_hashes.len(), pending.columns.symbols().len());
    pending.columns.symbols().len()
}

#[test]
fn names_are_kept_up_to_the_maximum() {
    assert_eq!(kept_symbols(NAMES_MAX, 1), NAMES_MAX);
    assert_eq!(kept_symbols(NAMES_MAX + 1, 1), 0);
    assert_eq!(kept_symbols(1, NAMES_MAX - 1), 1);
    assert_eq!(kept_symbols(1, NAMES_MAX + 1), 0);
}

/// Returns the larger price, the price deviation and the stop distance of a plain entry with these fields.
fn prices(fields: &str) -> Option<(Option<f64>, f64, f64)> {
    let line = format!(r#"{{"id":"{EXPIRY_MS}-0","symbol":"BTCUSDT",{fields}}}"#);
    let mut reader = LineReader::default();
    let entry = PlainEntry::of(&reader.read_whole(line.as_bytes(), line.len())?)?;
    let price = entry.prices.larger.map(|(price, _)| price.get());
    Some((price, entry.prices.deviation, entry.prices.stop_distance))
}

#[test]
fn the_prices_of_a_plain_entry_agree_and_are_in_order() {
    for (fields, expected) in [
        (r#""side":"BUY","size":5"#, Some((None, 0.0, 0.0))),
        (
            r#""side":"BUY","size":5,"stop_loss":90"#,
            Some((None, 0.0, f64::INFINITY)),
        ),
        (
            r#""side":"BUY","qty":3,"price":100,"stop_loss":75,"take_profit":101"#,
            Some((Some(100.0), 0.0, 0.25)),
        ),
        (
            r#""side":"BUY","qty":3,"price":100,"entry_price":80,"stop_loss":70"#,
            Some((Some(100.0), 0.25, 0.125)),
        ),
        (
            r#""side":"SELL","qty":3,"price":100,"entry_price":125,"stop_loss":150"#,
            Some((Some(125.0), 0.2, 0.2)),
        ),
        (
            r#""side":"BUY","qty":3,"price":149,"entry_price":100"#,
            Some((Some(149.0), 0.49, 0.0)),
        ),
        (
            r#""side":"BUY","qty":3,"price":150,"entry_price":100"#,
            None,
        ),
        (
            r#""side":"BUY","qty":3,"price":100,"entry_price":150"#,
            None,
        ),
        (r#""side":"BUY","qty":3,"price":100,"stop_loss":100"#, None),
        (
            r#""side":"BUY","qty":3,"price":100,"take_profit":100"#,
            None,
        ),
        (r#""side":"SELL","qty":3,"price":100,"stop_loss":99"#, None),
        (
            r#""side":"SELL","size":5,"stop_loss":9,"take_profit":9"#,
            None,
        ),
    ] {
        assert_eq!(prices(fields), expected, "{fields}");
    }
}

#[test]
fn the_time_of_a_plain_entry_id_has_at_most_15_digits() {
    let mut reader = LineReader::default();
    for (id, is_plain) in [
        (format!("{EXPIRY_MS}-0"), true),
        (format!("00{EXPIRY_MS}-17"), true),
        (format!("000{EXPIRY_MS}-0"), false),
        (format!("{EXPIRY_MS}-"), false),
        (format!("{EXPIRY_MS}"), false),
        (format!("{EXPIRY_MS}-0a"), false),
        ("-0".to_owned(), false),
    ] {
        let line = format!(r#"{{"id":"{id}","symbol":"BTCUSDT","side":"BUY","size":5}}"#);
        check(&replayer(Guardrails::none(), None), line.as_bytes());
        let line = reader.read_whole(line.as_bytes(), line.len()).unwrap();
        let emitted_at = PlainEntry::of(&line).and_then(|entry| entry.times.emitted_at);
        let emitted_at = emitted_at.map(Timestamp::as_millis);
        assert_eq!(emitted_at, is_plain.then_some(EXPIRY_MS), "{id}");
    }
}

#[test]
fn the_words_of_a_plain_entry_state_one_side() {
    for (words, is_plain) in [
        (r#""side":"BUY""#, true),
        (r#""action":"SELL""#, true),
        (r#""side":"LONG""#, true),
        (r#""action":"SHORT""#, true),
        (r#""action":"BUY","side":"BUY""#, true),
        (r#""action":"SELL","side":"SELL""#, true),
        (r#""action":"BUY","side":"SELL""#, false),
        (r#""action":"LONG","side":"LONG""#, false),
        (r#""action":"BUY","side":"LONG""#, false),
        (r#""side":"buy""#, false),
        (r#""side":null"#, false),
    ] {
        let fields = format!(r#"{words},"size":5"#);
        assert_eq!(prices(&fields).is_some(), is_plain, "{words}");
        let line = format!(r#"{{"id":"{EXPIRY_MS}-0","symbol":"BTCUSDT",{fields}}}"#);
        check(&replayer(Guardrails::none(), None), line.as_bytes());
    }
}

#[test]
fn a_plain_entry_states_its_size_once() {
    for (fields, is_plain) in [
        (r#""size":5"#, true),
        (r#""position_size_usd":5"#, true),
        (r#""quantity":5,"price":2"#, true),
        (r#""qty":5,"entry_price":2"#, true),
        (r#""position_usd":5,"leverage":2"#, true),
        // The unit of a size next to a price, and a margin without a leverage, are left to the general path.
        (r#""size":5,"price":2"#, false),
        (r#""size":5,"entry_price":2"#, true),
        (r#""position_usd":5"#, false),
        (r#""position_usd":5,"leverage":0"#, false),
        (r#""quantity":5"#, false),
        (r#""size":0"#, false),
        (r#""size":5,"qty":5"#, false),
        (r#""price":2"#, false),
    ] {
        let fields = format!(r#""side":"BUY",{fields}"#);
        assert_eq!(prices(&fields).is_some(), is_plain, "{fields}");
        let line = format!(r#"{{"id":"{EXPIRY_MS}-0","symbol":"BTCUSDT",{fields}}}"#);
        check(&replayer(Guardrails::none(), None), line.as_bytes());
    }
}

/// `docs/figures.md` states this share.
#[test]
fn most_records_of_a_generated_tape_are_plain() {
    let mut bytes = Vec::new();
    crate::generate::write_tape(20_000, 1, &mut bytes).unwrap();
    let mut reader = LineReader::default();
    let mut plain = 0;
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.filter(|line| std::str::from_utf8(line).is_ok()) {
        if let Some(line) = reader.read_whole(line, line.len()) {
            let is_entry = line.keys & POSITION_ONLY == 0 && PlainEntry::of(&line).is_some();
            plain += u32::from(is_entry || PlainPosition::of(&line).is_some());
        }
    }
    assert_eq!(plain / 200, 89);
}
