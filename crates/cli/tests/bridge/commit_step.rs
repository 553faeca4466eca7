//! Tests that no trade is written that the store would not allow at the time of the write, and that each exit is
//! answered once.
//!
//! The server and the bridge are stopped and continued (SIGSTOP, SIGCONT) while intents arrive and the policy and the
//! halts change. Each change also appends a mark to the stream of plans. So the stream has the exact order of all plans
//! and changes, and each plan is compared with a model of the store at its place in the stream.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant as Tick},
};

use portcullis::policy::Policy;
use portcullis_store::redis::TOKEN_FUNCTIONS;
use redis::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    plant::{Plant, replacing},
    process::{
        Bridge, EXITS, Fields, INTENTS, OWNER, PLANS, POLICY, SKIPS, Server, by_id, sample,
        since_epoch, text,
    },
    proxy::random,
    recording::Desk,
    tally::Tally,
};

const HALTS: &str = "quantum:halt";
const UPDATES: &str = "quantum:stream:policy.update";
/// The field of a mark: the number of a change.
const MARK: &str = "change";
const SYMBOLS: [&str; 3] = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];
/// A timeout that is far longer than the last answers take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Maximum number of entries in a round.
const SENT_MAX: usize = 2_000;
/// Number of rounds that run at the same time. Most of a round is waiting.
const AT_ONCE: usize = 4;

/// A change of the store.
#[derive(Debug, Clone)]
enum Change {
    Publish(Published),
    /// Fields that are not a valid policy. The last policy stays active.
    PublishInvalid,
    Withdraw,
    Halt(&'static str),
    Resume,
}

/// A valid policy.
#[derive(Debug, Clone)]
struct Published {
    version: String,
    hash: String,
    /// The expiry in epoch microseconds.
    end: i64,
    symbols: Vec<&'static str>,
    fields: BTreeMap<String, String>,
}

/// The policy and the halts, as the changes so far have left them.
#[derive(Debug, Clone, Default)]
struct Model {
    policy: Option<Published>,
    halts: BTreeSet<&'static str>,
}

/// The time bounds of the guardrails, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    intent_age: Option<i64>,
    plan_age: Option<i64>,
}

/// A process that is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frozen {
    Server,
    Bridge,
}

/// The change that is made while a process is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    Expiry,
    Replacement,
    Halt,
    Withdrawal,
}

/// One round: a server, a bridge, a sender of intents, and the changes so far.
struct Round {
    server: Server,
    bridge: Bridge,
    bounds: Bounds,
    changes: Vec<Change>,
    sender: Option<thread::JoinHandle<Sent>>,
    is_over: Arc<AtomicBool>,
    /// Changes that are sent to a stopped server.
    waiting: Vec<thread::JoinHandle<()>>,
    planted: Option<Arc<AtomicUsize>>,
    _folder: TempDir,
}

/// The ids of the intents that were sent.
#[derive(Default)]
struct Sent {
    entries: BTreeSet<String>,
    exits: BTreeSet<String>,
}

/// The counts of a round, and a description of each violation.
#[derive(Debug, Default)]
struct Findings {
    answers: usize,
    trades: usize,
    skips: usize,
    unknown_policies: usize,
    violations: Vec<String>,
    /// A description of each lost or doubled answer.
    faults: Vec<String>,
    lost: usize,
    doubled: usize,
}

fn below(count: u64) -> u64 {
    random() % count
}

fn one_in(count: u64) -> bool {
    below(count) == 0
}

fn pause(from: u64, to: u64) {
    thread::sleep(Duration::from_millis(from + below(to - from)));
}

fn micros() -> i64 {
    i64::try_from(since_epoch().as_micros()).unwrap()
}

