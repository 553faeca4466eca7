//! Tests of `simulate`, whose results are compared with hand calculations.

use serde_json::{Value, json};

use crate::program::{Place, Run};
use crate::records::{START, lines, objects, policy, policy_until, text};

/// Returns one-minute candles from [`START`] as CSV. Each price row is open, high, low and close.
fn candles(prices: &[[f64; 4]]) -> String {
    let rows = prices.iter().zip(0..).map(|([open, high, low, close], n)| {
        let at = (START + n * 60) * 1000;
        format!("{at},{open},{high},{low},{close},1\n")
    });
    format!(
        "open_time,open,high,low,close,volume\n{}",
        rows.collect::<String>()
    )
}

/// Returns an entry of 1000 USD, 30 seconds after [`START`].
pub(super) fn entry(side: &str, more: &[(&str, f64)]) -> Value {
    let mut entry = json!({
        "id": format!("{}-0", (START + 30) * 1000), "symbol": "BTCUSDT", "side": side,
        "position_size_usd": 1000
    });
    for (field, value) in more {
        entry[*field] = json!(value);
    }
    entry
}

pub(super) struct Simulated {
    run: Run,
    pub(super) events: Vec<Value>,
}

impl Simulated {
    #[track_caller]
    pub(super) fn of(tape: &[Value], prices: &[[f64; 4]], more: &[&str]) -> Self {
        Self::run(&Place::new(), tape, prices, more)
    }

    #[track_caller]
    pub(super) fn with_guardrails(tape: &[Value], prices: &[[f64; 4]], guardrails: &Value) -> Self {
        let place = Place::new();
        place.put("guardrails", guardrails.to_string());
        Self::run(&place, tape, prices, &["--guardrails", "guardrails"])
    }

    #[track_caller]
    fn run(place: &Place, tape: &[Value], prices: &[[f64; 4]], more: &[&str]) -> Self {
        place.put("tape", lines(tape));
        place.put("policy", policy("hand").to_string());
        place.put("BTCUSDT_1m.csv", candles(prices));
        let arguments = [
            &[
                "simulate",
                "tape",
                "--policy",
                "policy",
                "--candles",
                "BTCUSDT_1m.csv",
            ],
            &["--cash", "10000", "--format", "json", "--out", "events"][..],
            more,
        ];
        let run = place.run(&arguments.concat());
        assert_eq!((run.status, &*run.stderr), (0, ""));
        Self {
            run,
            events: objects(&place.read("events")),
        }
    }

    /// Returns `event price quantity pnl fee cash` of each entry.
    pub(super) fn reported(&self) -> Vec<String> {
        let reported = self.events.iter().map(|event| {
            let number = |field: &str| match event.get(field) {
                Some(number) => number.to_string(),
                None => "-".to_owned(),
            };
            format!(
                "{} {} {} {} {} {}",
                text(event, "event"),
                number("price"),
                number("quantity"),
                number("pnl_usd"),
                number("fee_usd"),
                number("cash_usd"),
            )
        });
        reported.collect()
    }

    pub(super) fn outcome(&self) -> Value {
        let mut summary: Value = serde_json::from_str(&self.run.stdout).unwrap();
        summary["outcome"].take()
    }
}

