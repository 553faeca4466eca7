//! A Redis server of the test's own.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use redis::{Client, Cmd, Connection, FromRedisValue};
use tempfile::TempDir;

/// How often, ten milliseconds apart, something is looked at before it counts as never happening.
const PATIENCE: usize = 1000;

/// Runs until it is dropped.
pub(crate) struct Server {
    directory: TempDir,
    arguments: Vec<String>,
    port: u16,
    process: Child,
}

impl Server {
    /// Keeps what it is told, each write at once, as a server does that holds a policy.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|a| (*a).to_owned()).collect();
        // Somebody else may take the port before the server does.
        for _ in 0..20 {
            let port = free_port();
            let mut process = spawn(directory.path(), port, &arguments);
            if answers(&mut process, directory.path(), port, &arguments) {
                return Self {
                    directory,
                    arguments,
                    port,
                    process,
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

    /// A client that knows nothing of stores.
    pub(crate) fn client(&self) -> Connection {
        Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// One command of such a client.
    pub(crate) fn tell<T: FromRedisValue>(&self, words: &[&str]) -> T {
        tell(&mut self.client(), words)
    }

    /// Stops it as a machine that loses its power.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// On the same port, with what is on its disk.
    pub(crate) fn restart(&mut self) {
        for _ in 0..20 {
            self.process = spawn(self.directory.path(), self.port, &self.arguments);
            let directory = self.directory.path();
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

pub(crate) fn tell<T: FromRedisValue>(connection: &mut Connection, words: &[&str]) -> T {
    let mut command = Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.query(connection).unwrap()
}

/// Looks until it holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..PATIENCE {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

/// A port that nobody listens on, and that no outgoing connection is given while a server restarts.
pub(crate) fn free_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| rand::random_range(20_000..32_000));
    ports
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

fn spawn(directory: &Path, port: u16, arguments: &[String]) -> Child {
    let process = Command::new("redis-server")
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
            "the tests of the Redis store start a `redis-server` of their own, and there is none on the \
             PATH ({error}): apt-get install redis-server"
        ),
    }
}

/// Waits until it does, and makes sure that it is this one.
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
        let asked = client.get_connection().and_then(|mut connection| {
            // A server that still reads its disk does not answer this.
            redis::cmd("DBSIZE").exec(&mut connection)?;
            let mut command = redis::cmd("CONFIG");
            command.arg("GET").arg("dir").query(&mut connection)
        });
        let answer: redis::RedisResult<(String, String)> = asked;
        if let Ok((_, dir)) = answer {
            return Path::new(&dir) == directory.canonicalize().unwrap();
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}