impl Published {
    /// Creates the sample policy with this version, validity and universe.
    fn new(number: usize, valid_for_ms: u64, symbols: &[&'static str]) -> Self {
        let mut document: Value = serde_json::from_str(&sample(3600)).unwrap();
        let version = format!("law-{number}");
        let end = micros() + i64::try_from(valid_for_ms).unwrap() * 1000;
        let seconds = format!("{}.{:06}", end / 1_000_000, end % 1_000_000);
        document["policy_version"] = json!(version);
        document["universe_symbols"] = json!(symbols);
        let leverages = symbols
            .iter()
            .map(|symbol| ((*symbol).to_owned(), json!(5)));
        document["leverage_by_symbol"] = Value::Object(leverages.collect());
        document["valid_until_epoch"] = json!("VALID_UNTIL");
        let text = document.to_string().replace("\"VALID_UNTIL\"", &seconds);
        let policy = Policy::from_json(&text).unwrap();
        assert_eq!(policy.valid_until().as_micros(), end);
        Self {
            version,
            hash: policy.hash().to_string(),
            end,
            symbols: symbols.to_vec(),
            fields: policy.fields().clone(),
        }
    }
}

impl Change {
    /// Makes the change and appends its mark, in one transaction.
    fn make(&self, number: usize, connection: &mut Connection) {
        let mut step = redis::pipe();
        step.atomic();
        match self {
            Self::Publish(policy) => {
                step.cmd("DEL").arg(POLICY);
                let hash = step.cmd("HSET").arg(POLICY);
                for (name, value) in &policy.fields {
                    hash.arg(name).arg(value);
                }
                hash.arg("policy_hash").arg(&policy.hash);
            }
            Self::PublishInvalid => {
                let hash = step.cmd("HSET").arg(POLICY).arg("policy_version");
                hash.arg(format!("invalid-{number}"));
            }
            Self::Withdraw => drop(step.cmd("DEL").arg(POLICY)),
            Self::Halt(name) => drop(step.cmd("SADD").arg(HALTS).arg(name)),
            Self::Resume => drop(step.cmd("DEL").arg(HALTS)),
        }
        step.cmd("XADD").arg(PLANS).arg("*").arg(MARK).arg(number);
        // Some writers send no notification.
        if !one_in(3) {
            step.cmd("XADD").arg(UPDATES).arg("*").arg("event").arg("x");
        }
        step.query::<redis::Value>(connection).unwrap();
    }
}

impl Model {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Publish(policy) => self.policy = Some(policy.clone()),
            Change::PublishInvalid => {}
            Change::Withdraw => self.policy = None,
            Change::Halt(name) => drop(self.halts.insert(name)),
            Change::Resume => self.halts.clear(),
        }
    }

    /// Returns the reason why the store does not allow this plan of a trade at `at`, in epoch milliseconds.
    fn objection(&self, plan: &Fields, at: i64, bounds: Bounds) -> Option<String> {
        let Some(policy) = &self.policy else {
            return Some("there is no policy".to_owned());
        };
        let symbol = text(plan, "symbol");
        let number = |name: &str| text(plan, name).parse::<i64>().unwrap();
        let (entry, _) = text(plan, "entry").split_once('-').unwrap();
        let age = at - entry.parse::<i64>().unwrap();
        let (not_after, decided_at) = (number("not_after"), number("decided_at"));
        let planned = bounds.plan_age.map_or(i64::MAX, |age| decided_at + age);
        if text(plan, "policy_hash") != policy.hash {
            let found = text(plan, "policy_version");
            return Some(format!("the policy is {}, not {found}", policy.version));
        }
        if !policy.symbols.contains(&symbol) {
            return Some(format!("the policy does not list {symbol}"));
        }
        if self.halts.contains("*") || self.halts.contains(symbol) {
            return Some(format!("{symbol} is halted"));
        }
        if at * 1000 > policy.end {
            let late = at - policy.end / 1000;
            return Some(format!("the policy expired {late} ms before"));
        }
        if at > not_after {
            return Some(format!("written {} ms after `not_after`", at - not_after));
        }
        if not_after > planned.min(policy.end / 1000) {
            return Some(format!("`not_after` is {not_after}, which is too late"));
        }
        bounds
            .intent_age
            .filter(|bound| age > *bound)
            .map(|bound| format!("the intent is {age} ms old; {bound} are allowed"))
    }
}

