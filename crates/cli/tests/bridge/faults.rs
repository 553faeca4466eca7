//! Tests that faults may delay an answer, but never lose or duplicate it. Each test prints its row
//! of the table in `docs/faults.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::{Duration, Instant as Tick},
};

use portcullis::policy::Policy;

use super::{
    process::{
        Bridge, EXITS, Fields, INTENTS, PLANS, POLICY, Redis, SKIPS, Server, eventually, send, text,
    },
    proxy::{Proxy, random},
    tally::Tally,
};

/// A timeout that is far longer than an answer takes after the fault.
const PATIENCE: Duration = Duration::from_secs(30);

/// Options of a bridge that claims intents early and answers in small batches, so that a fault can interrupt it at more
/// points.
const OPTIONS: [&str; 4] = ["--claim-after", "50", "--batch", "3"];

impl Server {
    /// Kills the server and starts it again with the data on its disk.
    pub(crate) fn restart(&mut self) {
        for _ in 0..20 {
            let mut process = self.process.take().unwrap();
            process.kill().unwrap();
            process.wait().unwrap();
            if self.run() {
                return;
            }
        }
        panic!("the server does not restart at {}", self.url());
    }

    pub(crate) fn signal(&self, name: &str) {
        send(name, self.process.as_ref().unwrap());
    }
}

/// The intents that were sent, each with its own id, and the counts of their answers.
struct SentIntents {
    tally: Tally,
    sent: BTreeSet<String>,
    /// The expiry of each policy in epoch microseconds, by its hash.
    ends: BTreeMap<String, i64>,
}

impl SentIntents {
    fn new(tally: Tally) -> Self {
        Self {
            tally,
            sent: BTreeSet::new(),
            ends: BTreeMap::new(),
        }
    }

    fn publish(&mut self, redis: &mut Redis, valid_for: u64) {
        redis.publish(valid_for);
        let fields: BTreeMap<String, String> = redis::cmd("HGETALL")
            .arg(POLICY)
            .query(&mut redis.0)
            .unwrap();
        let policy = Policy::from_fields(fields).unwrap();
        let end = policy.valid_until().as_micros();
        self.ends.insert(policy.hash().to_string(), end);
    }

    /// Sends `count` intents: trades, exits and denied ones.
    fn send(&mut self, redis: &mut Redis, count: usize) {
        for n in 0..count {
            let id = format!("{}", self.sent.len());
            match n % 7 {
                0 => redis.exit(&id, "SOLUSDT"),
                1 => redis.intent(&id, "XRPUSDT"),
                2 => redis.intent(&id, "SOLUSDT"),
                _ => redis.intent(&id, "BTCUSDT"),
            };
            self.sent.insert(id);
        }
    }

    /// Waits for the answers and counts the wrong ones.
    fn conclude(self, redis: &mut Redis) {
        let until = Tick::now() + PATIENCE;
        while redis.length(PLANS) + redis.length(SKIPS) < self.sent.len() && Tick::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        self.count(&redis.answers());
        eventually("the acknowledgements", || {
            (redis.pending(INTENTS), redis.pending(EXITS)) == (0, 0)
        });
        self.tally.conclude_with_effect();
    }

    /// Checks each answer against the intents and the published policies.
    fn count(&self, answers: &[Fields]) {
        let tally = &self.tally;
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for answer in answers {
            *times.entry(text(answer, "intent_id")).or_default() += 1;
            let is_skip = text(answer, "decision") == "SKIP";
            tally.refusals.add(usize::from(is_skip));
            if text(answer, "verdict") == "TRADE" {
                self.check_trade(answer);
            }
        }
        tally.answers.add(answers.len());
        for id in &self.sent {
            let times = times.remove(id.as_str()).unwrap_or(0);
            tally.lost.add(usize::from(times == 0));
            tally.doubled.add(times.saturating_sub(1));
        }
        assert!(times.is_empty(), "answers without an intent: {times:?}");
        let plan_ids: BTreeSet<&str> = answers.iter().map(|it| text(it, "plan_id")).collect();
        tally.doubled.add(answers.len() - plan_ids.len());
    }

