//! The results of the week, and the checks of its claims.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use portcullis::Policy;
use portcullis_service::keys::{PLANS, SKIPS};
use portcullis_store::PolicyStore as _;
use redis::{Commands as _, streams::StreamRangeReply};

use crate::{
    CANARIES,
    exchange::Exchange,
    market::{DAYS, SYMBOLS},
    services::Services,
};

/// Prints the results, and returns true if all checks hold.
pub(crate) fn print(
    folder: &Path,
    services: &Services,
    exchange: &Exchange,
    candles: usize,
) -> bool {
    let mut holds = true;
    let mut check = |what: &str, is_so: bool| {
        println!("{}  {what}", if is_so { "holds" } else { "FAILS" });
        holds &= is_so;
    };
    println!(
        "\n{DAYS} days, {candles} candles of each of {} symbols",
        SYMBOLS.len()
    );
    println!(
        "intents: {} entries, {} exits",
        exchange.entries, exchange.exits
    );

    let mut redis = redis::Client::open(services.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let plans: StreamRangeReply = redis.xrange_all(PLANS).unwrap();
    let skips: StreamRangeReply = redis.xrange_all(SKIPS).unwrap();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for skip in &skips.ids {
        let reason: String = skip.get("reason").unwrap_or_default();
        *counts.entry(format!("SKIP {reason}")).or_default() += 1;
    }
    let policies = policies(services, folder);
    let mut without_policy = 0;
    let mut by_policy: BTreeMap<String, u64> = BTreeMap::new();
    for plan in &plans.ids {
        let text = |name: &str| plan.get::<String>(name).unwrap_or_default();
        *counts.entry(text("verdict")).or_default() += 1;
        if text("verdict") == "TRADE" {
            let at = text("decided_at").parse().unwrap_or_default();
            let at = portcullis::Timestamp::from_millis(at).unwrap();
            let policy = policies.get(&text("policy_hash"));
            if policy.is_none_or(|policy| policy.in_force(at).is_err()) {
                without_policy += 1;
            }
            let version = policy.map_or("unknown", Policy::version);
            *by_policy.entry(version.to_owned()).or_default() += 1;
        }
    }
    println!("answers: {counts:?}");
    println!("trades by policy version: {by_policy:?}");
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();

    let audit = services.audit();
    let events = |event: &str| audit.iter().filter(|entry| entry["event"] == event).count();
    let names: BTreeSet<&str> = audit.iter().filter_map(|it| it["event"].as_str()).collect();
    for name in names {
        println!("audit log: {} × {name}", events(name));
    }
    let aborts: Vec<&str> = audit
        .iter()
        .filter(|entry| entry["event"] == "rollout.aborted")
        .filter_map(|entry| entry["code"].as_str())
        .collect();
    println!("aborts: {aborts:?}");
    for (policy, results) in exchange.results() {
        let version = policies.get(policy).map_or("unknown", Policy::version);
        if version.starts_with("canary") {
            println!(
                "{version}: {} closed trades, {:+.2} USD",
                results.closed, results.net
            );
        }
    }
    println!("leverages of {}: {}", SYMBOLS[0], leverages(services));

    let answered = plans.ids.len() + skips.ids.len();
    let sent = usize::try_from(exchange.entries + exchange.exits).unwrap();
    check("each intent has one answer", answered == sent);
    check(
        "no trade without a policy in force",
        without_policy == 0 && count("TRADE") > 0,
    );
    check(
        "entries without a policy were skipped",
        count("SKIP POLICY_MISSING") > 0,
    );
    check(
        "entries under an expired policy were skipped",
        count("SKIP POLICY_STALE") > 0,
    );
    check("the first canary was raised twice and promoted", {
        events("rollout.raised") >= 2 && events("rollout.promoted") == 1
    });
    check(
        "the second canary was aborted by its drawdown",
        aborts == ["DRAWDOWN_EXCEEDED"],
    );
    check(
        "the policy followed the market",
        regimes(services).len() >= 3,
    );
    println!("regimes of the publications: {:?}", regimes(services));

    for stream in ["plans", "skips"] {
        let key = if stream == "plans" { PLANS } else { SKIPS };
        let log = format!("log/{stream}");
        let (text, verified) = services.output(&[
            "log",
            "verify",
            &log,
            "--key",
            "public.key",
            "--stored-for",
            key,
            "--redis",
            services.url(),
        ]);
        println!("{}", text.trim_end());
        check(
            &format!("the decision log of the {stream} verifies"),
            verified,
        );
    }
    let record = [
        "record",
        "--once",
        "--out",
        "week.jsonl",
        "--answers",
        "live.jsonl",
    ];
    let (text, recorded) = services.output(&record);
    println!("{}", text.trim_end());
    let replay = ["replay", "week.jsonl", "--out", "again.jsonl"];
    let (_, replayed) = services.output(&replay);
    let read = |name: &str| fs::read(folder.join(name)).unwrap_or_default();
    check("a replay of the recording gives the same answers", {
        recorded && replayed && read("live.jsonl") == read("again.jsonl")
    });
    let candles = SYMBOLS.map(|symbol| format!("{symbol}={symbol}.csv"));
    let mut history = vec![
        "history",
        "week.jsonl",
        "--store",
        services.url(),
        "--cash",
        "1000",
    ];
    candles
        .iter()
        .for_each(|file| history.extend(["--candles", file]));
    history.extend(["--report", "history.html"]);
    let (text, explained) = services.output(&history);
    println!("{}", text.lines().take(24).collect::<Vec<_>>().join("\n"));
    check(
        "the history explains the week",
        explained && folder.join("history.html").exists(),
    );
    holds
}

/// Returns all policies that were live or that of an arm, by hash.
fn policies(services: &Services, folder: &Path) -> BTreeMap<String, Policy> {
    let store = services.store();
    let history = store.history(usize::MAX).unwrap();
    let mut policies: BTreeMap<String, Policy> = history
        .iter()
        .filter_map(|entry| entry.policy().ok())
        .map(|policy| (policy.hash().to_string(), policy.clone()))
        .collect();
    for name in CANARIES.map(|canary| canary.name) {
        let text = fs::read_to_string(folder.join(format!("canary-{name}.json"))).unwrap();
        let policy = Policy::from_json(&text).unwrap();
        policies.insert(policy.hash().to_string(), policy);
    }
    policies
}

/// Returns the regimes of the derivations of all publications.
fn regimes(services: &Services) -> BTreeSet<String> {
    let history = services.store().history(usize::MAX).unwrap();
    let names = ["range", "trend", "volatile", "crisis"];
    let has = |name: &&str| {
        let text = format!("\"{name}\"");
        history
            .iter()
            .filter_map(|it| it.derivation())
            .any(|it| it.contains(&text))
    };
    names.into_iter().filter(has).map(str::to_owned).collect()
}

/// Returns the leverages of the first symbol in all publications, without repetitions.
fn leverages(services: &Services) -> String {
    let mut history = services.store().history(usize::MAX).unwrap();
    history.reverse();
    let leverage = |policy: &Policy| {
        let text = policy
            .fields()
            .get("leverage_by_symbol")
            .cloned()
            .unwrap_or_default();
        let map: BTreeMap<String, f64> = serde_json::from_str(&text).unwrap_or_default();
        map.get(SYMBOLS[0])
            .map_or_else(|| "-".to_owned(), ToString::to_string)
    };
    let mut all: Vec<String> = history
        .iter()
        .filter_map(|entry| entry.policy().ok().map(leverage))
        .collect();
    all.dedup();
    all.join(" ")
}