impl Round {
    fn start(bounds: Bounds, plant: Option<&Plant>) -> Self {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("guardrails.json");
        let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms % 1000);
        let members = [
            ("max_intent_age_sec", bounds.intent_age),
            ("max_plan_age_sec", bounds.plan_age),
        ];
        let members = members.into_iter();
        let members = members.filter_map(|(name, ms)| Some(format!("\"{name}\":{}", seconds(ms?))));
        let members: Vec<String> = members.collect();
        fs::write(&file, format!("{{{}}}", members.join(","))).unwrap();
        let (url, planted) = match plant {
            None => (server.url(), None),
            Some(plant) => {
                let (port, count) = replacing(&server, &commit_script(), plant);
                (format!("redis://127.0.0.1:{port}"), Some(count))
            }
        };
        let batch = ["4", "16", "64"][usize::try_from(below(3)).unwrap()];
        let guardrails = file.to_str().unwrap();
        // After a long freeze, the reply to a read may be lost. Its entries are then claimed.
        let options = ["--guardrails", guardrails, "--batch", batch];
        let options = [&options[..], &["--claim-after", "300"]].concat();
        let bridge = Bridge::start(&url, &options);
        let is_over = Arc::new(AtomicBool::new(false));
        let sender = {
            let (is_over, connection) = (Arc::clone(&is_over), server.connect().0);
            thread::spawn(move || send_until(&is_over, connection))
        };
        Self {
            server,
            bridge,
            bounds,
            changes: Vec::new(),
            sender: Some(sender),
            is_over,
            waiting: Vec::new(),
            planted,
            _folder: folder,
        }
    }

    fn signal(&self, process: Frozen, name: &str) {
        match process {
            Frozen::Server => self.server.signal(name),
            Frozen::Bridge => self.bridge.signal(name),
        }
    }

    /// Makes a change now.
    fn change(&mut self, change: Change) {
        change.make(self.changes.len(), &mut self.server.connect().0);
        self.changes.push(change);
    }

    /// Sends a change to a stopped server, which makes it when it continues.
    fn change_later(&mut self, change: Change, mut connection: Connection) {
        let number = self.changes.len();
        self.changes.push(change.clone());
        let waiting = thread::spawn(move || change.make(number, &mut connection));
        self.waiting.push(waiting);
    }

    fn publish(&self, valid_for_ms: u64, symbols: &[&'static str]) -> Change {
        Change::Publish(Published::new(self.changes.len(), valid_for_ms, symbols))
    }

    /// Waits until the bridge has loaded the last policy. Returns false if that takes too long.
    fn is_loaded(&self) -> bool {
        let policies = self.changes.iter().rev();
        let mut policies = policies.map(|change| match change {
            Change::Publish(policy) => Some(policy.version.clone()),
            Change::PublishInvalid | Change::Halt(_) | Change::Resume => None,
            Change::Withdraw => Some(String::new()),
        });
        let Some(version) = policies.find_map(|version| version) else {
            return false;
        };
        let loaded = format!("POLICY_LOADED: version={version} ");
        let until = Tick::now() + Duration::from_millis(500);
        while Tick::now() < until {
            if !version.is_empty() && self.bridge.log().contains(&loaded) {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Ends the round: waits for all answers, and compares them with the model.
    fn conclude(mut self) -> Findings {
        for waiting in self.waiting.drain(..) {
            waiting.join().unwrap();
        }
        self.is_over.store(true, Ordering::SeqCst);
        let sent = self.sender.take().unwrap().join().unwrap();
        let mut redis = self.server.connect();
        let count = sent.entries.len() + sent.exits.len();
        let until = Tick::now() + PATIENCE;
        let mut are_all_there =
            || redis.length(PLANS) + redis.length(SKIPS) >= count + self.changes.len();
        while !are_all_there() && Tick::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        let pending = (redis.pending(INTENTS), redis.pending(EXITS));
        let plans = entries(&mut redis.0, PLANS);
        let skips = entries(&mut redis.0, SKIPS);
        if let Some(calls) = &self.planted {
            assert!(calls.load(Ordering::SeqCst) > 0, "no planted call");
        }
        let mut found = compare(&self.changes, self.bounds, &sent, &plans, &skips);
        if !found.faults.is_empty() {
            found.faults.insert(0, format!("pending: {pending:?}"));
            found.faults.insert(1, self.bridge.log());
        }
        found
    }
}

/// Compares all answers with the intents that were sent, and each plan of a trade with the model at its place.
fn compare(
    changes: &[Change],
    bounds: Bounds,
    sent: &Sent,
    plans: &[(String, Fields)],
    skips: &[(String, Fields)],
) -> Findings {
    let mut found = Findings {
        skips: skips.len(),
        ..Findings::default()
    };
    let mut model = Model::default();
    let hashes = changes.iter().filter_map(|change| match change {
        Change::Publish(policy) => Some(policy.hash.as_str()),
        Change::PublishInvalid | Change::Withdraw | Change::Halt(_) | Change::Resume => None,
    });
    let hashes: BTreeSet<&str> = hashes.collect();
    // The number of exits, and of other answers, to each intent.
    let mut times: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (id, plan) in plans {
        if let Some(number) = plan.get(MARK) {
            model.apply(&changes[number.parse::<usize>().unwrap()]);
            continue;
        }
        let of_id = times.entry(text(plan, "intent_id")).or_default();
        if text(plan, "verdict") == "EXIT" {
            of_id.0 += 1;
            continue;
        }
        of_id.1 += 1;
        found.trades += 1;
        let is_known = hashes.contains(text(plan, "policy_hash"));
        found.unknown_policies += usize::from(!is_known);
        let (at, _) = id.split_once('-').unwrap();
        if let Some(why) = model.objection(plan, at.parse().unwrap(), bounds) {
            let symbol = text(plan, "symbol");
            found.violations.push(format!("{id} {symbol}: {why}"));
        }
    }
    for (_, skip) in skips {
        times.entry(text(skip, "intent_id")).or_default().1 += 1;
    }
    for (ids, are_exits) in [(&sent.exits, true), (&sent.entries, false)] {
        for id in ids {
            let (exits, others) = times.remove(id.as_str()).unwrap_or_default();
            let right = if are_exits { exits } else { others };
            found.answers += exits + others;
            found.lost += usize::from(right == 0);
            found.doubled += (exits + others).saturating_sub(1);
            if right != 1 || exits + others != 1 {
                let what = if are_exits { "exit" } else { "entry" };
                let text = format!("{what} {id}: {exits} exits, {others} other answers");
                found.faults.push(text);
            }
        }
    }
    assert!(times.is_empty(), "answers without an intent: {times:?}");
    found
}

/// Returns the script with which the bridge writes its answers.
fn commit_script() -> String {
    let commit = include_str!("../../../service/src/bridge/commit.lua");
    [TOKEN_FUNCTIONS, commit].concat()
}

/// Returns all entries of a stream with their ids.
fn entries(connection: &mut Connection, stream: &str) -> Vec<(String, Fields)> {
    let entries: Vec<(String, Vec<String>)> = redis::cmd("XRANGE")
        .arg(stream)
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

/// Sends entries and exits on both streams until the round is over.
fn send_until(is_over: &AtomicBool, mut connection: Connection) -> Sent {
    let mut sent = Sent::default();
    while !is_over.load(Ordering::SeqCst) && sent.entries.len() < SENT_MAX {
        let mut step = redis::pipe();
        for _ in 0..=below(20) {
            let id = format!("{}", sent.entries.len() + sent.exits.len());
            let is_exit = one_in(10);
            // An exit supersedes the older entries of its symbol, so most exits are of a symbol without entries.
            let symbol = match is_exit && !one_in(20) {
                true => "XRPUSDT",
                false => SYMBOLS[usize::try_from(below(3)).unwrap()],
            };
            let stream = if is_exit != one_in(20) {
                EXITS
            } else {
                INTENTS
            };
            let add = step.cmd("XADD").arg(stream).arg("*");
            add.arg(&["intent_id", &id, "symbol", symbol]);
            if is_exit {
                add.arg(&["side", "SELL", "reduceOnly", "true", "source", OWNER]);
                sent.exits.insert(id);
            } else {
                add.arg(&["side", "BUY", "size", "250"]);
                sent.entries.insert(id);
            }
        }
        step.query::<redis::Value>(&mut connection).unwrap();
        pause(0, 12);
    }
    sent
}

/// Stops a process while one thing happens, and continues it.
fn directed(frozen: Frozen, span: Span, number: usize, plant: Option<&Plant>) -> Findings {
    let bounds = Bounds {
        intent_age: None,
        plan_age: None,
    };
    let mut round = Round::start(bounds, plant);
    let is_expiry = span == Span::Expiry;
    let valid_for = if is_expiry { 700 } else { 3_600_000 };
    round.change(round.publish(valid_for, &SYMBOLS));
    round.is_loaded();
    pause(50, 250);
    let connection = round.server.connect().0;
    round.signal(frozen, "-STOP");
    pause(5, 30);
    let change = match span {
        Span::Expiry => None,
        Span::Replacement => Some(round.publish(3_600_000, &SYMBOLS[1..])),
        Span::Halt => Some(Change::Halt(if one_in(2) { "*" } else { "BTCUSDT" })),
        Span::Withdrawal => Some(Change::Withdraw),
    };
    match (change, frozen) {
        (None, _) => pause(700, 900),
        (Some(change), Frozen::Server) => round.change_later(change, connection),
        (Some(change), Frozen::Bridge) => round.change(change),
    }
    // Some freezes are longer than the timeout of the bridge.
    if frozen == Frozen::Server && number % 10 == 9 {
        pause(5_500, 6_500);
    }
    pause(20, 120);
    round.signal(frozen, "-CONT");
    pause(100, 200);
    round.conclude()
}

/// A random schedule.
fn random_round() -> Findings {
    let bound = || (!one_in(3)).then(|| i64::try_from(100 + below(500)).unwrap());
    let bounds = Bounds {
        intent_age: bound(),
        plan_age: bound(),
    };
    let mut round = Round::start(bounds, None);
    round.change(round.publish(3_600_000, &SYMBOLS));
    round.is_loaded();
    for _ in 0..5 + below(5) {
        pause(0, 150);
        match below(5) {
            0 | 1 => freeze(&mut round, Frozen::Server),
            2 | 3 => freeze(&mut round, Frozen::Bridge),
            _ => {
                let change = random_change(&round);
                round.change(change);
            }
        }
        // A rejected publication is only modelled after the bridge has loaded the policy before it.
        if one_in(4) && round.is_loaded() {
            round.change(Change::PublishInvalid);
        }
    }
    round.conclude()
}

fn freeze(round: &mut Round, frozen: Frozen) {
    let expires = one_in(2);
    if expires {
        round.change(round.publish(100 + below(200), &SYMBOLS));
        pause(20, 100);
    }
    let connections: Vec<Connection> = (0..below(3)).map(|_| round.server.connect().0).collect();
    round.signal(frozen, "-STOP");
    pause(1, 20);
    for connection in connections {
        let change = random_change(round);
        match frozen {
            Frozen::Server => round.change_later(change, connection),
            Frozen::Bridge => round.change(change),
        }
        pause(1, 20);
    }
    match below(12) {
        0 if one_in(3) => pause(5_200, 5_800),
        _ if expires => pause(200, 400),
        _ => pause(1, 400),
    }
    round.signal(frozen, "-CONT");
    // The order of changes that waited on several connections is known only after they were made.
    for waiting in round.waiting.drain(..) {
        waiting.join().unwrap();
    }
}

fn random_change(round: &Round) -> Change {
    match below(8) {
        0 => Change::Withdraw,
        1 => Change::Halt(["*", "BTCUSDT", "ETHUSDT"][usize::try_from(below(3)).unwrap()]),
        2 | 3 => Change::Resume,
        4 => round.publish(50 + below(400), &SYMBOLS),
        5 => round.publish(3_600_000, &SYMBOLS[..1]),
        6 => round.publish(3_600_000, &SYMBOLS[1..]),
        _ => round.publish(3_600_000, &SYMBOLS),
    }
}

/// Runs rounds, several at a time, and prints a row of the table.
fn run(tally: Tally, round: impl Fn(usize) -> Findings + Sync) {
    let next = AtomicUsize::new(0);
    let trades = AtomicUsize::new(0);
    let violations = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= tally.rounds() {
                        return;
                    }
                    let found = round(number);
                    trades.fetch_add(found.trades, Ordering::SeqCst);
                    tally.answers.add(found.answers);
                    tally.refusals.add(found.skips);
                    tally.partial.add(found.unknown_policies);
                    tally.stale.add(found.violations.len());
                    tally.lost.add(found.lost);
                    tally.doubled.add(found.doubled);
                    let mut violations = violations.lock().unwrap();
                    violations.extend(found.violations);
                    violations.extend(found.faults);
                }
            });
        }
    });
    let violations = violations.into_inner().unwrap();
    let some = &violations[..violations.len().min(10)];
    assert!(violations.is_empty(), "{}: {some:#?}", violations.len());
    assert!(trades.into_inner() > 0, "there were no trades");
    tally.conclude_with_effect();
}