    /// Checks that a trade names a published policy that was in force.
    fn check_trade(&self, trade: &Fields) {
        let end = self.ends.get(text(trade, "policy_hash"));
        self.tally.partial.add(usize::from(end.is_none()));
        let ms = |name| text(trade, name).parse::<i64>().unwrap();
        let is_over =
            end.is_some_and(|end| ms("decided_at") * 1000 > *end || ms("not_after") * 1000 > *end);
        self.tally.stale.add(usize::from(is_over));
    }
}

/// Asserts that the bridge logged the fault.
#[track_caller]
fn assert_logged(log: &str, word: &str) {
    assert!(log.contains(word), "{log}");
}

#[test]
fn a_killed_bridge_loses_and_duplicates_no_answer() {
    let server = Server::start();
    let mut redis = server.connect();
    let mut intents = SentIntents::new(Tally::of("bridge killed (-9) at any moment", 10));
    intents.publish(&mut redis, 36_000);
    for round in 0..intents.tally.rounds() {
        let bridge = Bridge::start(&server.url(), &OPTIONS);
        let second = (round % 3 == 0).then(|| Bridge::start(&server.url(), &OPTIONS));
        let before = redis.length(PLANS);
        intents.send(&mut redis, 150);
        eventually("a first plan", || redis.length(PLANS) > before);
        thread::sleep(Duration::from_micros(random() % 20_000));
        bridge.kill();
        if let Some(second) = second {
            second.stop();
        }
    }
    let bridge = Bridge::start(&server.url(), &OPTIONS);
    intents.conclude(&mut redis);
    bridge.stop();
}

#[test]
fn connections_cut_at_any_byte() {
    let server = Server::start();
    let mut redis = server.connect();
    let proxy = Proxy::in_front_of(server.port());
    let mut intents = SentIntents::new(Tally::of(
        "bridge: connections to the server cut at any byte",
        20,
    ));
    intents.publish(&mut redis, 36_000);
    proxy.cut_within(60_000);
    let bridge = Bridge::start(&proxy.url(), &OPTIONS);
    for _ in 0..intents.tally.rounds() {
        let cuts = proxy.cuts();
        eventually("a cut", || {
            intents.send(&mut redis, 7);
            proxy.cuts() > cuts
        });
    }
    proxy.cut_within(0);
    intents.conclude(&mut redis);
    assert_logged(&bridge.stop(), "retrying");
}

#[test]
fn replies_that_are_late_and_in_pieces() {
    let server = Server::start();
    let mut redis = server.connect();
    let proxy = Proxy::in_front_of(server.port());
    let mut intents = SentIntents::new(Tally::of(
        "bridge: replies in pieces, some after its timeout",
        2,
    ));
    intents.publish(&mut redis, 36_000);
    proxy.pieces_of(1500);
    // The timeout of the bridge is half of the longest delay.
    proxy.delay(Duration::from_secs(10), 60);
    let bridge = Bridge::start(&proxy.url(), &OPTIONS);
    for _ in 0..intents.tally.rounds() {
        let late = proxy.late();
        intents.send(&mut redis, 70);
        eventually("a late reply", || proxy.late() > late);
    }
    proxy.delay(Duration::ZERO, 0);
    intents.conclude(&mut redis);
    bridge.stop();
}

#[test]
fn a_server_that_is_killed_and_restarted() {
    let mut server = Server::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let mut intents = SentIntents::new(Tally::of("bridge: server killed (-9) and restarted", 5));
    intents.publish(&mut server.connect(), 36_000);
    let bridge = Bridge::start(&server.url(), &OPTIONS);
    for _ in 0..intents.tally.rounds() {
        let mut redis = server.connect();
        let before = redis.length(PLANS);
        intents.send(&mut redis, 100);
        eventually("a first plan", || redis.length(PLANS) > before);
        thread::sleep(Duration::from_micros(random() % 20_000));
        server.restart();
    }
    intents.conclude(&mut server.connect());
    assert_logged(&bridge.stop(), "retrying");
}

