//! Throughput and latency of the bridge on a real server, compared with a reference that only makes
//! the round trips.
//!
//! The reference `bare` reads the same intents in batches of the same size. In one step it writes
//! records of the same size and acknowledges the intents. It decides nothing and stores no state.
//! Both get their intents from the same producer on the same server, each with a fresh database.
//!
//! - *drain*: intents answered per second while a backlog is processed.
//! - *full load*: latency from sending an intent to reading its answer, with up to 1,000 unanswered
//!   intents.
//! - *1,000 per second*: the same latency, with one intent each millisecond.
//!
//! The benchmark starts its own `redis-server`: `cargo bench -p portcullis-cli --bench bridge`

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark may panic, and prints its results"
)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant as Tick},
};

use redis::{
    Commands as _, Connection, RedisResult,
    streams::{StreamReadOptions, StreamReadReply},
};

#[path = "../crates/cli/tests/bridge/process.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the module is shared with tests, which use more of it"
)]
mod process;

use process::{Bridge, GROUP, INTENTS, PLANS, Redis, SKIPS, Server};

const BACKLOG: usize = 100_000;
const BATCH: usize = 64;
const IN_FLIGHT: usize = 1_000;
const SYMBOLS: [&str; 4] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "NEARUSDT"];

/// The process or thread that answers intents.
enum Worker {
    Bridge(Bridge),
    Bare(Arc<AtomicBool>, thread::JoinHandle<()>),
}

impl Worker {
    fn bridge(server: &Server) -> Self {
        let batch = BATCH.to_string();
        Self::Bridge(Bridge::start(&server.url(), &["--batch", &batch]))
    }

    fn bare(server: &Server, plan: Vec<(String, String)>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (mut redis, flag) = (server.connect().0, Arc::clone(&stop));
        let work = thread::spawn(move || bare(&mut redis, &plan, &flag).unwrap());
        Self::Bare(stop, work)
    }

    fn end(self) {
        match self {
            Self::Bridge(bridge) => {
                bridge.stop();
            }
            Self::Bare(stop, work) => {
                stop.store(true, Ordering::SeqCst);
                work.join().unwrap();
            }
        }
    }
}

/// A function that starts a worker.
type Start<'a> = &'a dyn Fn(&Server) -> Worker;

/// Runs the reference: it reads intents, writes records of the same size, and acknowledges the
/// intents.
fn bare(redis: &mut Connection, plan: &[(String, String)], stop: &AtomicBool) -> RedisResult<()> {
    redis.xgroup_create_mkstream::<_, _, _, ()>(INTENTS, GROUP, "0")?;
    let options = StreamReadOptions::default()
        .group(GROUP, "bare")
        .count(BATCH)
        .block(200);
    while !stop.load(Ordering::SeqCst) {
        let reply: Option<StreamReadReply> = redis.xread_options(&[INTENTS], &[">"], &options)?;
        let Some(entries) = reply.and_then(|reply| reply.keys.into_iter().next()) else {
            continue;
        };
        let mut step = redis::pipe();
        step.atomic();
        let mut ids = Vec::with_capacity(entries.ids.len());
        for entry in entries.ids {
            let id: String = entry.get("intent_id").unwrap();
            let write = step.cmd("XADD").arg(PLANS).arg("*");
            for (name, value) in plan {
                write
                    .arg(name)
                    .arg(if name == "intent_id" { &id } else { value });
            }
            step.ignore();
            ids.push(entry.id);
        }
        step.xack(INTENTS, GROUP, &ids).ignore();
        step.exec(redis)?;
    }
    Ok(())
}

/// Sends the intents with the numbers in the range, in one pipeline.
fn send(redis: &mut Redis, numbers: std::ops::Range<usize>) {
    let mut step = redis::pipe();
    for n in numbers {
        step.cmd("XADD").arg(INTENTS).arg("*").arg(&[
            ("intent_id", n.to_string().as_str()),
            ("symbol", SYMBOLS[n % SYMBOLS.len()]),
            ("side", "BUY"),
            ("position_size_usd", "200"),
            ("leverage", "5"),
            ("entry_price", "100.5"),
            ("stop_loss", "98.25"),
            ("source", "bench"),
        ]);
        step.ignore();
    }
    step.exec(&mut redis.0).unwrap();
}

/// Starts a server whose only key is the policy.
fn fresh() -> (Server, Redis) {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(36_000);
    (server, redis)
}

/// Returns a plan as written by the bridge.
fn plan() -> Vec<(String, String)> {
    let (server, mut redis) = fresh();
    let bridge = Worker::bridge(&server);
    send(&mut redis, 0..1);
    let plan = redis.await_answers(1).remove(0);
    bridge.end();
    assert_eq!(process::short(&plan), "TRADE");
    plan.into_iter().collect()
}