/// Defines a test that stops a process while one thing happens.
macro_rules! freezes {
    ($($name:ident: $frozen:ident $span:ident $fault:literal;)*) => {$(
        #[test]
        fn $name() {
            run(Tally::of($fault, 2), |number| {
                directed(Frozen::$frozen, Span::$span, number, None)
            });
        }
    )*};
}

freezes! {
    a_server_frozen_across_an_expiry: Server Expiry
        "bridge: server frozen (SIGSTOP) while the policy expires";
    a_server_frozen_across_a_replacement: Server Replacement
        "bridge: server frozen (SIGSTOP) while the policy is replaced";
    a_server_frozen_across_a_halt: Server Halt
        "bridge: server frozen (SIGSTOP) while entries are halted";
    a_server_frozen_across_a_withdrawal: Server Withdrawal
        "bridge: server frozen (SIGSTOP) while the policy is withdrawn";
    a_bridge_frozen_across_an_expiry: Bridge Expiry
        "bridge frozen (SIGSTOP) while the policy expires";
    a_bridge_frozen_across_a_replacement: Bridge Replacement
        "bridge frozen (SIGSTOP) while the policy is replaced";
    a_bridge_frozen_across_a_halt: Bridge Halt
        "bridge frozen (SIGSTOP) while entries are halted";
    a_bridge_frozen_across_a_withdrawal: Bridge Withdrawal
        "bridge frozen (SIGSTOP) while the policy is withdrawn";
}

