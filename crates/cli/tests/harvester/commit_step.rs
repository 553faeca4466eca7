//! Tests that no proposal is written under harvest parameters that the server does not hold at the time of the write.
//!
//! The harvester and the server are stopped and continued (SIGSTOP, SIGCONT) while prices and policies change. Each
//! publication also appends a mark to the stream of proposals, which therefore has the exact order of both.

use std::{sync::atomic::Ordering, thread, time::Duration};

use portcullis::policy::Policy;
use portcullis_store::redis::TOKEN_FUNCTIONS;
use redis::{Connection, Value};

use super::{
    plant::{Plant, replacing},
    process::{Fields, Harvester, POLICY, STREAM, Server, ago, sample, send, since_epoch, text},
    proxy::random,
    tally::Tally,
};

/// The field of a mark: the version and the expiry of a policy.
const MARK: &str = "published";

/// The counts of some rounds.
#[derive(Default)]
struct Findings {
    proposals: usize,
    violations: Vec<String>,
}

/// Publishes the sample policy with this version, and appends its mark.
fn publish(version: &str, valid_for_ms: u64, connection: &mut Connection) {
    let end = u64::try_from(since_epoch().as_millis()).unwrap() + valid_for_ms;
    let seconds = format!("{}.{:03}", end / 1000, end % 1000);
    let mut fields = Policy::from_json(&sample(1)).unwrap().fields().clone();
    fields.insert("policy_version".to_owned(), version.to_owned());
    fields.insert("valid_until_epoch".to_owned(), seconds);
    let mut step = redis::pipe();
    step.atomic().cmd("DEL").arg(POLICY);
    let hash = step.cmd("HSET").arg(POLICY);
    for (name, value) in &fields {
        hash.arg(name).arg(value);
    }
    let mark = format!("{version} {end}");
    step.cmd("XADD").arg(STREAM).arg("*").arg(MARK).arg(mark);
    step.query::<Value>(connection).unwrap();
}

/// Compares each proposal with the policy at its place in the stream.
fn compare(records: &[(String, Fields)]) -> Findings {
    let mut found = Findings::default();
    let mut current: Option<(&str, u64)> = None;
    for (id, record) in records {
        if let Some(mark) = record.get(MARK) {
            let (version, end) = mark.rsplit_once(' ').unwrap();
            current = Some((version, end.parse().unwrap()));
            continue;
        }
        found.proposals += 1;
        let (at, _) = id.split_once('-').unwrap();
        let at: u64 = at.parse().unwrap();
        let version = text(record, "policy_version");
        match current {
            Some((now, _)) if now != version => {
                let why = format!("{id}: the policy is {now}, not {version}");
                found.violations.push(why);
            }
            Some((_, end)) if at > end => {
                let why = format!("{id}: the policy expired {} ms before", at - end);
                found.violations.push(why);
            }
            Some(_) => {}
            None => found.violations.push(format!("{id}: there is no policy")),
        }
    }
    found
}

fn entries(connection: &mut Connection) -> Vec<(String, Fields)> {
    let mut range = redis::cmd("XRANGE");
    let entries: Vec<(String, Vec<String>)> = range
        .arg(STREAM)
        .arg("-")
        .arg("+")
        .query(connection)
        .unwrap();
    let fields = |items: Vec<String>| {
        let pairs = items.chunks(2);
        pairs
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect()
    };
    let entries = entries.into_iter();
    entries.map(|(id, items)| (id, fields(items))).collect()
}

/// Runs rounds on one server until there is a violation, if `stops` is true, or all rounds are over.
fn run(rounds: usize, plant: Option<&Plant>, stops: bool) -> Findings {
    let server = Server::start();
    let mut redis = server.connect();
    let (url, calls) = match plant {
        None => (server.url(), None),
        Some(plant) => {
            let commit = include_str!("../../../service/src/harvester/commit.lua");
            let script = [TOKEN_FUNCTIONS, commit].concat();
            let (port, calls) = replacing(&server, &script, plant);
            (format!("redis://127.0.0.1:{port}"), Some(calls))
        }
    };
    publish("first", 3_600_000, &mut redis.0);
    let symbols: Vec<String> = (0..40).map(|n| format!("S{n:02}USDT")).collect();
    for symbol in &symbols {
        redis.open(symbol, "101");
    }
    let harvester = Harvester::start(&url, &[]);
    for round in 0..rounds {
        let valid_for = if round % 4 == 1 { 150 } else { 3_600_000 };
        publish(&format!("{round} before"), valid_for, &mut redis.0);
        thread::sleep(Duration::from_millis(60));
        // A later opening is another position, so each of them is due for a proposal.
        let opened_at = ago(3000 - u64::try_from(round).unwrap());
        for symbol in &symbols {
            redis.reopen(symbol, "103.8", &opened_at);
        }
        thread::sleep(Duration::from_micros(random() % 20_000));
        let mut other = server.connect().0;
        let version = format!("{round} after");
        if round % 2 == 0 {
            harvester.signal("-STOP");
            if valid_for < 1_000 {
                thread::sleep(Duration::from_millis(valid_for + 20));
            }
            publish(&version, 3_600_000, &mut redis.0);
            harvester.signal("-CONT");
        } else {
            let process = server.process.as_ref().unwrap();
            send("-STOP", process);
            let waiting = (valid_for > 1_000)
                .then(|| thread::spawn(move || publish(&version, 3_600_000, &mut other)));
            thread::sleep(Duration::from_millis(200));
            send("-CONT", process);
            if let Some(waiting) = waiting {
                waiting.join().unwrap();
            }
        }
        thread::sleep(Duration::from_millis(80));
        if stops && !compare(&entries(&mut redis.0)).violations.is_empty() {
            break;
        }
    }
    harvester.kill();
    if let Some(calls) = calls {
        assert!(calls.load(Ordering::SeqCst) > 0, "no planted call");
    }
    compare(&entries(&mut redis.0))
}

#[test]
fn no_proposal_is_written_under_a_policy_that_was_replaced_or_has_expired() {
    let fault = "harvester or server frozen (SIGSTOP) while the policy is replaced or expires";
    let tally = Tally::of(fault, 10);
    let found = run(tally.rounds(), None, false);
    tally.answers.add(found.proposals);
    tally.stale.add(found.violations.len());
    let violations = &found.violations;
    assert!(violations.is_empty(), "{violations:#?}");
    tally.conclude();
}

/// Each comparison of the script is disabled in turn. The test above must detect each of them.
#[test]
fn planted_bugs_in_the_commit_step_are_detected() {
    for (plant, by) in [
        (
            Plant::new("token == policy_token(policy, set)", "true"),
            "the policy is",
        ),
        (
            Plant::new("clock() <= tonumber(last_time)", "true"),
            "expired",
        ),
    ] {
        let found = run(100, Some(&plant), true);
        let is_detected = found.violations.iter().any(|why| why.contains(by));
        assert!(is_detected, "not detected: {plant:?}");
    }
}
