//! What the tests share: a server of a test's own, the bridge, and what is read from both.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant as Tick, SystemTime, UNIX_EPOCH},
};

use portcullis::{domain::Instant, policy::Policy};
use portcullis_sim::sample;
use redis::{Client, Connection, Value};
use tempfile::TempDir;

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
    _folder: TempDir,
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

    fn try_start(port: u16, options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path())
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is needed for these tests");
        let mut server = Self {
            process,
            port,
            _folder: folder,
        };
        let until = Tick::now() + PATIENCE;
        while Tick::now() < until {
            if server.process.try_wait().unwrap().is_some() {
                return None;
            }
            if let Ok(mut connection) = server.client().get_connection() {
                // Another test's server may have been faster at this port.
                let own = format!("process_id:{}\r\n", server.process.id());
                match redis::cmd("INFO")
                    .arg("server")
                    .query::<String>(&mut connection)
                {
                    Ok(info) if info.contains(&own) => return Some(server),
                    Ok(_) => return None,
                    Err(error) if error.code() == Some("NOAUTH") => return Some(server),
                    Err(_) => {}
                }
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
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

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
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
        let micros = i64::try_from((since_epoch() + Duration::from_secs(valid_for)).as_micros());
        let until = Instant::from_micros(micros.unwrap()).unwrap();
        let policy = Policy::from_json(&sample::policy_json(until)).unwrap();
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
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = command(&["--redis", url])
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
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(sent.success());
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

/// The bridge, with nothing from the outside.
pub(crate) fn command(arguments: &[&str]) -> Command {
    program(&[&["bridge"], arguments].concat())
}

/// The program, with nothing from the outside.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
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

pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}
