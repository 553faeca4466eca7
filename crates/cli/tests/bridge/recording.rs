//! Helpers of the tests of recordings: a session of the bridge, its recording and the replay.

use std::{fs, path::PathBuf, process::Output, thread, time::Duration};

use tempfile::TempDir;

use super::process::{
    Bridge, EXITS, HALTS, INTENTS, OWNER, POLICY, Redis, Server, eventually, program, short,
    since_epoch, text,
};

pub(crate) const GUARDRAILS: &str = r#"{"max_leverage": 10, "max_notional_usd": 5000, "max_intent_age_sec": 600, "max_intent_skew_sec": 20}"#;
/// A symbol that must be quoted in JSON.
pub(crate) const QUOTED: &str = r#"A"B\C"#;

/// A folder with the guardrails and the files of a recording.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::write(desk.path("guardrails.json"), GUARDRAILS).unwrap();
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Records all answers into `tape` and `live`.
    pub(crate) fn record(&self, server: &Server) -> Output {
        let (tape, live) = (self.name("tape"), self.name("live"));
        let output = program(&["record", "--once", "--redis", &server.url()])
            .args(["--out", &tape, "--answers", &live])
            .output();
        output.unwrap()
    }

    pub(crate) fn record_whole(&self, server: &Server) {
        let output = self.record(server);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{stderr}");
    }

    /// Returns the answers of a replay of `tape`.
    pub(crate) fn replay(&self, options: &[&str]) -> String {
        let (tape, guardrails) = (self.name("tape"), self.name("guardrails.json"));
        let output = program(&["replay", &tape, "--guardrails", &guardrails])
            .args(["--out", &self.name("again")])
            .args(options)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        self.read("again")
    }

    /// Replaces the tape by `text` and returns the answers of its replay.
    pub(crate) fn replay_text(&self, text: &str) -> String {
        fs::write(self.path("tape"), text).unwrap();
        self.replay(&[])
    }
}

/// A session that sends intents and waits for their answers.
struct Day<'a> {
    redis: &'a mut Redis,
    n: usize,
}

impl Day<'_> {
    /// Adds an entry with the next id. Returns the answer.
    fn ask(&mut self, stream: &str, fields: &[(&str, &str)]) -> String {
        self.n += 1;
        let id = format!("intent {}", self.n);
        self.ask_any(stream, &[&[("intent_id", id.as_str())], fields].concat())
    }

    fn buy(&mut self, symbol: &str) -> String {
        self.ask(
            INTENTS,
            &[("symbol", symbol), ("side", "BUY"), ("size", "250")],
        )
    }

    /// Adds an entry without a generated id. Returns the answer.
    fn ask_any(&mut self, stream: &str, fields: &[(&str, &str)]) -> String {
        let entry = self.redis.add(stream, fields);
        let mut found = None;
        eventually(&entry, || {
            let answers = self.redis.answers();
            found = answers
                .iter()
                .find(|it| text(it, "entry") == entry && text(it, "stream") == stream)
                .map(short);
            found.is_some()
        });
        found.unwrap()
    }
}

/// Runs a session of the bridge that covers all kinds of answers. Returns the verdicts and reasons.
pub(crate) fn live_day(server: &Server, desk: &Desk) -> Vec<String> {
    let mut redis = server.connect();
    // This intent is older than every age limit.
    redis.intent_at("1000-0", "old", "BTCUSDT");
    let guardrails = desk.name("guardrails.json");
    let bridge = Bridge::start(
        &server.url(),
        &["--guardrails", &guardrails, "--batch", "7"],
    );
    let mut day = Day {
        redis: &mut redis,
        n: 0,
    };
    assert_eq!(day.redis.await_answer("old"), "POLICY_MISSING");
    assert_eq!(day.buy("BTCUSDT"), "POLICY_MISSING");
    day.redis.publish_with(3600, &[("harvest_params", "{")]);
    bridge.await_log("POLICY_REFUSED");
    assert_eq!(day.buy("BTCUSDT"), "POLICY_PARSE_ERROR");

    day.redis.publish(3600);
    bridge.await_log("POLICY_LOADED");
    entries(&mut day);
    steering(&mut day);
    exits(&mut day);
    policies(&mut day, &bridge);
    halts(&mut day, &bridge);
    let stopped = bridge.stop();
    assert!(stopped.contains("all intents that were read are answered"));
    redis.answers().iter().map(short).collect()
}

