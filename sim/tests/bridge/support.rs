//! What the tests share: a server of a test's own, the bridge, and what is read from both.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant as Tick, SystemTime, UNIX_EPOCH},
};

use portcullis::{domain::Instant, policy::Policy};
use portcullis_sim::sample;
use redis::{Client, Connection, Value};
use tempfile::TempDir;

use super::proxy::dice;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");
pub(crate) const INTENTS: &str = "quantum:stream:trade.intent";
pub(crate) const EXITS: &str = "quantum:stream:trade.exit";
pub(crate) const PLANS: &str = "quantum:stream:apply.plan";
pub(crate) const SKIPS: &str = "quantum:stream:trade.skip";
pub(crate) const POLICY: &str = "quantum:policy:current";
pub(crate) const GROUP: &str = "quantum:group:portcullis";
pub(crate) const OWNER: &str = "exitbrain_v3_5";
/// Far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A record of a stream.
pub(crate) type Fields = BTreeMap<String, String>;

/// A Redis server on a port of its own.
pub(crate) struct Server {
    process: Child,
    port: u16,
    options: Vec<String>,
    folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(options: &[&str]) -> Self {
        // Somebody else may take the port between the two.
        for _ in 0..20 {
            if let Some(server) = Self::try_start(free_port(), options) {
                return server;
            }
        }
        panic!("no Redis server would start: is redis-server installed?");
    }

    /// A server on this very port.
    pub(crate) fn start_at(port: u16) -> Self {
        let server = (0..20).find_map(|_| Self::try_start(port, &[]));
        server.expect("a Redis server on the port of the one before")
    }

    /// Stops it as a machine that loses its power, and starts it again with what is on its disk.
    pub(crate) fn restart(&mut self) {
        for _ in 0..20 {
            let _ = self.process.kill();
            self.process.wait().unwrap();
            self.process = Self::spawn(self.port, self.folder.path(), &self.options);
            if self.answers() {
                return;
            }
        }
        panic!(
            "the Redis server does not start again on port {}",
            self.port
        );
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        send(name, &self.process);
    }

    fn try_start(port: u16, options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options: Vec<String> = options.iter().map(|it| (*it).to_owned()).collect();
        let process = Self::spawn(port, folder.path(), &options);
        let mut server = Self {
            process,
            port,
            options,
            folder,
        };
        server.answers().then_some(server)
    }

    fn spawn(port: u16, folder: &Path, options: &[String]) -> Child {
        Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(folder)
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is needed for these tests")
    }

