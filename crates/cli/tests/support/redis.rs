//! A Redis server per test, and a service that uses it.

use std::{
    collections::BTreeMap,
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant as Tick, SystemTime, UNIX_EPOCH},
};

use portcullis::{policy::Policy, types::Timestamp};
use portcullis_sim::sample;
pub(crate) use portcullis_store::redis::keys::POLICY;
use portcullis_store::redis::keys::UPDATES;
use redis::{Client, Connection, Value};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");
pub(crate) const OWNER: &str = "exitbrain_v3_5";
/// A timeout that is much longer than any step of a test.
const PATIENCE: Duration = Duration::from_secs(20);

/// The fields of a stream entry.
pub(crate) type Fields = BTreeMap<String, String>;

/// A Redis server on its own port.
pub(crate) struct Server {
    command: Command,
    pub(crate) process: Option<Child>,
    port: u16,
    _folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(options: &[&str]) -> Self {
        // Another process may take the port before the server does.
        for _ in 0..20 {
            if let Some(server) = Self::try_start(free_port(), options) {
                return server;
            }
        }
        panic!("no Redis server starts; is redis-server installed?");
    }

    /// Starts a server on this port.
    pub(crate) fn start_at(port: u16) -> Self {
        let server = (0..20).find_map(|_| Self::try_start(port, &[]));
        server.expect("a Redis server starts on this port")
    }

    fn try_start(port: u16, options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path())
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut server = Self {
            command,
            process: None,
            port,
            _folder: folder,
        };
        server.run().then_some(server)
    }

    /// Starts the server with the data on its disk and waits until it answers. Returns false if its port is taken.
    pub(crate) fn run(&mut self) -> bool {
        let process = self.command.spawn();
        let process = process.expect("redis-server is needed for these tests");
        let process = self.process.insert(process);
        let client = Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap();
        let until = Tick::now() + PATIENCE;
        while Tick::now() < until {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            if let Ok(mut connection) = client.get_connection() {
                // The server of another test may have taken this port.
                let own = format!("process_id:{}\r\n", process.id());
                match redis::cmd("INFO").query::<String>(&mut connection) {
                    Ok(info) if !info.contains(&own) => return false,
                    Ok(info) if info.contains("\r\nloading:0\r\n") => return true,
                    // The server is still loading its data.
                    Ok(_) => {}
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
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Returns an unused port outside the range of outgoing connections, so that it stays free while a server restarts.
pub(crate) fn free_port() -> u16 {
    let random = || RandomState::new().build_hasher().finish() % 12_000;
    let mut ports = std::iter::repeat_with(|| 20_000 + u16::try_from(random()).unwrap());
    ports
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

/// The connection of a test.
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

    /// Publishes the sample policy, valid for `valid_for` seconds.
    pub(crate) fn publish(&mut self, valid_for: u64) {
        self.publish_with(valid_for, &[]);
    }

    /// Publishes the sample policy with other values in some fields.
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
            .arg(UPDATES)
            .arg(["*", "event", "policy.updated"].as_slice());
        step.query::<Value>(&mut self.0).unwrap();
    }

    /// Returns the records of a stream, oldest first.
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

    pub(crate) fn length(&mut self, stream: &str) -> usize {
        redis::cmd("XLEN").arg(stream).query(&mut self.0).unwrap()
    }
}

/// A running service.
pub(crate) struct Service {
    pub(crate) process: Child,
    log: PathBuf,
    _folder: TempDir,
}

impl Service {
    /// Starts the service and stores its log.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = command
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

    /// Returns the number of logged outages of the server, without those of the policy store.
    pub(crate) fn outages(&self) -> usize {
        let log = self.log();
        let outages = log
            .lines()
            .filter(|line| line.starts_with("portcullis: Redis at"));
        outages.filter(|line| line.ends_with("retrying")).count()
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
        panic!("the service does not stop:\n{}", self.log());
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

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn send(signal: &str, process: &Child) {
    let pid = process.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(sent.success());
}

/// Returns a command for the program, without the project's environment variables.
pub(crate) fn command(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .arg(name)
        .args(arguments)
        .env_remove("QUANTUM_REDIS_URL")
        .env_remove("QUANTUM_EXIT_OWNER")
        .env_remove("QUANTUM_EXIT_DELEGATES");
    command
}

/// Waits until a condition holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Tick::now() + PATIENCE;
    while !holds() {
        assert!(Tick::now() < until, "timed out while waiting for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Returns a field of a record; empty if it is absent.
pub(crate) fn text<'a>(record: &'a Fields, name: &str) -> &'a str {
    record.get(name).map_or("", String::as_str)
}

pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Returns the time in `seconds` seconds.
pub(crate) fn instant_in(seconds: u64) -> Timestamp {
    let micros = i64::try_from((since_epoch() + Duration::from_secs(seconds)).as_micros());
    Timestamp::from_micros(micros.unwrap()).unwrap()
}

/// Returns the sample policy, valid for `valid_for` seconds.
pub(crate) fn sample(valid_for: u64) -> String {
    sample::policy_json(instant_in(valid_for))
}

/// Checks that a command ended with status 2 and one line on standard error. Returns the line without the name of the
/// program.
#[track_caller]
pub(crate) fn error_line(output: &Output) -> String {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let line = stderr
        .strip_prefix("portcullis: ")
        .unwrap()
        .strip_suffix('\n')
        .unwrap();
    assert!(!line.contains('\n'), "{stderr}");
    line.to_owned()
}
