//! The Redis server and the services, as child processes.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use portcullis_store::{PolicyStore as _, RedisStore};
use serde_json::{Value, json};

use crate::Canary;

/// The running processes.
pub(crate) struct Services {
    folder: PathBuf,
    url: String,
    redis: Child,
    services: Vec<Child>,
    updater: Option<Child>,
}

impl Services {
    /// Starts the Redis server, which writes its data into the directory.
    pub(crate) fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let redis = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "yes", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server must be installed");
        let url = format!("redis://127.0.0.1:{port}");
        let client = redis::Client::open(url.as_str()).unwrap();
        while client.get_connection().is_err() {
            thread::sleep(Duration::from_millis(20));
        }
        Self {
            folder: folder.to_owned(),
            url,
            redis,
            services: Vec::new(),
            updater: None,
        }
    }

    /// Returns the URL of the server.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the policy store.
    pub(crate) fn store(&self) -> RedisStore {
        RedisStore::open(&self.url).unwrap()
    }

    /// Returns a call of the command `portcullis`, which was built in the same profile.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let example = std::env::current_exe().unwrap();
        let program = example.ancestors().nth(2).unwrap().join("portcullis");
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder);
        command.env("QUANTUM_REDIS_URL", &self.url);
        command
    }

    /// Starts a service that logs to `NAME.log`.
    fn spawn(&self, name: &str, arguments: &[&str]) -> Child {
        let log = fs::File::create(self.folder.join(format!("{name}.log"))).unwrap();
        let mut command = self.command(arguments);
        command.stderr(log).stdout(Stdio::null());
        command
            .spawn()
            .expect("build `portcullis` in the same profile first")
    }

    /// Starts the bridge, the harvester and the decision log.
    pub(crate) fn start_bridge(&mut self) {
        let bridge = ["bridge", "--no-guardrails", "--trusted-key", "public.key"];
        let harvester = ["harvester", "--every", "50", "--trusted-key", "public.key"];
        let log = [
            "log",
            "write",
            "log",
            "--signing-key",
            "signing.key",
            "--checkpoint-sec",
            "5",
        ];
        for (name, arguments) in [
            ("bridge", &bridge[..]),
            ("harvester", &harvester),
            ("log", &log),
        ] {
            let service = self.spawn(name, arguments);
            self.services.push(service);
        }
    }

    /// Starts the updater.
    pub(crate) fn start_updater(&mut self) {
        let updater = self.spawn(
            "updater",
            &[
                "updater",
                "--store",
                &self.url,
                "--templates",
                "templates.toml",
                "--gate",
                "gate.toml",
                "--history",
                "yesterday.jsonl",
                "--candle-streams",
                "week:candles:",
                "--every",
                "4",
                "--no-guardrails",
                "--signing-key",
                "signing.key",
                "--by",
                "updater",
            ],
        );
        self.updater = Some(updater);
    }

    /// Starts a canary with the numbers of the live policy, another version and a schedule.
    pub(crate) fn start_canary(&self, canary: &Canary) {
        let name = canary.name;
        let live = self
            .store()
            .load()
            .expect("the updater has published a policy");
        let mut fields = live.fields().clone();
        for name in [
            "policy_seq",
            "policy_hash",
            "policy_sig",
            "valid_from_epoch",
        ] {
            fields.remove(name);
        }
        fields.insert("policy_version".to_owned(), format!("canary-{name}"));
        let until = crate::market::now() / 1000 + 3600;
        fields.insert("valid_until_epoch".to_owned(), (until + 60).to_string());
        let at = |seconds: i64| {
            portcullis::Timestamp::from_millis(seconds * 1000)
                .unwrap()
                .to_string()
        };
        let steps = canary.steps.iter().map(
            |(bps, sec, trades)| json!({"bps": bps, "min_sec": sec, "min_closed_trades": trades}),
        );
        let schedule = json!({
            "format": 1,
            "steps": steps.collect::<Vec<_>>(),
            "conditions": {"max_drawdown_bps": canary.max_drawdown_bps},
            "deadline": at(until),
        });
        let (policy, schedule_file) = (
            format!("canary-{name}.json"),
            format!("schedule-{name}.json"),
        );
        fs::write(self.folder.join(&policy), json!(fields).to_string()).unwrap();
        fs::write(self.folder.join(&schedule_file), schedule.to_string()).unwrap();
        // With this salt, one of the six symbols has a bucket below 1000.
        let salt = salt();
        let output = self
            .command(&[
                "policy",
                "rollout",
                "start",
                &policy,
                "--role",
                "canary",
                "--salt",
                &salt,
                "--until",
                &at(until),
                "--schedule",
                &schedule_file,
                "--store",
                &self.url,
                "--no-guardrails",
                "--signing-key",
                "signing.key",
                "--by",
                "week",
                "--yes",
            ])
            .output()
            .unwrap();
        println!("{}", String::from_utf8_lossy(&output.stdout).trim_end());
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Stops the updater.
    pub(crate) fn stop_updater(&mut self) {
        if let Some(updater) = self.updater.take() {
            stop(updater);
        }
    }

    /// Stops the bridge, the harvester and the decision log.
    pub(crate) fn stop_all(&mut self) {
        thread::sleep(Duration::from_secs(2));
        self.services.drain(..).for_each(stop);
    }

    /// Returns the standard output of a command, and true if it succeeded.
    pub(crate) fn output(&self, arguments: &[&str]) -> (String, bool) {
        let output = self.command(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            String::from_utf8_lossy(&text).into_owned(),
            output.status.success(),
        )
    }

    /// Returns the audit log as JSON.
    pub(crate) fn audit(&self) -> Vec<Value> {
        let trail = self.store().audit().unwrap();
        assert!(trail.is_whole(), "{:?}", trail.faults());
        let entries = trail.entries().iter();
        entries
            .map(|entry| serde_json::from_str(&entry.record().to_json()).unwrap())
            .collect()
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.stop_updater();
        self.services.drain(..).for_each(stop);
        let _ = self.redis.kill();
        let _ = self.redis.wait();
    }
}

fn stop(mut service: Child) {
    let id = service.id().to_string();
    let _ = Command::new("kill").args(["-TERM", &id]).status();
    let _ = service.wait();
}

/// Returns a salt with which one symbol has a bucket below 1000.
fn salt() -> String {
    let salts = (0..).map(|n| format!("week-{n}"));
    let covers = |salt: &String| {
        let salt = portcullis_rollout::Salt::new(salt).unwrap();
        let buckets = crate::market::SYMBOLS.map(|symbol| salt.bucket(symbol).get());
        buckets.iter().filter(|bucket| **bucket < 1000).count() == 1
    };
    salts.into_iter().find(covers).unwrap()
}