#[test]
fn no_trade_is_written_that_the_store_does_not_allow_at_that_time() {
    let tally = Tally::of(
        "bridge: random freezes of server and bridge, publications, withdrawals, halts and expiries",
        20,
    );
    run(tally, |_| random_round());
}

/// Each comparison of the script is disabled in turn. The law must detect each of them.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "the round shows how likely the detection is"
)]
fn planted_bugs_in_the_commit_step_are_detected() {
    for (plant, spans, by) in [
        (
            Plant::new(
                "return now >= tonumber(entry.from) and now <= tonumber(entry.to)",
                "return true",
            ),
            &[Span::Expiry][..],
            &["expired", "after `not_after`"][..],
        ),
        (
            Plant::new("entry.policy == current.policy", "true"),
            &[Span::Replacement, Span::Withdrawal],
            &["the policy is", "no policy"],
        ),
        (
            Plant::new("entry.halts == current.halts", "true"),
            &[Span::Halt],
            &["is halted"],
        ),
    ] {
        let detected = (0..40).find_map(|round| {
            let frozen = [Frozen::Server, Frozen::Bridge][round % 2];
            let span = spans[round / 2 % spans.len()];
            let found = directed(frozen, span, 0, Some(&plant));
            let violations = found.violations.into_iter();
            let mut violations = violations.filter(|why| by.iter().any(|by| why.contains(by)));
            violations.next().map(|why| (round, why))
        });
        let Some((round, why)) = detected else {
            panic!("not detected: {plant:?}");
        };
        println!("note: {plant:?} is detected in round {round}: {why}");
    }
}

