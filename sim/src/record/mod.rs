//! What a bridge answered, as a tape whose replay answers the same.
//!
//! Plans and skip records say what was answered, and when, and by which policy; the streams of intents hold
//! what was asked. One record of the tape is one answer, in the order of the answers; before the first that a
//! policy was used for stands that policy.

mod answers;
mod entries;
mod policies;
mod tally;
mod tape;

use std::{
    io::{self, Write},
    time::Duration,
};

use redis::{Connection, RedisResult};
use thiserror::Error;

pub use self::tally::Tally;
use self::{
    answers::{Answers, Given},
    entries::Entries,
    policies::Policies,
    tape::Tape,
};
use crate::service::{Health, Link, Server, ServiceError, Stop, connect, words};

/// How long it waits for more.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a recording is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server.
    pub redis: Server,
    /// The streams that were answered.
    pub asked: [String; 2],
    /// The stream of plans, and the one of skip records.
    pub answered: [String; 2],
    /// What the keys begin with that the bridge keeps.
    pub keys: String,
}

/// Where a recording goes.
pub struct Sinks<'a> {
    /// The tape.
    pub tape: &'a mut dyn Write,
    /// The answers as the bridge gave them, numbered as the tape's records are.
    pub answers: Option<&'a mut dyn Write>,
    /// Called after every batch.
    pub progress: &'a mut dyn FnMut(&Tally),
}

/// Why a recording did not come to its end.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The server cannot be used.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The server is away, or something there is not what it should be.
    #[error("Redis at {address}: {why}")]
    Redis {
        /// Where the server is.
        address: String,
        /// In its own words.
        why: String,
    },
    /// There is nothing to record.
    #[error("nothing was answered: there is neither a stream `{}` nor `{}`", .0[0], .0[1])]
    Nothing([String; 2]),
    /// The recording cannot be written.
    #[error("cannot write: {0}")]
    Write(io::Error),
}

/// Records until everything that was answered when it looked last is recorded.
///
/// # Errors
/// A server that is away, a stream that is none, an output that takes no more.
pub fn record_once(
    settings: &Settings,
    sinks: Sinks<'_>,
    stop: &Stop,
) -> Result<Tally, RecordError> {
    let failed = |error| RecordError::Redis {
        address: settings.redis.to_string(),
        why: words(&error),
    };
    let mut connection = connect(&settings.redis.connection()).map_err(failed)?;
    let mut recorder = Recorder::new(settings, sinks);
    if recorder
        .answers
        .are_missing(&mut connection)
        .map_err(failed)?
    {
        return Err(RecordError::Nothing(settings.answered.clone()));
    }
    while !stop.is_set() {
        match recorder.step(&mut connection).map_err(failed)? {
            Pace::Busy => {}
            Pace::Idle => {
                recorder.tally.is_whole = true;
                break;
            }
            Pace::Over => break,
        }
    }
    recorder.finish()
}

/// Records until it is time to stop. A server that goes away is waited for.
///
/// # Errors
/// A server that lets nobody in, an output that takes no more.
pub fn record(settings: &Settings, sinks: Sinks<'_>, stop: &Stop) -> Result<Tally, RecordError> {
    let health = Health::new(settings.redis.to_string());
    let link = Link::new(&settings.redis, &health, stop)?;
    let mut recorder = Recorder::new(settings, sinks);
    recorder.tally.is_whole = true;
    link.keep(|connection, is_well| {
        while !stop.is_set() {
            let pace = recorder.step(connection)?;
            is_well();
            match pace {
                Pace::Busy => {}
                Pace::Idle => stop.sleep(LOOK_EVERY),
                Pace::Over => return Ok(()),
            }
        }
        Ok(())
    })?;
    recorder.finish()
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// There is more.
    Busy,
    /// Everything is recorded.
    Idle,
    /// Nobody takes what is recorded.
    Over,
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
            answers: Answers::new(settings.answered.clone()),
            entries: Entries::new(settings.asked.clone()),
            policies: Policies::new(settings.keys.clone()),
            tape: Tape::new(sinks.tape, sinks.answers),
            tally: Tally::default(),
            progress: sinks.progress,
            failed: None,
        }
    }

    /// Records a batch. What the server gave is recorded before more is asked for, and the place in the streams
    /// moves on with it: a connection that breaks costs nothing, and brings nothing twice.
    fn step(&mut self, connection: &mut Connection) -> RedisResult<Pace> {
        let batch = self.answers.read(connection)?;
        let given: Vec<Given> = batch.given();
        let entries = self.entries.read(&given, connection)?;
        self.policies.find(&given, connection)?;
        let written = self
            .tape
            .write(&given, &entries, &mut self.policies, &mut self.tally);
        self.answers.pass(&batch, &mut self.tally);
        (self.progress)(&self.tally);
        match written {
            Err(error) => {
                self.failed = Some(error);
                Ok(Pace::Over)
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
