//! A recorder that writes the answers of a bridge as a tape whose replay gives the same answers.
//!
//! Plans and skip records hold the answer, its time and its policy; the intent streams hold the entries that were
//! answered. The tape has one record per answer, in the order of the answers. Each policy precedes the first answer
//! that used it.

mod answers;
mod entries;
mod policies;
mod tally;
mod tape;

use std::{
    io::{self, Write},
    time::Duration,
};

use portcullis_store::RedisServer;
use redis::{Connection, RedisError, RedisResult};
use thiserror::Error;

pub use self::tally::Tally;
use self::{
    answers::{AnswerRecord, Answers},
    entries::Entries,
    policies::Policies,
    tape::Tape,
};
use crate::{
    profile::Profile,
    runtime::{Connections, Reconnecting, ServiceError, Stop, connect},
};

/// Interval at which the recorder reads new answers.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Settings of a recording.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Redis server with the streams.
    pub redis: RedisServer,
    /// The stream of intents and the stream of exits.
    pub entry_streams: [String; 2],
    /// The stream of plans and the stream of skip records.
    pub answer_streams: [String; 2],
    /// Prefix of the keys that the bridge writes.
    pub keys: String,
    /// The profile of the bridge. The fields of the intents are recorded under the names to which the profile
    /// translates them, as the bridge has read them.
    pub profile: Option<&'static Profile>,
}

/// Outputs of a recording.
pub struct Sinks<'a> {
    /// The tape, which receives one record per line.
    pub tape: &'a mut dyn Write,
    /// The answers of the bridge, with the record numbers of the tape.
    pub answers: Option<&'a mut dyn Write>,
    /// A function that is called after each batch.
    pub progress: &'a mut dyn FnMut(&Tally),
}

/// An error that ends a recording.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The server cannot be used.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The server is unreachable, or a key has the wrong type.
    #[error("Redis at {address}: {why}")]
    Redis {
        /// Address of the server.
        address: String,
        /// Error text of the server.
        why: String,
    },
    /// Neither stream of answers exists.
    #[error("there are no answers to record: neither stream `{}` nor stream `{}` exists", .0[0], .0[1])]
    NoAnswers([String; 2]),
    /// The recording cannot be written.
    #[error("cannot write the recording: {0}")]
    Write(#[source] io::Error),
}

/// Records all answers up to the current end of the streams.
///
/// # Errors
/// Returns an error if the server is unreachable, if neither stream of answers exists, if a key has the wrong type,
/// or if the output cannot be written.
pub fn record_once(
    settings: &Settings,
    sinks: Sinks<'_>,
    stop: &Stop,
) -> Result<Tally, RecordError> {
    let failed = |error: RedisError| RecordError::Redis {
        address: settings.redis.to_string(),
        why: settings.redis.error_text(&error),
    };
    let mut connection = connect(&settings.redis).map_err(failed)?;
    let mut recorder = Recorder::new(settings, sinks);
    if recorder
        .answers
        .are_missing(&mut connection)
        .map_err(failed)?
    {
        return Err(RecordError::NoAnswers(settings.answer_streams.clone()));
    }
    while !stop.is_set() {
        match recorder.step(&mut connection).map_err(failed)? {
            Pace::Busy => {}
            Pace::Idle => {
                recorder.tally.is_whole = true;
                break;
            }
            Pace::Failed => break,
        }
    }
    recorder.finish()
}

/// Records answers until `stop` is set. If the server becomes unreachable, the recorder reconnects.
///
/// # Errors
/// Returns an error if the server rejects the connection, or if the output cannot be written.
pub fn record(settings: &Settings, sinks: Sinks<'_>, stop: &Stop) -> Result<Tally, RecordError> {
    let connections = Connections::new(settings.redis.clone());
    let mut recorder = Recorder::new(settings, sinks);
    recorder.tally.is_whole = true;
    Reconnecting::new(&connections, stop).run(|connection, is_well| {
        while !stop.is_set() {
            let pace = recorder.step(connection)?;
            is_well();
            match pace {
                Pace::Busy => {}
                Pace::Idle => stop.sleep(LOOK_EVERY),
                Pace::Failed => return Ok(()),
            }
        }
        Ok(())
    })?;
    recorder.finish()
}

/// The state after a batch, on which the next step depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// There are more answers.
    Busy,
    /// All answers up to now are recorded.
    Idle,
    /// The output could not be written.
    Failed,
}

struct Recorder<'a> {
    answers: Answers,
    entries: Entries,
    policies: Policies,
    tape: Tape<'a>,
    tally: Tally,
    progress: &'a mut dyn FnMut(&Tally),
    failed: Option<io::Error>,
}

impl<'a> Recorder<'a> {
    fn new(settings: &Settings, sinks: Sinks<'a>) -> Self {
        Self {
            answers: Answers::new(settings.answer_streams.clone()),
            entries: Entries::new(settings.entry_streams.clone(), settings.profile),
            policies: Policies::new(settings.keys.clone()),
            tape: Tape::new(sinks.tape, sinks.answers),
            tally: Tally::default(),
            progress: sinks.progress,
            failed: None,
        }
    }

    /// Records a batch, then moves the position in the streams past it. A broken connection therefore neither loses
    /// nor duplicates an answer.
    fn step(&mut self, connection: &mut Connection) -> RedisResult<Pace> {
        let batch = self.answers.read(connection)?;
        let records: Vec<AnswerRecord> = batch.parsed();
        let entries = self.entries.read(&records, connection)?;
        self.policies.find(&records, connection)?;
        let written = self
            .tape
            .write(&records, &entries, &mut self.policies, &mut self.tally);
        self.answers.pass(&batch, &mut self.tally);
        (self.progress)(&self.tally);
        match written {
            Err(error) => {
                self.failed = Some(error);
                Ok(Pace::Failed)
            }
            Ok(()) if batch.is_last => Ok(Pace::Idle),
            Ok(()) => Ok(Pace::Busy),
        }
    }

    fn finish(mut self) -> Result<Tally, RecordError> {
        match self.failed.take() {
            Some(error) => Err(RecordError::Write(error)),
            None => Ok(self.tally),
        }
    }
}