/// Verifies the counts by planted errors.
#[test]
fn violations_and_lost_and_doubled_answers_are_counted() {
    let policy = |version: &str, end: i64, symbols: &[&'static str]| {
        Change::Publish(Published {
            version: version.to_owned(),
            hash: version.to_owned(),
            end,
            symbols: symbols.to_vec(),
            fields: BTreeMap::new(),
        })
    };
    let changes = [
        policy("one", 5_000_000, &SYMBOLS),
        policy("two", 9_000_000, &SYMBOLS[1..]),
        Change::Halt("SOLUSDT"),
        Change::PublishInvalid,
        Change::Withdraw,
    ];
    let entry = |id: &str, fields: &[(&str, &str)]| {
        let fields = fields.iter();
        let fields = fields.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        (format!("{id}-0"), fields.collect::<Fields>())
    };
    let mark = |number: &str| entry("0", &[(MARK, number)]);
    let trade = |at: &str, symbol: &str, hash: &str, not_after: &str| {
        let fields = [
            ("intent_id", "a"),
            ("verdict", "TRADE"),
            ("symbol", symbol),
            ("policy_hash", hash),
            ("entry", "3900-0"),
            ("decided_at", "4000"),
            ("not_after", not_after),
        ];
        entry(at, &fields)
    };
    let exit = || entry("4000", &[("intent_id", "x"), ("verdict", "EXIT")]);
    let bounds = Bounds {
        intent_age: Some(600),
        plan_age: Some(700),
    };
    let sent = || Sent {
        entries: BTreeSet::from(["a".to_owned()]),
        exits: BTreeSet::from(["x".to_owned()]),
    };
    let btc = |at: &str| trade(at, "BTCUSDT", "one", "4700");
    let eth = |at: &str| trade(at, "ETHUSDT", "two", "4700");
    let sol = |at: &str| trade(at, "SOLUSDT", "two", "4700");
    for (marks, plan, violation) in [
        (1, btc("4500"), None),
        (1, btc("4501"), Some("the intent is 601 ms old")),
        (1, btc("4701"), Some("written 1 ms after `not_after`")),
        (1, btc("5001"), Some("the policy expired 1 ms before")),
        (
            1,
            trade("4100", "BTCUSDT", "one", "4701"),
            Some("`not_after` is 4701"),
        ),
        (0, btc("4500"), Some("there is no policy")),
        (2, btc("4500"), Some("the policy is two")),
        (
            2,
            trade("4100", "BTCUSDT", "two", "4700"),
            Some("does not list BTCUSDT"),
        ),
        (2, sol("4500"), None),
        (3, sol("4500"), Some("SOLUSDT is halted")),
        (4, eth("4500"), None),
        (5, eth("4500"), Some("there is no policy")),
    ] {
        let numbers = (0..marks).map(|number| mark(&number.to_string()));
        let plans: Vec<_> = numbers.chain([plan, exit()]).collect();
        let found = compare(&changes, bounds, &sent(), &plans, &[]);
        assert_eq!((found.answers, found.lost, found.doubled), (2, 0, 0));
        let why = found.violations.first().map_or("", String::as_str);
        assert!(why.contains(violation.unwrap_or_default()), "{why}");
        assert_eq!(why.is_empty(), violation.is_none(), "{why}");
    }
    let skip = |id: &str| entry("1", &[("intent_id", id), ("reason", "POLICY_MISSING")]);
    for (plans, skips, lost, doubled) in [
        (vec![exit()], vec![skip("a")], 0, 0),
        (vec![], vec![skip("a")], 1, 0),
        (vec![], vec![skip("a"), skip("x")], 1, 0),
        (vec![exit(), exit()], vec![skip("a")], 0, 1),
        (vec![exit()], vec![], 1, 0),
        (vec![exit()], vec![skip("a"), skip("a")], 0, 1),
    ] {
        let found = compare(&changes, bounds, &sent(), &plans, &skips);
        assert_eq!((found.lost, found.doubled), (lost, doubled), "{plans:?}");
    }
}

