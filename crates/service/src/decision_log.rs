//! A service that appends the answers of a bridge to decision logs: one log for the plans and one for the skip records.
//!
//! The rows come from the streams that the commit script of the bridge writes, so that the log and the plans cannot
//! disagree. The last checkpoint of each log is stored on the server, too.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use portcullis_log::{Checkpoint, CheckpointError, DecisionLog, Entry, LogError};
use portcullis_store::{PolicySigner, RedisServer};
use redis::{Connection, RedisError, RedisResult, Value, cmd};
use thiserror::Error;

use crate::{
    keys,
    runtime::{
        Connections, Reconnecting, ServiceError, Stop, alarm, connect, line, list, log_status, now,
    },
    stream::StreamEntry,
};

/// The number of entries that are read at once.
const BATCH: usize = 256;
/// The interval at which new entries are read.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The settings of the service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Redis server with the streams.
    pub redis: RedisServer,
    /// The streams, each with the directory of its log.
    pub logs: Vec<(String, PathBuf)>,
    /// When checkpoints are written, when files are sealed, and how long they are kept.
    pub log: portcullis_log::Settings,
    /// The key that signs the checkpoints.
    pub signer: PolicySigner,
}

/// An error that ends the service.
#[derive(Debug, Error)]
pub enum DecisionLogError {
    /// The server cannot be used.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A log cannot be opened or continued.
    #[error("{0}")]
    Log(#[from] LogError),
    /// The directory of a log cannot be created.
    #[error("`{}`: {error}", .directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The server cannot be read.
    #[error("Redis at {address}: {why}")]
    Redis {
        /// The address of the server.
        address: String,
        /// The message of the server or of the operating system.
        why: String,
    },
    /// The stored checkpoint is not one.
    #[error("`{key}` does not contain a checkpoint: {error}; another program has written it")]
    Checkpoint {
        /// The key.
        key: String,
        /// The reason.
        error: CheckpointError,
    },
}

/// A log, and the stream that it follows.
struct Follower<'a> {
    stream: &'a str,
    log: DecisionLog,
    /// The id after which the stream is read.
    after: String,
    /// True if the last checkpoint is not stored on the server yet.
    is_unstored: bool,
    /// The number of entries that are not answers of a bridge.
    foreign: u64,
}

/// Appends the answers to the logs until `stop` is set. If the server becomes unreachable, the service reconnects. If a file
/// cannot be written, for example because the disk is full, it tries again.
///
/// # Errors
/// Returns an error if a log cannot be opened, if a stream was replaced or edited, or if the server rejects the connection.
pub fn run(settings: &Settings, stop: &Stop) -> Result<(), DecisionLogError> {
    let mut followers = Vec::with_capacity(settings.logs.len());
    for (stream, directory) in &settings.logs {
        followers.push(Follower::open(stream, directory, settings)?);
    }
    let connections = Connections::new(settings.redis.clone());
    let mut failed = None;
    Reconnecting::new(&connections, stop).run(|connection, is_well| {
        while !stop.is_set() {
            let mut is_busy = false;
            for follower in &mut followers {
                match follower.step(connection)? {
                    Ok(read) => is_busy |= read == BATCH,
                    Err(error @ LogError::Io { .. }) => {
                        alarm(format_args!("LOG_NOT_WRITTEN {error}"));
                    }
                    Err(error) => {
                        failed = Some(error);
                        return Ok(());
                    }
                }
            }
            is_well();
            if !is_busy {
                stop.sleep(LOOK_EVERY);
            }
        }
        Ok(())
    })?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// Reads the checkpoint of a stream that the service has stored on the server; `None` if there is none.
///
/// # Errors
/// Returns an error if the server cannot be read, or if the key has another content.
pub fn stored_checkpoint(
    server: &RedisServer,
    stream: &str,
) -> Result<Option<Checkpoint>, DecisionLogError> {
    let key = keys::log_checkpoint(stream);
    let failed = |error: RedisError| DecisionLogError::Redis {
        address: server.to_string(),
        why: server.error_text(&error),
    };
    let mut connection = connect(server).map_err(failed)?;
    let text: Option<String> = cmd("GET")
        .arg(&key)
        .query(&mut connection)
        .map_err(failed)?;
    let parse = |text: String| text.parse();
    text.map(parse)
        .transpose()
        .map_err(|error| DecisionLogError::Checkpoint { key, error })
}

impl<'a> Follower<'a> {
    fn open(
        stream: &'a str,
        directory: &Path,
        settings: &Settings,
    ) -> Result<Self, DecisionLogError> {
        fs::create_dir_all(directory).map_err(|error| DecisionLogError::Directory {
            directory: directory.to_owned(),
            error,
        })?;
        let log = DecisionLog::open(directory, settings.signer.clone(), settings.log)?;
        for repair in log.repairs() {
            log_status(format_args!("removed from the log: {repair}"));
        }
        let after = log.last_position().map(|position| position.to_string());
        Ok(Self {
            stream,
            after: after.unwrap_or_else(|| "0-0".to_owned()),
            is_unstored: log.last_checkpoint().is_some(),
            log,
            foreign: 0,
        })
    }

    /// Appends the next entries. Returns the number of entries that were read.
    fn step(&mut self, connection: &mut Connection) -> RedisResult<Result<usize, LogError>> {
        let entries = self.read(connection)?;
        let mut rows: Vec<Entry<'_>> = Vec::with_capacity(entries.len());
        let mut foreign = 0;
        for entry in &entries {
            match row(entry) {
                Some(row) => rows.push(row),
                None => foreign += 1,
            }
        }
        let appended = match self.log.append(&rows, now()) {
            Ok(appended) => appended,
            Err(error) => return Ok(Err(error)),
        };
        if foreign > 0 {
            self.foreign += foreign;
            line(format_args!(
                "LOG_FOREIGN `{}` has {} entries that are not answers of a bridge; they are not in the log",
                self.stream, self.foreign
            ));
        }
        if let Some(last) = entries.last() {
            self.after.clone_from(&last.id);
        }
        for file in &appended.sealed {
            line(format_args!("LOG_SEALED `{}` {file}", self.stream));
        }
        self.is_unstored |= !appended.checkpoints.is_empty();
        if let (true, Some(checkpoint)) = (self.is_unstored, self.log.last_checkpoint()) {
            let key = keys::log_checkpoint(self.stream);
            cmd("SET")
                .arg(key)
                .arg(checkpoint.to_string())
                .exec(connection)?;
            self.is_unstored = false;
        }
        Ok(Ok(entries.len()))
    }

    fn read(&self, connection: &mut Connection) -> RedisResult<Vec<StreamEntry>> {
        let mut command = cmd("XRANGE");
        command.arg(self.stream).arg(format!("({}", self.after));
        command.arg("+").arg("COUNT").arg(BATCH);
        let reply: Value = command.query(connection)?;
        Ok(list(reply)
            .into_iter()
            .filter_map(StreamEntry::new)
            .collect())
    }
}

/// Returns the row of an entry; `None` if it is not an answer of a bridge.
fn row(entry: &StreamEntry) -> Option<Entry<'_>> {
    let digest = |name: &str| entry.field(name).map(str::parse).transpose().ok();
    let policy_hash = entry
        .field("policy_hash")
        .map(str::parse)
        .transpose()
        .ok()?;
    Some(Entry {
        position: entry.id.parse().ok()?,
        answer: entry
            .field("answer")
            .filter(|answer| answer.starts_with('{'))?,
        guardrails_hash: digest("guardrails_sha256")?,
        engine: entry.field("engine")?,
        policy_hash,
    })
}