fn entries(day: &mut Day<'_>) {
    let intents: [(&[(&str, &str)], &str); 10] = [
        (&[("position_usd", "20"), ("leverage", "5")], "TRADE"),
        (
            &[("quantity", "0.1"), ("price", "2000"), ("leverage", "20")],
            "TRADE",
        ),
        (
            &[("size", "250"), ("entry_price", "100"), ("stop_loss", "99")],
            "TRADE",
        ),
        (
            &[
                ("size", "250"),
                ("entry_price", "100"),
                ("stop_loss", "101"),
            ],
            "INTENT_AMBIGUOUS",
        ),
        (&[("size", "6000")], "POLICY_LIMIT_EXCEEDED"),
        (
            &[("leverage", "x"), ("size", "1")],
            "POLICY_MISSING_LEVERAGE",
        ),
        (&[("size", "nan")], "POLICY_MISSING_SIZE"),
        (&[("size", "1"), ("size", "2")], "INTENT_INVALID"),
        (&[("size", "1"), ("source", OWNER)], "INTENT_AMBIGUOUS"),
        (
            &[
                ("size", "1"),
                ("regime", "tab\t, \"quote\" and \u{e9}\u{1f600}"),
            ],
            "TRADE",
        ),
    ];
    for (fields, answer) in intents {
        let fields = [&[("symbol", "BTCUSDT"), ("side", "BUY")], fields].concat();
        assert_eq!(day.ask(INTENTS, &fields), answer, "{fields:?}");
    }
    assert_eq!(day.buy("XRPUSDT"), "POLICY_UNIVERSE_FILTER");
    assert_eq!(
        day.ask(INTENTS, &[("symbol", "BTCUSDT"), ("side", "HOLD")]),
        "INTENT_NOT_ACTIONABLE"
    );
    for name in ["payload", "data"] {
        let payload = r#"{"symbol":"ETHUSDT","side":"SELL","position_usd":100,"leverage":"5","created_at":"2026-01-05T00:00:00"}"#;
        assert_eq!(
            day.ask(INTENTS, &[(name, payload), ("source", "x")]),
            "TRADE"
        );
    }
    assert_eq!(
        day.ask(INTENTS, &[("payload", "{\"symbol\":")]),
        "INTENT_UNREADABLE"
    );
    assert_eq!(
        day.ask_any(INTENTS, &[("event_type", "policy.withdrawn")]),
        "INTENT_UNREADABLE"
    );
    let twice = [
        ("id", "1"),
        ("id", "2"),
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("size", "1"),
    ];
    assert_eq!(day.ask_any(INTENTS, &twice), "INTENT_INVALID");
    let no_id = r#"{"id":{},"symbol":"ETHUSDT","side":"SELL","size":100}"#;
    assert_eq!(day.ask_any(INTENTS, &[("payload", no_id)]), "TRADE");
    // This intent to open a position is on the stream of exits.
    let stray = [("symbol", "BTCUSDT"), ("side", "BUY"), ("size", "1")];
    assert_eq!(day.ask(EXITS, &stray), "TRADE");
    // This symbol is not UTF-8.
    let skips = day.redis.length(super::process::SKIPS);
    redis::cmd("XADD")
        .arg(INTENTS)
        .arg(["*", "symbol"].as_slice())
        .arg(b"BTC\xff".as_slice())
        .query::<String>(&mut day.redis.0)
        .unwrap();
    eventually("the answer to bytes that are not UTF-8", || {
        day.redis.length(super::process::SKIPS) > skips
    });
    // Two intents with different contents share one id.
    let body = |size| {
        [
            ("intent_id", "one"),
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("size", size),
        ]
    };
    assert_eq!(day.ask_any(INTENTS, &body("1")), "TRADE");
    assert_eq!(day.ask_any(INTENTS, &body("2")), "INTENT_DUPLICATE");
}