/// A server that never holds the policy of the decision, because the comparison is replaced.
#[test]
fn entries_are_denied_after_four_attempts_and_exits_are_written_at_once() {
    let (server, desk) = (Server::start(), Desk::new());
    let mut redis = server.connect();
    redis.publish(3600);
    redis.intent("a", "BTCUSDT");
    redis.intent("b", "XRPUSDT");
    let exit = [
        ("intent_id", "exit"),
        ("symbol", "SOLUSDT"),
        ("side", "SELL"),
        ("reduceOnly", "true"),
        ("source", OWNER),
    ];
    redis.add(INTENTS, &exit);
    redis.add(INTENTS, &[("intent_id", "no side"), ("symbol", "BTCUSDT")]);
    let plant = Plant::new("entry.policy == current.policy", "false");
    let (port, calls) = replacing(&server, &commit_script(), &plant);
    let guardrails = desk.name("guardrails.json");
    let url = format!("redis://127.0.0.1:{port}");
    let bridge = Bridge::start(&url, &["--guardrails", &guardrails]);
    assert_eq!(redis.await_answer("exit"), "EXIT");
    let answers = by_id(&redis.await_answers(4));
    assert_eq!(answers["a"], "POLICY_STORE_UNAVAILABLE");
    assert_eq!(answers["b"], "POLICY_STORE_UNAVAILABLE");
    assert_eq!(answers["no side"], "INTENT_INVALID");
    assert!(calls.load(Ordering::SeqCst) > 4);
    let log = bridge.stop();
    assert_eq!(log.matches("SKIP POLICY_STORE_UNAVAILABLE").count(), 2);
    // The exit was written with the first attempt, and the entries after three more.
    let plans = entries(&mut redis.0, PLANS);
    let skips = entries(&mut redis.0, SKIPS);
    assert!(plans[0].0 < skips[0].0, "{plans:?} {skips:?}");
    assert_eq!(redis.pending(INTENTS), 0);
    desk.record_whole(&server);
    assert_eq!(desk.replay(&[]), desk.read("live"));
}

