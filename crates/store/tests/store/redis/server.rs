//! A Redis server for one test.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use redis::{Client, Cmd, Connection, FromRedisValue};
use tempfile::TempDir;

/// The number of checks before a wait times out. There are ten milliseconds between two checks.
const PATIENCE: usize = 1000;

/// A `redis-server` process that runs until it is dropped.
pub(crate) struct Server {
    directory: TempDir,
    arguments: Vec<String>,
    port: u16,
    process: Child,
    may_fill_up: bool,
}

impl Server {
    /// Starts a server that makes each write durable before it answers, as a policy store should.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self::start_as(arguments, false)
    }

    /// Starts a server whose disk [`Self::fill_disk`] can fill.
    pub(crate) fn on_small_disk(arguments: &[&str]) -> Self {
        Self::start_as(arguments, true)
    }

    fn start_as(arguments: &[&str], may_fill_up: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|a| (*a).to_owned()).collect();
        // Another process may take the port before the server does.
        for _ in 0..20 {
            let port = free_port();
            let mut process = spawn(directory.path(), port, &arguments, may_fill_up);
            if answers(&mut process, directory.path(), port, &arguments) {
                return Self {
                    directory,
                    arguments,
                    port,
                    process,
                    may_fill_up,
                };
            }
            let _ = process.kill();
            process.wait().unwrap();
        }
        let log = std::fs::read_to_string(directory.path().join("log")).unwrap_or_default();
        panic!("`redis-server` does not start:\n{log}");
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Returns a plain Redis client.
    pub(crate) fn client(&self) -> Connection {
        Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// Runs one command on a plain client.
    pub(crate) fn query<T: FromRedisValue>(&self, words: &[&str]) -> T {
        query(&mut self.client(), words)
    }

    /// Kills the process without a shutdown.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, name: &str) {
        run("kill", &[name, &self.process.id().to_string()]);
    }

    /// Limits the size of the server's files, so that writes beyond it fail as on a full disk. `None` removes the
    /// limit.
    pub(crate) fn fill_disk(&self, bytes: Option<u64>) {
        let process = self.process.id().to_string();
        let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        run(
            "prlimit",
            &["--pid", &process, &format!("--fsize={limit}:unlimited")],
        );
    }

    /// Returns the path of the append-only log.
    pub(crate) fn log_of_steps(&self) -> PathBuf {
        let directory = self.directory.path().join("appendonlydir");
        let manifest = directory.join("appendonly.aof.manifest");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        let last = manifest.lines().rfind(|line| line.ends_with("type i"));
        directory.join(last.unwrap().split(' ').nth(1).unwrap())
    }

    /// Waits until the process exits by itself.
    pub(crate) fn await_end(&mut self) {
        eventually("the exit of the server", || {
            self.process.try_wait().unwrap().is_some()
        });
    }

    /// Starts the server again on the same port with the data on its disk.
    pub(crate) fn restart(&mut self) {
        for _ in 0..20 {
            let directory = self.directory.path();
            self.process = spawn(directory, self.port, &self.arguments, self.may_fill_up);
            if answers(&mut self.process, directory, self.port, &self.arguments) {
                return;
            }
            self.kill();
        }
        panic!("`redis-server` does not start again on port {}", self.port);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn query<T: FromRedisValue>(connection: &mut Connection, words: &[&str]) -> T {
    let mut command = Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.query(connection).unwrap()
}

/// Waits until the condition holds, and panics after a timeout.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..PATIENCE {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("timed out waiting for {what}");
}

/// Returns a free port below the range of outgoing connections, which could take it while a server restarts.
pub(crate) fn free_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| rand::random_range(20_000..32_000));
    ports
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    let status = status.unwrap_or_else(|error| panic!("these tests need `{program}`: {error}"));
    assert!(status.success(), "{program} {arguments:?}: {status}");
}

fn spawn(directory: &Path, port: u16, arguments: &[String], may_fill_up: bool) -> Child {
    let mut command = Command::new(if may_fill_up { "sh" } else { "redis-server" });
    if may_fill_up {
        // Because the signal is ignored, a write beyond the limit fails as on a full disk.
        let script = "trap '' XFSZ; exec redis-server \"$@\"";
        command.args(["-c", script, "redis-server"]);
    }
    let process = command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--logfile", "log", "--save", "", "--appendonly", "yes"])
        .args(["--appendfsync", "always", "--dir"])
        .arg(directory)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match process {
        Ok(process) => process,
        Err(error) => panic!(
            "the tests of the Redis store need `redis-server` on the PATH ({error}); \
             install it with `apt-get install redis-server`"
        ),
    }
}

/// Waits until the server answers, and checks by its directory that it is this server.
fn answers(process: &mut Child, directory: &Path, port: u16, arguments: &[String]) -> bool {
    let password = arguments
        .iter()
        .skip_while(|a| *a != "--requirepass")
        .nth(1);
    let login = password.map_or_else(String::new, |password| format!(":{password}@"));
    let client = Client::open(format!("redis://{login}127.0.0.1:{port}/")).unwrap();
    for _ in 0..PATIENCE {
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        let reply = client.get_connection().and_then(|mut connection| {
            // A server that is still loading its data answers this with an error.
            redis::cmd("DBSIZE").exec(&mut connection)?;
            let mut command = redis::cmd("CONFIG");
            command.arg("GET").arg("dir").query(&mut connection)
        });
        let answer: redis::RedisResult<(String, String)> = reply;
        if let Ok((_, dir)) = answer {
            return Path::new(&dir) == directory.canonicalize().unwrap();
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}