/// Returns the summary of a simulation of `tape` under `policy` with these options.
fn summary_of(place: &Place, more: &[&str]) -> Value {
    let options = ["--policy", "policy", "--cash", "1000", "--format", "json"];
    let run = place.run(&[&["simulate", "tape"][..], &options, more].concat());
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_long_is_harvested_and_its_rest_is_stopped_in_profit() {
    // The entry is filled at 100: 10 units, margin 1000 / 5 = 200, fee 0.4. At 103.8, R is (3.8 -
    // 0.12) / 2 = 1.84, so a quarter is closed at the next open and the stop moves to 100.3. The
    // rest is closed at that stop.
    let tape = [entry("BUY", &[("leverage", 5.0), ("stop_loss", 98.0)])];
    let prices = [
        [99.0, 99.5, 98.5, 99.0],
        [100.0, 104.0, 99.0, 103.8],
        [103.7, 103.9, 100.0, 101.0],
    ];
    let simulated = Simulated::of(&tape, &prices, &["--taker-fee", "0.0004"]);
    assert_eq!(
        simulated.reported(),
        [
            "open 100.0 10.0 0.0 0.4 9799.6",
            "move_stop - - 0.0 0.0 9799.6",
            "partial_25 103.7 2.5 9.25 0.1037 9858.7463",
            "stop 100.3 7.5 2.25 0.3009 10010.6954",
        ]
    );
    let outcome = simulated.outcome();
    assert_eq!(outcome["equity"], 10010.6954);
    assert_eq!(outcome["closes"], json!({"partial_25": 1, "stop": 1}));
    assert_eq!(outcome["harvests"], json!({"PARTIAL_25": 1}));
    let trip = &outcome["trips"][0];
    // The profit is 11.5 USD, the fees are 0.8046 USD, and the risk is 20 USD.
    assert_eq!(trip["pnl_usd"], 11.5);
    assert_eq!(trip["fees_usd"], 0.8046);
    assert_eq!(trip["r"].as_f64().unwrap().to_string(), "0.53477");
    assert_eq!(trip["reason"], "stop");
}

#[test]
fn a_stop_passed_by_the_open_fills_at_the_open() {
    let tape = [entry("SELL", &[("stop_loss", 102.0)])];
    let prices = [
        [99.0, 99.5, 98.5, 99.0],
        [100.0, 101.0, 99.0, 100.5],
        [105.0, 106.0, 104.0, 104.5],
    ];
    let simulated = Simulated::of(&tape, &prices, &[]);
    assert_eq!(
        simulated.reported(),
        [
            "open 100.0 10.0 0.0 0.0 9875.0",
            "stop 105.0 10.0 -50.0 0.0 9950.0",
        ]
    );
    assert_eq!(simulated.outcome()["curve"]["drawdown_usd"], 50.0);
}

#[test]
fn within_a_candle_the_stop_precedes_the_target() {
    let asked = [("stop_loss", 98.0), ("take_profit", 102.0)];
    let both = [[99.0, 99.0, 99.0, 99.0], [100.0, 103.0, 97.0, 100.0]];
    let simulated = Simulated::of(&[entry("BUY", &asked)], &both, &[]);
    assert_eq!(simulated.reported()[1], "stop 98.0 10.0 -20.0 0.0 9980.0");
    let target_alone = [[99.0, 99.0, 99.0, 99.0], [100.0, 103.0, 98.5, 100.0]];
    let simulated = Simulated::of(&[entry("BUY", &asked)], &target_alone, &[]);
    assert_eq!(
        simulated.reported()[1],
        "target 102.0 10.0 20.0 0.0 10020.0"
    );
}

#[test]
fn a_liquidation_loses_the_margin() {
    // The margin is 125. It is lost 12.5 below the entry price, or slightly earlier with a maintenance margin of 2 %.
    let falls_to = |low: f64| [[100.0, 100.0, 100.0, 100.0], [100.0, 100.0, low, 99.0]];
    let tape = [entry("BUY", &[])];
    let simulated = Simulated::of(&tape, &falls_to(87.51), &[]);
    assert_eq!(simulated.reported(), ["open 100.0 10.0 0.0 0.0 9875.0"]);
    let simulated = Simulated::of(&tape, &falls_to(87.5), &[]);
    let lost = |price| format!("liquidation {price} 10.0 -125.0 0.0 9875.0");
    assert_eq!(simulated.reported()[1], lost("87.5"));
    let maintenance = ["--maintenance-margin", "0.02"];
    let simulated = Simulated::of(&tape, &falls_to(89.0), &maintenance);
    assert_eq!(simulated.reported()[1], lost("89.2857142857143"));
    assert_eq!(simulated.outcome()["trips"][0]["pnl_usd"], -125.0);
    // The liquidation price is reached before a distant stop.
    let far = [entry("BUY", &[("stop_loss", 80.0)])];
    let simulated = Simulated::of(&far, &falls_to(79.0), &[]);
    assert_eq!(simulated.reported()[1], lost("87.5"));
}

#[test]
fn funding_is_charged_every_eight_hours_and_a_short_receives_it() {
    // START is midnight UTC, so funding is due after 480 minutes.
    let mut prices = vec![[100.0, 100.0, 100.0, 100.0]; 482];
    prices[480] = [110.0, 110.0, 100.0, 100.0];
    let rate = ["--funding-rate", "0.0001"];
    let of = |side| Simulated::of(&[entry(side, &[])], &prices, &rate);
    let funding = |simulated: &Simulated| {
        let charged = simulated.events.iter().find(|it| it["event"] == "funding");
        charged.map(|it| (it["ts"].clone(), it["funding_usd"].clone()))
    };
    let at = json!((START + 480 * 60) * 1000);
    // The funding is for 10 units at the open price of 110.
    assert_eq!(funding(&of("BUY")), Some((at.clone(), json!(0.11))));
    assert_eq!(funding(&of("SELL")), Some((at, json!(-0.11))));
}

#[test]
fn unfilled_orders_are_counted() {
    let flat = [[100.0, 100.0, 100.0, 100.0]; 3];
    let at = |seconds: i64, intent: Value| {
        let mut intent = intent;
        intent["id"] = json!(format!("{}-0", (START + seconds) * 1000));
        intent
    };
    let mut other = entry("BUY", &[]);
    other["symbol"] = json!("ETHUSDT");
    let exit = json!({"symbol": "BTCUSDT", "side": "SELL", "reduce_only": true, "source": "exitbrain_v3_5"});
    let mut wrong_side = exit.clone();
    wrong_side["side"] = json!("BUY");
    let mut unsaid = exit.clone();
    unsaid["size"] = json!(100);
    let mut half = exit.clone();
    half["quantity"] = json!(5);
    let tape = [
        at(10, exit.clone()),
        at(20, other),
        at(30, entry("BUY", &[])),
        at(70, entry("BUY", &[])),
        at(71, wrong_side),
        at(72, unsaid),
        at(73, half),
        at(1000, entry("BUY", &[])),
    ];
    let simulated = Simulated::of(&tape, &flat, &[]);
    assert_eq!(
        simulated.outcome()["not_done"],
        json!({
            "already_open": 1, "no_candles": 1, "no_later_candle": 1, "no_position": 1, "other_side": 1,
            "quantity_unsaid": 1
        })
    );
    assert_eq!(
        simulated.reported(),
        [
            "open 100.0 10.0 0.0 0.0 9875.0",
            "exit 100.0 5.0 0.0 0.0 9937.5",
        ]
    );
    assert_eq!(simulated.outcome()["still_open"], 1);
    let beyond = [entry(
        "BUY",
        &[("entry_price", 110.0), ("stop_loss", 105.0)],
    )];
    let poor = Simulated::of(&beyond, &flat, &[]);
    assert_eq!(poor.outcome()["not_done"], json!({"beyond_stop": 1}));
}

#[test]
fn an_entry_in_a_gap_is_not_filled() {
    let place = Place::new();
    place.put("tape", lines(&[entry("BUY", &[])]));
    place.put("policy", policy("hand").to_string());
    let minute = |n: i64| format!("{},100,100,100,100\n", START + n * 60);
    let rows: String = [0, 5, 6, 7].map(minute).concat();
    place.put("prices", format!("timestamp,open,high,low,close\n{rows}"));
    let summary = summary_of(&place, &["--candles", "BTCUSDT=prices"]);
    assert_eq!(summary["outcome"]["not_done"], json!({"gap": 1}));
    assert_eq!(
        summary["candles"][0]["gaps"],
        json!({"count": 1, "longest_sec": 240})
    );
    let filled = ["--candles", "BTCUSDT=prices", "--fill-after-gap"];
    let summary = summary_of(&place, &filled);
    assert_eq!(summary["outcome"]["not_done"], json!({}));
    assert_eq!(summary["outcome"]["opened"], 1);
    // An order before the first candle is not in a gap between candles.
    let late: String = [10, 11, 12].map(minute).concat();
    place.put("prices", format!("timestamp,open,high,low,close\n{late}"));
    let summary = summary_of(&place, &filled);
    assert_eq!(summary["outcome"]["opened"], 0);
}

/// Without a gap, the next candle can begin later than one length after the decision: the day of 2025-11-02 has 25 hours
/// in New York.
#[test]
fn an_entry_on_a_long_day_is_filled_at_the_next_open() {
    let place = Place::new();
    let mut entry = entry("BUY", &[]);
    entry["id"] = json!("1762056001000-0");
    place.put("tape", lines(&[entry]));
    place.put("policy", policy("hand").to_string());
    let days = "2025-10-31 00:00:00-04:00,100,100,100,100
2025-11-01 00:00:00-04:00,101,101,101,101
2025-11-02 00:00:00-04:00,102,102,102,102
2025-11-03 00:00:00-05:00,103,103,103,103
";
    place.put("prices", format!("date,open,high,low,close\n{days}"));
    let summary = summary_of(&place, &["--candles", "BTCUSDT=prices"]);
    assert_eq!(summary["outcome"]["trips"][0]["entry_price"], 103.0);
}

#[test]
fn the_summary_states_the_meaning_of_candle_times() {
    let place = Place::new();
    place.put("tape", "");
    place.put("policy", policy("hand").to_string());
    let head = "open,high,low,close";
    let rows = |times: &[&str]| -> String {
        times
            .iter()
            .map(|time| format!("{time},1,1,1,1\n"))
            .collect()
    };
    let files = [
        (
            "BTCUSDT.csv",
            "open_time",
            rows(&["1767571200000", "1767571260000"]),
        ),
        (
            "ETHUSDT.csv",
            "timestamp",
            rows(&["2026-01-05 00:00", "2026-01-05 01:00"]),
        ),
        (
            "SOLUSDT.csv",
            "Date",
            rows(&["2026-01-31", "2026-02-28", "2026-03-31"]),
        ),
        (
            "XRPUSDT.csv",
            "time_s",
            rows(&["1767571260", "1767571320", "1767571800"]),
        ),
    ];
    let mut arguments = vec!["simulate", "tape", "--cash", "1"];
    for (name, column, rows) in &files {
        place.put(name, format!("{column},{head}\n{rows}"));
        arguments.extend(["--candles", name]);
    }
    let mut shown = place.run(&arguments).stdout;
    let options = [
        "--interval",
        "1m",
        "--time-unit",
        "s",
        "--time-label",
        "close",
        "--fill-after-gap",
    ];
    let arguments = [
        &[
            "simulate",
            "tape",
            "--cash",
            "1",
            "--candles",
            "XRPUSDT.csv",
        ][..],
        &options,
    ]
    .concat();
    shown += &place.run(&arguments).stdout;
    insta::with_settings!({snapshot_path => "../../../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("cli_simulate_candles", shown);
    });
    let summary = summary_of(&place, &["--candles", "BTCUSDT.csv"]);
    assert_eq!(
        summary["candles"][0],
        json!({
            "symbol": "BTCUSDT", "candles": 2, "interval_sec": 60, "interval": "1m",
            "from": "2026-01-05T00:00:00Z", "to": "2026-01-05T00:01:00Z", "gaps": {"count": 0, "longest_sec": 0},
            "format": "CSV", "time_column": "open_time", "time_unit": "ms", "time_unit_by": "values",
            "time_label": "open", "time_label_by": "name", "times_without_offset": 0
        })
    );
}

/// Checks the error for an invalid candle file.
#[track_caller]
fn check_refused(prices: &str, expected: &str) {
    let place = Place::new();
    place.put("tape", lines(&[entry("BUY", &[])]));
    place.put("BTCUSDT.csv", prices);
    let run = place.run(&[
        "simulate",
        "tape",
        "--candles",
        "BTCUSDT.csv",
        "--cash",
        "1000",
        "--out",
        "events",
    ]);
    assert_eq!((run.status, &*run.stdout), (2, ""));
    assert_eq!(run.stderr, format!("portcullis: {expected}\n"));
    assert!(!place.path().join("events").exists());
}

#[test]
fn invalid_candles_are_refused_with_their_line() {
    let head = "timestamp,open,high,low,close";
    let good = "2026-01-05T00:00:00Z,1,2,1,2\n2026-01-05 00:01:00+00:00,2,2,1,1";
    let case = |line: &str, expected: &str| {
        check_refused(
            &format!("{head}\n{good}\n{line}\n"),
            &format!("`BTCUSDT.csv`, line 4: {expected}"),
        );
    };
    case(
        "2026-01-05T00:02:00Z,1,2,1",
        "4 fields, but the first line has 5",
    );
    case(
        "2026-01-05T00:02:00Z,1,2,1,x",
        "`close` is `x`: not a decimal number",
    );
    case(
        "2026-01-05T00:02:00Z,1,nan,1,1",
        "`high` is `nan`: not a decimal number",
    );
    case(
        "2026-01-05T00:02:00Z,0,2,0,1",
        "`open` is `0`: must be greater than 0",
    );
    case(
        "2026-01-05T00:02:00Z,1,2,1,",
        "`close` is ``: not a decimal number",
    );
    case(
        "2026-01-05T00:02:00Z,3,2,1,1",
        "`open` is not between `low` and `high`",
    );
    case(
        "2026-01-05T00:02:00Z,1,2,1,3",
        "`close` is not between `low` and `high`",
    );
    case("2026-01-05T00:02:00Z,1,1,2,1", "`low` is above `high`");
    case(
        "1767571320000,1,2,1,1",
        "`timestamp` is `1767571320000`, but the previous candles have dates; write all times in one form",
    );
    case(
        "2026-01-05T00:01:00Z,1,2,1,1",
        "the time of the candle is 2026-01-05T00:01:00Z, that of the previous one is 2026-01-05T00:01:00Z; sort candles by time and remove duplicates",
    );
    case(
        "2026-01-05T00:00:30Z,1,2,1,1",
        "the time of the candle is 2026-01-05T00:00:30Z, that of the previous one is 2026-01-05T00:01:00Z; sort candles by time and remove duplicates",
    );
    check_refused(
        &format!("{head}\n{good}\n2026-01-05T00:02:00Z,1,1,1,1\n2026-01-05T00:02:29Z,1,1,1,1\n"),
        "`BTCUSDT.csv`, line 5: the time of the candle is 2026-01-05T00:02:29Z, 29s after the previous one; candles are 1m long, so they overlap",
    );
    check_refused(
        "timestamp,open,high,low\n1,1,1,1\n",
        "`BTCUSDT.csv` has no column `close`; the required columns are a time (timestamp, date, open_time, …), open, high, low, close; the file has `timestamp`, `open`, `high`, `low`",
    );
    check_refused(
        &format!("{head}\n2026-01-05T00:00:00Z,1,2,1,2\n"),
        "`BTCUSDT.csv` has 1 candle; at least 2 are needed to determine the length of a candle, or give it with `--interval`",
    );
    check_refused(
        "",
        "`BTCUSDT.csv` is empty; export or download the candles again",
    );
}

#[test]
fn incomplete_or_invalid_arguments_are_refused() {
    let place = Place::new();
    place.put("tape", lines(&[entry("BUY", &[])]));
    let run = |more: &[&str]| {
        let run = place.run(&[&["simulate", "tape"], more].concat());
        assert_eq!((run.status, &*run.stdout), (2, ""), "{more:?}");
        run.stderr
    };
    let candles = ["--candles", "x", "--cash", "100"];
    insta::with_settings!({snapshot_path => "../../../../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("cli_simulate_usage", [
            run(&["--cash", "100"]),
            run(&["--candles", "BTCUSDT.csv"]),
            run(&["--candles", "_.csv", "--cash", "100"]),
            run(&["--candles", "BTC USDT=x", "--cash", "100"]),
            run(&["--candles", "x", "--cash", "-5"]),
            run(&[&candles[..], &["--taker-fee", "-0.1"]].concat()),
            run(&[&candles[..], &["--taker-fee", "4 bps"]].concat()),
            run(&[&candles[..], &["--market-window", "60"]].concat()),
            run(&[&candles[..], &["--interval", "1 month"]].concat()),
            run(&[&candles[..], &["--time-unit", "m"]].concat()),
            run(&[&candles[..], &["--time-label", "start"]].concat()),
            run(&[&candles[..], &["--trend-certain", "nan", "--market-window", "60"]].concat()),
            run(&candles),
        ].concat());
    });
}

#[test]
fn an_expired_policy_does_not_harvest() {
    let place = Place::new();
    let tape = [entry("BUY", &[("stop_loss", 98.0)])];
    place.put("tape", lines(&tape));
    place.put("policy", policy_until("short", START + 60).to_string());
    place.put("BTCUSDT.csv", candles(&[[100.0, 110.0, 100.0, 110.0]; 3]));
    let summary = summary_of(&place, &["--candles", "BTCUSDT.csv"]);
    assert_eq!(summary["outcome"]["harvests"], json!({"POLICY_STALE": 2}));
    assert_eq!(summary["outcome"]["still_open"], 1);
}