/// Sends fields that only a recording may set. They must have no effect.
fn steering(day: &mut Day<'_>) {
    let zeros = "0".repeat(64);
    let halted = r#"{"reason":"TRADING_HALTED","detail":"by the sender"}"#;
    let flat = [("symbol", "BTCUSDT"), ("side", "BUY"), ("size", "10")];
    for more in [
        &[
            ("decided_at", "5"),
            ("policy_hash", zeros.as_str()),
            ("objection", halted),
        ][..],
        &[
            ("entry", r#"{"symbol":"ETHUSDT"}"#),
            ("n", "1"),
            ("answer", "{}"),
        ],
        &[("decided_at", "5"), ("decided_at", "6")],
        &[("decided_at", "soon")],
        &[
            ("event_type", "trade.decided"),
            ("entry", "{}"),
            ("objection", halted),
        ],
        &[("objection", halted), ("objection", halted)],
    ] {
        day.ask(INTENTS, &[&flat[..], more].concat());
        day.ask(
            EXITS,
            &[
                &flat[..],
                more,
                &[("reduceOnly", "true"), ("source", OWNER)],
            ]
            .concat(),
        );
    }
    let inner = format!(
        r#"{{"symbol":"ETHUSDT","side":"SELL","size":100,"decided_at":1767225600007,"policy_hash":"{zeros}","objection":{halted}}}"#
    );
    assert_eq!(day.ask(INTENTS, &[("payload", &inner)]), "TRADE");
    assert_eq!(
        day.ask(
            INTENTS,
            &[("payload", &inner), ("decided_at", "1767225600009")]
        ),
        "TRADE"
    );
}

fn exits(day: &mut Day<'_>) {
    let exit = |quantity| {
        [
            ("symbol", "SOLUSDT"),
            ("side", "SELL"),
            ("reduceOnly", "true"),
            ("source", OWNER),
            ("quantity", quantity),
        ]
    };
    assert_eq!(day.ask(EXITS, &exit("0.5")), "EXIT");
    assert_eq!(day.ask(INTENTS, &exit("half")), "EXIT");
    assert_eq!(
        day.ask(
            EXITS,
            &[
                ("symbol", "SOLUSDT"),
                ("action", "CLOSE"),
                ("source", "else")
            ]
        ),
        "DENY_NOT_EXIT_OWNER"
    );
    // This entry is later than the next ones, but within `max_intent_skew_sec`.
    let late = [
        ("intent_id", "late"),
        ("symbol", "SOLUSDT"),
        ("action", "CLOSE"),
        ("source", OWNER),
    ];
    let at = format!("{}-0", since_epoch().as_millis() + 15_000);
    day.redis.add_at(EXITS, &at, &late);
    assert_eq!(day.redis.await_answer("late"), "EXIT");
    assert_eq!(day.buy("SOLUSDT"), "INTENT_SUPERSEDED");
}

/// Replaces the policy twice, once without a stated hash, then withdraws and restores it.
fn policies(day: &mut Day<'_>, bridge: &Bridge) {
    let universe = format!(r#"["BTCUSDT",  "ETHUSDT", {}]"#, serde_json::json!(QUOTED));
    let leverage = format!(
        r#"{{"BTCUSDT": 3.50, "ETHUSDT": 1e1, {}: 2}}"#,
        serde_json::json!(QUOTED)
    );
    let foreign = [
        ("universe_symbols", universe.as_str()),
        ("leverage_by_symbol", leverage.as_str()),
        ("policy_version", "foreign \u{e9}"),
        ("its_own_field", "\u{1f600}"),
    ];
    day.redis.publish_with(3600, &foreign);
    bridge.await_log("POLICY_LOADED: version=foreign");
    for symbol in ["BTCUSDT", "ETHUSDT", "BNBUSDT", QUOTED] {
        day.buy(symbol);
    }
    day.redis.publish_with(3600, &[("policy_version", "third")]);
    bridge.await_log("POLICY_LOADED: version=third");
    assert_eq!(day.buy("BTCUSDT"), "TRADE");

    day.redis.run(&["RENAME", POLICY, "aside"]);
    assert_eq!(day.buy("BTCUSDT"), "POLICY_MISSING");
    bridge.await_log("POLICY_WITHDRAWN: version=third");
    assert_eq!(day.buy("BTCUSDT"), "POLICY_MISSING");
    day.redis.run(&["RENAME", "aside", POLICY]);
    eventually("the third policy again", || day.buy("BTCUSDT") == "TRADE");

    day.redis.publish_with(1, &[("policy_version", "short")]);
    eventually("the expiry of the short policy", || {
        day.buy("BTCUSDT") == "POLICY_STALE"
    });
    day.redis.publish_with(3600, &foreign);
    eventually("the foreign policy again", || day.buy(QUOTED) == "TRADE");
}

/// Sets halts, which the script on the server applies before the bridge has read them.
fn halts(day: &mut Day<'_>, bridge: &Bridge) {
    for (halt, symbol) in [(QUOTED, QUOTED), ("*", "ETHUSDT")] {
        day.redis.run(&["SADD", HALTS, halt]);
        assert_eq!(day.buy(symbol), "TRADING_HALTED");
        thread::sleep(Duration::from_millis(400));
        assert_eq!(day.buy(symbol), "TRADING_HALTED");
        assert_eq!(
            day.buy("XRPUSDT"),
            if halt == "*" {
                "TRADING_HALTED"
            } else {
                "POLICY_UNIVERSE_FILTER"
            }
        );
        let exit = [("symbol", symbol), ("action", "CLOSE"), ("source", OWNER)];
        assert_eq!(day.ask(EXITS, &exit), "EXIT");
    }
    bridge.await_log("HALTED: all entries");
}