#[test]
fn a_server_out_of_memory() {
    let server = Server::start();
    let mut redis = server.connect();
    let mut intents = SentIntents::new(Tally::of(
        "bridge: server out of memory (OOM, noeviction)",
        10,
    ));
    intents.publish(&mut redis, 36_000);
    let bridge = Bridge::start(&server.url(), &OPTIONS);
    bridge.await_log("POLICY_LOADED");
    for _ in 0..intents.tally.rounds() {
        intents.send(&mut redis, 100);
        redis.run(&["CONFIG", "SET", "maxmemory", "1"]);
        thread::sleep(Duration::from_micros(random() % 50_000));
        redis.run(&["CONFIG", "SET", "maxmemory", "0"]);
    }
    intents.conclude(&mut redis);
    assert_logged(&bridge.stop(), "OOM");
}

#[test]
fn a_server_that_freezes() {
    let server = Server::start();
    let mut redis = server.connect();
    let mut intents = SentIntents::new(Tally::of(
        "bridge: server frozen (SIGSTOP), for up to 6 seconds",
        1,
    ));
    intents.publish(&mut redis, 36_000);
    let bridge = Bridge::start(&server.url(), &OPTIONS);
    for round in 0..intents.tally.rounds() {
        let before = redis.length(PLANS);
        intents.send(&mut redis, 150);
        eventually("a first plan", || redis.length(PLANS) > before);
        server.signal("-STOP");
        // The server is sometimes frozen for longer than the timeout of the bridge.
        let ms = if round % 3 == 0 {
            6_000
        } else {
            random() % 500
        };
        thread::sleep(Duration::from_millis(ms));
        server.signal("-CONT");
    }
    intents.conclude(&mut redis);
    bridge.stop();
}

/// A policy expires while intents arrive. No trade is made under it afterwards.
#[test]
fn a_policy_that_expires_during_trading() {
    let server = Server::start();
    let mut redis = server.connect();
    let mut intents = SentIntents::new(Tally::of(
        "bridge: policy expires during trading and is not renewed",
        2,
    ));
    let bridge = Bridge::start(&server.url(), &OPTIONS);
    for _ in 0..intents.tally.rounds() {
        intents.publish(&mut redis, 1);
        let stale = |redis: &mut Redis| {
            let skips = redis.records(SKIPS);
            let is_stale = |skip: &&Fields| text(skip, "reason") == "POLICY_STALE";
            skips.iter().filter(is_stale).count()
        };
        let before = stale(&mut redis);
        eventually("the expiry", || {
            intents.send(&mut redis, 20);
            stale(&mut redis) > before
        });
    }
    intents.conclude(&mut redis);
    bridge.stop();
}

/// Checks with planted errors that each kind of error is counted.
#[test]
fn partial_stale_lost_and_doubled_answers_are_counted() {
    let answer = |id: &str, plan: &str, hash: &str, decided: &str, not_after: &str| -> Fields {
        [
            ("intent_id", id),
            ("plan_id", plan),
            ("verdict", "TRADE"),
            ("policy_hash", hash),
            ("decided_at", decided),
            ("not_after", not_after),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    };
    let check = |answers: &[Fields], expected: [usize; 4]| {
        let mut intents = SentIntents::new(Tally::of("", 1));
        intents.sent = ["a", "b"].map(str::to_owned).into();
        intents.ends.insert("known".to_owned(), 5_000_000);
        intents.count(answers);
        let tally = &intents.tally;
        let counts = [&tally.partial, &tally.stale, &tally.lost, &tally.doubled];
        assert_eq!(counts.map(super::tally::Count::get), expected);
    };
    let a = answer("a", "1", "known", "5000", "5000");
    let b = answer("b", "2", "known", "4000", "4500");
    check(&[a.clone(), b.clone()], [0, 0, 0, 0]);
    let unknown = answer("b", "2", "unpublished", "4000", "4500");
    check(&[a.clone(), unknown], [1, 0, 0, 0]);
    let over = answer("b", "2", "known", "5001", "5000");
    check(&[a.clone(), over], [0, 1, 0, 0]);
    let too_long = answer("b", "2", "known", "5000", "5001");
    check(&[a.clone(), too_long], [0, 1, 0, 0]);
    check(std::slice::from_ref(&a), [0, 0, 1, 0]);
    let again = answer("b", "3", "known", "4000", "4500");
    check(&[a.clone(), b.clone(), again], [0, 0, 0, 1]);
    let same_plan = answer("b", "1", "known", "4000", "4500");
    check(&[a, same_plan], [0, 0, 0, 1]);
}