/// Returns the number of intents that the worker answers per second while it processes a backlog.
fn drain(start: Start<'_>) -> f64 {
    let (server, mut redis) = fresh();
    for n in (0..BACKLOG).step_by(1000) {
        send(&mut redis, n..n + 1000);
    }
    let worker = start(&server);
    let answered = |redis: &mut Redis| redis.length(PLANS) + redis.length(SKIPS);
    while answered(&mut redis) == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    // The measurement starts at the first answers, so that it does not include the startup.
    let (first, begun) = (answered(&mut redis), Tick::now());
    while answered(&mut redis) < BACKLOG {
        thread::sleep(Duration::from_millis(5));
    }
    let rate = (BACKLOG - first) as f64 / begun.elapsed().as_secs_f64();
    worker.end();
    rate
}

/// Returns the sorted latencies of `count` intents in microseconds, from sending an intent to
/// reading its answer. `next` receives the number of intents sent so far and the number still
/// unanswered, and returns how many to send now.
fn latencies(
    start: Start<'_>,
    count: usize,
    next: impl Fn(usize, usize) -> usize + Send,
) -> Vec<f64> {
    let (server, mut redis) = fresh();
    let worker = start(&server);
    let sent = Mutex::new(BTreeMap::new());
    let received = Mutex::new(Vec::with_capacity(count));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut redis = server.connect().0;
            let mut from = ["0-0".to_owned(), "0-0".to_owned()];
            let options = StreamReadOptions::default().block(100).count(1000);
            while received.lock().unwrap().len() < count {
                let reply: Option<StreamReadReply> = redis
                    .xread_options(&[PLANS, SKIPS], &from, &options)
                    .unwrap();
                let now = Tick::now();
                for stream in reply.into_iter().flat_map(|reply| reply.keys) {
                    let place = usize::from(stream.key == SKIPS);
                    for entry in stream.ids {
                        let n: usize = entry.get::<String>("intent_id").unwrap().parse().unwrap();
                        let at: Tick = sent
                            .lock()
                            .unwrap()
                            .remove(&n)
                            .expect("each intent gets exactly one answer");
                        received
                            .lock()
                            .unwrap()
                            .push((now - at).as_secs_f64() * 1e6);
                        from[place] = entry.id;
                    }
                }
            }
        });
        let mut number = 0;
        while number < count {
            let waiting = number - received.lock().unwrap().len();
            let more = next(number, waiting).min(count - number);
            if more == 0 {
                thread::sleep(Duration::from_micros(50));
                continue;
            }
            let now = Tick::now();
            sent.lock()
                .unwrap()
                .extend((number..number + more).map(|n| (n, now)));
            send(&mut redis, number..number + more);
            number += more;
        }
    });
    worker.end();
    let mut received = received.into_inner().unwrap();
    received.sort_by(f64::total_cmp);
    received
}

fn row(name: &str, sorted: &[f64]) {
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    println!(
        "| {name} | {:.0} | {:.0} | {:.0} |",
        at(0.5),
        at(0.99),
        at(0.999)
    );
}

fn main() {
    // `cargo test` passes `--test`; the benchmark then measures nothing.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let plan = plan();
    let bare = |server: &Server| Worker::bare(server, plan.clone());
    let workers: [(&str, Start<'_>); 2] = [("bare", &bare), ("bridge", &Worker::bridge)];

    println!("| drain of {BACKLOG} | intents per second | of bare |");
    println!("|---|---|---|");
    // The workers alternate for three rounds each, and the median is used.
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..3 {
        for (rates, (_, start)) in rates.iter_mut().zip(workers) {
            rates.push(drain(start));
        }
    }
    let middle = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[1]
    };
    let [bare, bridge] = rates.each_mut().map(middle);
    println!("| bare | {bare:.0} | 100 % |");
    println!(
        "| bridge | {bridge:.0} | {:.0} % |\n",
        bridge / bare * 100.0
    );

    println!("| from sending to the answer, µs | p50 | p99 | p99.9 |");
    println!("|---|---|---|---|");
    for (name, start) in workers {
        let full = |_, waiting: usize| IN_FLIGHT.saturating_sub(waiting).min(BATCH);
        row(
            &format!("{name}, full load"),
            &latencies(start, BACKLOG, full),
        );
    }
    for (name, start) in workers {
        let begun = Mutex::new(None);
        let paced = move |number: usize, _| {
            let begun = *begun.lock().unwrap().get_or_insert_with(Tick::now);
            usize::from(begun.elapsed() >= Duration::from_millis(number as u64))
        };
        row(
            &format!("{name}, 1,000 per second"),
            &latencies(start, 10_000, paced),
        );
    }
}