/// A server that is stopped between the comparison of the time and the write, because the comparison is disabled.
#[test]
fn a_plan_that_is_too_late_within_the_script_is_taken_back() {
    let (server, desk) = (Server::start(), Desk::new());
    let mut redis = server.connect();
    redis.publish(3600);
    for n in 0..100 {
        redis.intent(&format!("{n}"), "BTCUSDT");
    }
    let plant = Plant::new("not moved and not is_in_time(entry, now)", "false");
    let (port, calls) = replacing(&server, &commit_script(), &plant);
    let guardrails = desk.name("guardrails.json");
    // A trade may be executed only within the millisecond of its decision, which is usually over when it is written.
    fs::write(&guardrails, r#"{"max_plan_age_sec": 0}"#).unwrap();
    let url = format!("redis://127.0.0.1:{port}");
    let bridge = Bridge::start(&url, &["--guardrails", &guardrails]);
    let answers = by_id(&redis.await_answers(100));
    bridge.stop();
    assert!(calls.load(Ordering::SeqCst) > 4);
    let denied = |answer: &&String| *answer == "POLICY_STORE_UNAVAILABLE";
    let denied = answers.values().filter(denied).count();
    assert!(denied > 50, "{answers:?}");
    for (id, plan) in entries(&mut redis.0, PLANS) {
        let (at, _) = id.split_once('-').unwrap();
        assert!(at <= text(&plan, "not_after"), "{id} {plan:?}");
    }
    // No answer counts as trimmed.
    desk.record_whole(&server);
    assert_eq!(desk.replay(&[]), desk.read("live"));
}
