//! Tests of HTML reports, which are opened in a browser.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::browser::open;
use crate::program::Place;
use crate::records::{START, entry, generated, lines, policy, position, updated};

/// Returns the rows of a section of the page.
fn rows<'a>(page: &'a Value, section: &str) -> &'a [Value] {
    page["sections"][section].as_array().unwrap()
}

/// Returns the sum of the second column of a section.
fn sum(page: &Value, section: &str) -> usize {
    let counts = rows(page, section)
        .iter()
        .map(|row| row[1].as_str().unwrap().replace(',', ""));
    counts
        .map(|count| count.parse::<usize>().unwrap())
        .sum::<usize>()
}

fn thousands(number: impl ToString) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}

/// Replays a generated tape with a report in `page.html`; returns the answers and the summary.
fn replayed(place: &Place) -> (Vec<Value>, Value) {
    place.put("tape", generated(20_000, 3));
    let summary = place.summary(&["tape", "--report", "page.html"]);
    (place.answers(&["tape"]), summary)
}

#[test]
fn a_page_has_the_numbers_of_the_summary() {
    let place = Place::new();
    let (_, summary) = replayed(&place);
    let found = open(&place, "1280,2000", "found.push(reported());");
    let [page] = &*found else { panic!("{found:?}") };
    let fact = |name: &str| {
        let facts = page["facts"].as_array().unwrap().iter();
        facts
            .filter(|row| row[0] == name)
            .map(|row| row[1].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(fact("Digest"), [summary["digest"].as_str().unwrap()]);
    assert_eq!(
        fact("Records"),
        [thousands(summary["records"].as_u64().unwrap())]
    );
    for (verdict, count) in summary["decisions"].as_object().unwrap() {
        assert_eq!(
            fact(verdict),
            [thousands(count.as_u64().unwrap())],
            "{verdict}"
        );
    }
    let mut answers: Vec<(String, String)> = rows(page, "answers")
        .iter()
        .filter(|row| row[0] == "SKIP")
        .map(|row| {
            (
                row[1].as_str().unwrap().to_owned(),
                row[2].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    answers.sort();
    let reasons = summary["reasons"].as_object().unwrap().iter();
    let mut reasons: Vec<_> = reasons
        .map(|(reason, count)| (reason.clone(), thousands(count.as_u64().unwrap())))
        .collect();
    reasons.sort();
    assert_eq!(answers, reasons);
    for row in rows(page, "symbols") {
        let symbol = row[0].as_str().unwrap();
        let counts = match symbol {
            "(not in any policy)" => &summary["other_symbols"],
            symbol => &summary["symbols"][symbol],
        };
        for (place, name) in [(1, "trades"), (2, "exits"), (3, "harvests"), (4, "skips")] {
            let count = counts[name].as_u64().unwrap_or_default();
            assert_eq!(row[place], json!(thousands(count)), "{symbol} {name}");
        }
    }
    assert_eq!(page["shown"], "20,000 of 20,000 records shown");
    assert_eq!(
        (&page["drawn"], &page["overflow"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(page["charts"], 8);
}

#[test]
fn replay_filters() {
    let place = Place::new();
    let (answers, _) = replayed(&place);
    let of = |of: &dyn Fn(&Value) -> bool| answers.iter().filter(|answer| of(answer)).count();
    let found = open(
        &place,
        "1280,2000",
        r#"choose("symbol", "ETHUSDT"); found.push(reported());
choose("kind", "POLICY_LIMIT_EXCEEDED"); found.push(reported());
document.getElementById("reset").click(); found.push(reported());
set("from", 10); set("to", 19); found.push(reported());
const cube = JSON.parse(document.getElementById("data").textContent).cube;
found.push([cube.start + 10 * cube.width, cube.start + 20 * cube.width]);"#,
    );
    let [by_symbol, by_both, all, by_time, window] = &*found else {
        panic!("{found:?}")
    };
    let shown = |page: &Value, count: usize| {
        let expected = format!("{} of 20,000 records shown", thousands(count));
        assert_eq!(page["shown"], json!(expected));
    };
    let is_eth = |answer: &Value| answer["symbol"] == "ETHUSDT";
    shown(by_symbol, of(&is_eth));
    let symbols = rows(by_symbol, "symbols");
    assert_eq!(symbols.len(), 1);
    let trades = of(&|answer| is_eth(answer) && answer["decision"] == "TRADE");
    assert_eq!(symbols[0][1], json!(thousands(trades)));
    assert_eq!(sum(by_symbol, "notionals"), trades);
    shown(
        by_both,
        of(&|answer| is_eth(answer) && answer["reason"] == "POLICY_LIMIT_EXCEEDED"),
    );
    shown(all, 20_000);
    let window = [window[0].as_i64().unwrap(), window[1].as_i64().unwrap()];
    let is_then = |answer: &Value| {
        let ts = answer["ts"].as_i64();
        ts.is_some_and(|ts| ts >= window[0] && ts < window[1])
    };
    shown(by_time, of(&is_then));
    assert_eq!(
        sum(by_time, "notionals"),
        of(&|answer| is_then(answer) && answer["decision"] == "TRADE")
    );
}

#[test]
fn comparison_filters() {
    let place = Place::new();
    place.put("tape", generated(6_000, 3));
    place.put("a", policy("a").to_string());
    let mut b = policy("b");
    b["leverage_by_symbol"]["BTCUSDT"] = json!(3);
    b["universe_symbols"].as_array_mut().unwrap().remove(1);
    b["harvest_params"]["T1_R"] = 2.0.into();
    place.put("b", b.to_string());
    let options =
        "diff tape --assume-in-force --policy a --policy b --report page.html --out flips";
    let run = place.run(&options.split(' ').collect::<Vec<_>>());
    assert_eq!((run.status, &*run.stderr), (0, ""));
    let flips = crate::records::objects(&place.read("flips"));
    let actions = r#"choose("symbol", "BTCUSDT"); found.push(reported());
choose("kind", "LEVERAGE"); found.push(reported());
document.getElementById("reset").click(); choose("reason", "POLICY_UNIVERSE_FILTER"); found.push(reported());
document.getElementById("reset").click(); found.push(reported());
set("to", 0); found.push(reported());"#;
    let found = open(&place, "390,900", actions);
    let reason = |flip: &Value| {
        let of = |side: &str| flip[side]["reason"].as_str().map(ToOwned::to_owned);
        of("before").or(of("after"))
    };
    let is_btc = |flip: &Value| flip["symbol"] == "BTCUSDT";
    let first_day = flips
        .iter()
        .filter_map(|flip| flip["ts"].as_i64())
        .min()
        .unwrap()
        / 86_400_000;
    let check = |page: &Value, is: &dyn Fn(&Value) -> bool| {
        let of: Vec<&Value> = flips.iter().filter(|flip| is(flip)).collect();
        assert!(!of.is_empty());
        let expected = format!(
            "{} of {} flips shown",
            thousands(of.len()),
            thousands(flips.len())
        );
        assert_eq!(page["shown"], json!(expected));
        for section in ["kinds", "causes", "symbols", "days"] {
            assert_eq!(sum(page, section), of.len(), "{section}");
        }
        let skips = of.iter().filter(|flip| reason(flip).is_some()).count();
        assert_eq!(sum(page, "reasons"), skips);
        let listed = rows(page, "largest");
        for row in listed {
            let n: u64 = row[0].as_str().unwrap().parse().unwrap();
            assert!(of.iter().any(|flip| flip["n"] == n), "{row}");
        }
        assert_eq!(page["overflow"], 0);
        // Equal flips are one row, with their number.
        let counts = listed.iter().map(|row| row[1].as_str().unwrap());
        counts
            .map(|count| count.parse::<usize>().unwrap())
            .sum::<usize>()
    };
    let [by_symbol, by_both, by_reason, all, by_time] = &*found else {
        panic!("{found:?}")
    };
    check(by_symbol, &is_btc);
    check(by_both, &|flip| is_btc(flip) && flip["kind"] == "LEVERAGE");
    check(by_reason, &|flip| {
        reason(flip).as_deref() == Some("POLICY_UNIVERSE_FILTER")
    });
    assert_eq!(check(all, &|_| true), flips.len().min(100));
    let fact = json!(["Flips", thousands(flips.len())]);
    assert!(all["facts"].as_array().unwrap().contains(&fact));
    let kinds: BTreeSet<&str> = flips
        .iter()
        .map(|flip| flip["kind"].as_str().unwrap())
        .collect();
    assert_eq!(rows(all, "kinds").len(), kinds.len());
    check(by_time, &|flip| {
        flip["ts"]
            .as_i64()
            .is_some_and(|ts| ts / 86_400_000 == first_day)
    });
}

#[test]
fn simulation_filters() {
    let place = Place::new();
    place.put("a", policy("a").to_string());
    let minute = |n: i64| format!("{},{p},{p},{p},{p}\n", START + n * 60, p = 100 + n % 3);
    let prices: String = (0..300).map(minute).collect();
    let candles = format!("timestamp,open,high,low,close\n{prices}");
    let entry_of = |at: i64, symbol: &str| {
        let mut entry = entry(at);
        entry["symbol"] = symbol.into();
        entry
    };
    place.put("BTCUSDT.csv", &candles);
    place.put("SOLUSDT.csv", &candles);
    place.put(
        "entries",
        lines(&[entry_of(-30, "BTCUSDT"), entry_of(3_000, "SOLUSDT")]),
    );
    let options = "simulate entries --policy a --candles BTCUSDT.csv --candles SOLUSDT.csv --cash 1000 \
                   --report page.html --format json";
    let run = place.run(&options.split(' ').collect::<Vec<_>>());
    assert_eq!((run.status, &*run.stderr), (0, ""));
    let reported: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(reported["outcome"]["opened"], 2, "{reported}");
    let actions = r#"found.push(reported());
choose("symbol", "SOLUSDT"); found.push(reported());
document.getElementById("reset").click(); set("from", 0); set("to", 19); found.push(reported());
const marked = JSON.parse(document.getElementById("data").textContent).marked;
found.push(marked.start + 20 * marked.width);
found.push(Object.values(Chart.instances).filter((it) => it.config.type === "line").map((it) => it.data.datasets[0].data.length));"#;
    let found = open(&place, "390,900", actions);
    let [all, by_symbol, by_time, end, drawn] = &*found else {
        panic!("{found:?}")
    };
    let symbols = |page: &Value| {
        let rows = rows(page, "positions").iter();
        let mut symbols: Vec<_> = rows
            .map(|row| row[1].as_str().unwrap().to_owned())
            .collect();
        symbols.sort();
        symbols
    };
    assert_eq!(symbols(all), ["BTCUSDT", "SOLUSDT"]);
    assert_eq!(all["drawn"], true);
    assert_eq!(symbols(by_symbol), ["SOLUSDT"]);
    assert_eq!(by_symbol["shown"], "1 of 2 listed positions shown");
    assert_eq!(symbols(by_time), ["BTCUSDT"]);
    let points = reported["outcome"]["curve"]["points"].as_array().unwrap();
    let until = points
        .iter()
        .filter(|point| point["ts"].as_i64() < end.as_i64())
        .count();
    assert!(until > 0 && until < points.len());
    assert_eq!(rows(all, "equity").len(), points.len());
    assert_eq!(rows(by_time, "equity").len(), until);
    assert_eq!(*drawn, json!([until, until]));
    assert_eq!(by_time["overflow"], 0);
}

/// The ladder chart has a line for each policy threshold, up to a maximum, and states how many lines it leaves out.
#[test]
fn the_ladder_shows_the_thresholds_of_all_policies() {
    let place = Place::new();
    let reported = |policies: u32| {
        let tape: Vec<Value> = (0..policies)
            .map(|n| {
                let mut policy = policy(&n.to_string());
                policy["harvest_params"] = json!({
                    "T1_R": 1.0 + f64::from(n) / 8.0, "T2_R": 50.5, "T3_R": 60.5, "lock_R": 0.5,
                    "be_plus_pct": 0, "cost_bps": 10, "k_regime_flip": 1, "k_sigma_spike": 1, "k_ts_drop": 1,
                    "k_age_penalty": 1, "kill_threshold": 0.6,
                });
                updated(n.into(), &policy)
            })
            .collect();
        place.put("tape", lines(&tape));
        let run = place.run(&["replay", "tape", "--report", "page.html"]);
        assert_eq!((run.status, &*run.stderr), (0, ""));
        place.read("page.html")
    };
    let two = reported(2);
    assert!(two.contains(
        "Lines: policy thresholds lock_R 0.5, T1_R 1, T1_R 1.125, T2_R 50.5, T3_R 60.5."
    ));
    // The middle of the bin (-0.5, 0] is at 6. There is one more bin above the last bound.
    assert!(two.contains(r#"[["lock_R 0.5",7.5],["T1_R 1",8.5],["T1_R 1.125",8.75],["T2_R 50.5",23.0],["T3_R 60.5",23.0]]"#));
    // Three thresholds are equal in all policies; T1_R has twelve values.
    assert!(reported(12).contains(", and 3 more that are not drawn."));
}

#[test]
fn a_page_has_a_dark_theme_and_fits_a_phone() {
    let place = Place::new();
    replayed(&place);
    let actions = r#"found.push(reported()); document.getElementById("theme").click(); found.push(reported());
document.querySelectorAll("details").forEach((it) => { it.open = true; }); found.push(reported());"#;
    let found = open(&place, "500,900", actions);
    let themes: Vec<_> = found
        .iter()
        .map(|page| page["theme"].as_str().unwrap())
        .collect();
    assert_eq!(themes, ["light", "dark", "dark"]);
    for page in &found {
        assert_eq!(page["overflow"], 0);
        assert_eq!(page["drawn"], true);
    }
}

#[test]
fn tape_text_cannot_inject_markup() {
    let place = Place::new();
    let hostile =
        "</script><script>console.log('run')</script><img src=x onerror=alert(1)> \u{202e}&amp;";
    let mut entries: Vec<Value> = (0..3).map(entry).collect();
    entries[0]["symbol"] = json!("</SCRIPT><B>");
    entries[1]["symbol"] = json!("\"'&<>");
    let mut tape = vec![updated(0, &policy(hostile))];
    tape.extend(entries);
    tape.push(position(2));
    place.put("<b>&tape", lines(&tape));
    place.summary(&["<b>&tape", "--report", "page.html"]);
    let found = open(&place, "1280,900", "found.push(reported());");
    let page = &found[0];
    assert_eq!(page["facts"][0][1], "<b>&tape");
    let near = page["sections"]["near"].to_string();
    assert!(near.contains("</SCRIPT><B>"), "{near}");
    let activations = page["sections"]["activations"].to_string();
    assert!(activations.contains("</script><script>"), "{activations}");
    assert!(!activations.contains('\u{202e}'), "{activations}");
}

#[test]
fn an_empty_tape_has_an_empty_page() {
    let place = Place::new();
    place.put("tape", "");
    place.summary(&["tape", "--report", "page.html"]);
    let found = open(&place, "1280,900", "found.push(reported());");
    assert_eq!(found[0]["shown"], "0 of 0 records shown");
    assert_eq!(found[0]["sections"]["answers"], json!([]));
}

#[test]
fn a_report_does_not_depend_on_threads_or_change_answers() {
    let place = Place::new();
    let (_, summary) = replayed(&place);
    assert_eq!(place.summary(&["tape"]), summary);
    let one = place.read("page.html");
    let again = place.summary(&["tape", "--threads", "3", "--report", "again.html"]);
    assert_eq!(again["digest"], summary["digest"]);
    assert!(place.read("again.html") == one);
    assert!(one.len() < 1 << 20, "{}", one.len());
}

#[test]
fn a_report_does_not_overwrite_an_input() {
    let place = Place::new();
    place.put("tape", lines(&[entry(1)]));
    let refused = |arguments: &[&str]| {
        let run = place.run(&[&["replay", "tape"], arguments].concat());
        assert_eq!((run.status, &*run.stdout), (2, ""), "{arguments:?}");
        run.stderr
    };
    assert_eq!(
        refused(&["--report", "tape"]),
        "portcullis: cannot write `tape`: it is an input of this run\n"
    );
    assert_eq!(
        refused(&["--report", "x", "--out", "x"]),
        "portcullis: cannot write `x`: another output of this run has the same path\n"
    );
    assert_eq!(
        refused(&["--report", "-"]),
        "portcullis: invalid value `-` for `--report <FILE>`: a report must be written to a file; see `portcullis replay --help`\n"
    );
    let left: Vec<PathBuf> = fs::read_dir(place.path())
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    assert_eq!(left, [place.path().join(Path::new("tape"))]);
}