    /// Waits until it does; not where it ends instead.
    fn answers(&mut self) -> bool {
        let until = Tick::now() + PATIENCE;
        while Tick::now() < until {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if let Ok(mut connection) = self.client().get_connection() {
                match redis::cmd("PING").query::<Value>(&mut connection) {
                    Ok(_) => return true,
                    Err(error) if error.code() == Some("NOAUTH") => return true,
                    Err(_) => {}
                }
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn client(&self) -> Client {
        Client::open(self.url()).unwrap()
    }

    pub(crate) fn connect(&self) -> Redis {
        Redis(self.client().get_connection().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that nobody listens on, and that no outgoing connection is given while a server restarts.
pub(crate) fn free_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| 20_000 + u16::try_from(dice() % 12_000).unwrap());
    ports
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

/// A connection of the test's own.
pub(crate) struct Redis(pub(crate) Connection);

impl Redis {
    pub(crate) fn run(&mut self, words: &[&str]) -> Value {
        let (name, arguments) = words.split_first().unwrap();
        let mut command = redis::cmd(name);
        for argument in arguments {
            command.arg(argument);
        }
        command.query(&mut self.0).unwrap()
    }

    /// Appends to a stream, and gives the entry's id.
    pub(crate) fn add(&mut self, stream: &str, fields: &[(&str, &str)]) -> String {
        let mut command = redis::cmd("XADD");
        command.arg(stream).arg("*");
        for (name, value) in fields {
            command.arg(name).arg(value);
        }
        command.query(&mut self.0).unwrap()
    }

    pub(crate) fn intent(&mut self, id: &str, symbol: &str) -> String {
        let fields = [
            ("intent_id", id),
            ("symbol", symbol),
            ("side", "BUY"),
            ("size", "250"),
        ];
        self.add(INTENTS, &fields)
    }

    pub(crate) fn exit(&mut self, id: &str, symbol: &str) -> String {
        let fields = [
            ("intent_id", id),
            ("symbol", symbol),
            ("side", "SELL"),
            ("reduceOnly", "true"),
            ("source", OWNER),
        ];
        self.add(EXITS, &fields)
    }

    /// Publishes the sample policy, valid for so many seconds.
    pub(crate) fn publish(&mut self, valid_for: u64) {
        self.publish_with(valid_for, &[]);
    }

    /// The same with other values in some fields.
    pub(crate) fn publish_with(&mut self, valid_for: u64, others: &[(&str, &str)]) {
        let policy = Policy::from_json(&sample(valid_for)).unwrap();
        let mut fields = policy.fields().clone();
        for (name, value) in others {
            fields.insert((*name).to_owned(), (*value).to_owned());
        }
        let mut step = redis::pipe();
        step.atomic().cmd("DEL").arg(POLICY);
        let hash = step.cmd("HSET").arg(POLICY);
        for (name, value) in &fields {
            hash.arg(name).arg(value);
        }
        step.cmd("XADD")
            .arg("quantum:stream:policy.update")
            .arg(["*", "event", "policy.updated"].as_slice());
        step.query::<Value>(&mut self.0).unwrap();
    }

    /// The records of a stream, oldest first.
    pub(crate) fn records(&mut self, stream: &str) -> Vec<Fields> {
        let entries: Vec<(String, Vec<String>)> = redis::cmd("XRANGE")
            .arg(stream)
            .arg("-")
            .arg("+")
            .query(&mut self.0)
            .unwrap();
        entries
            .into_iter()
            .map(|(_, items)| {
                let pairs = items.chunks(2);
                pairs
                    .map(|pair| (pair[0].clone(), pair[1].clone()))
                    .collect()
            })
            .collect()
    }

    /// Plans and skip records.
    pub(crate) fn answers(&mut self) -> Vec<Fields> {
        let mut answers = self.records(PLANS);
        answers.extend(self.records(SKIPS));
        answers
    }

    /// Waits for so many answers, and gives them.
    pub(crate) fn await_answers(&mut self, count: usize) -> Vec<Fields> {
        eventually("the answers", || {
            self.length(PLANS) + self.length(SKIPS) >= count
        });
        let answers = self.answers();
        assert_eq!(answers.len(), count, "{answers:#?}");
        answers
    }

    /// Waits for the answer to this intent: in short, `TRADE`, `EXIT` or the reason of a skip.
    pub(crate) fn await_answer(&mut self, id: &str) -> String {
        let mut found = None;
        eventually(id, || {
            let answers = self.answers();
            found = answers
                .iter()
                .find(|it| text(it, "intent_id") == id)
                .map(short);
            found.is_some()
        });
        found.unwrap()
    }

    pub(crate) fn length(&mut self, stream: &str) -> usize {
        redis::cmd("XLEN").arg(stream).query(&mut self.0).unwrap()
    }

    /// What lies under a key, as the server would move it elsewhere.
    pub(crate) fn dump(&mut self, key: &str) -> Vec<u8> {
        redis::cmd("DUMP").arg(key).query(&mut self.0).unwrap()
    }

    pub(crate) fn restore(&mut self, key: &str, dump: &[u8]) {
        let mut command = redis::cmd("RESTORE");
        command.arg(key).arg(0).arg(dump).arg("REPLACE");
        command.query::<()>(&mut self.0).unwrap();
    }

    /// Entries that were read and not answered.
    pub(crate) fn pending(&mut self, stream: &str) -> usize {
        let reply: Result<(usize, Value, Value, Value), _> = redis::cmd("XPENDING")
            .arg(stream)
            .arg(GROUP)
            .query(&mut self.0);
        reply.unwrap().0
    }

    /// Reads entries as another consumer that will never answer them.
    pub(crate) fn take_and_die(&mut self, count: usize) {
        self.run(&["XGROUP", "CREATE", INTENTS, GROUP, "0", "MKSTREAM"]);
        let count = count.to_string();
        self.run(&[
            "XREADGROUP",
            "GROUP",
            GROUP,
            "dead",
            "COUNT",
            &count,
            "STREAMS",
            INTENTS,
            ">",
        ]);
    }
}

/// The bridge, running.
pub(crate) struct Bridge {
    process: Child,
    log: PathBuf,
    _folder: TempDir,
}

impl Bridge {
    pub(crate) fn start(url: &str, options: &[&str]) -> Self {
        Self::start_knowing(url, options, &[])
    }

    /// The same with these variables.
    pub(crate) fn start_knowing(url: &str, options: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = command(&["--redis", url])
            .envs(variables.iter().copied())
            .args(options)
            .args((!options.contains(&"--guardrails")).then_some("--no-guardrails"))
            .stderr(fs::File::create(&log).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            process,
            log,
            _folder: folder,
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn await_log(&self, text: &str) {
        eventually(text, || self.log().contains(text));
    }

    pub(crate) fn signal(&self, name: &str) {
        send(name, &self.process);
    }

    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let until = Tick::now() + PATIENCE;
        while Tick::now() < until {
            if let Some(status) = self.process.try_wait().unwrap() {
                return (status, self.log());
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("the bridge does not end:\n{}", self.log());
    }

    pub(crate) fn stop(self) -> String {
        self.signal("-TERM");
        let (status, log) = self.wait();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }

    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn send(signal: &str, process: &Child) {
    let pid = process.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(sent.success());
}

/// The program, with nothing from the outside.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .arg("bridge")
        .args(arguments)
        .env_remove("QUANTUM_REDIS_URL")
        .env_remove("QUANTUM_EXIT_OWNER")
        .env_remove("QUANTUM_EXIT_DELEGATES");
    command
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Tick::now() + PATIENCE;
    while !holds() {
        assert!(Tick::now() < until, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A field of a record; nothing where it is absent.
pub(crate) fn text<'a>(record: &'a Fields, name: &str) -> &'a str {
    record.get(name).map_or("", String::as_str)
}

/// A record in short.
pub(crate) fn short(record: &Fields) -> String {
    text(
        record,
        if text(record, "decision") == "SKIP" {
            "reason"
        } else {
            "verdict"
        },
    )
    .to_owned()
}

/// The answers in short, by the id of their intent; each intent may have one.
pub(crate) fn by_id(answers: &[Fields]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for answer in answers {
        let before = found.insert(text(answer, "intent_id").to_owned(), short(answer));
        assert_eq!(before, None, "two answers: {answer:#?}");
    }
    found
}

/// The instant in so many seconds.
pub(crate) fn instant_in(seconds: u64) -> Instant {
    let micros = i64::try_from((since_epoch() + Duration::from_secs(seconds)).as_micros());
    Instant::from_micros(micros.unwrap()).unwrap()
}

/// The sample policy, valid for so many seconds.
pub(crate) fn sample(valid_for: u64) -> String {
    sample::policy_json(instant_in(valid_for))
}

pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}
