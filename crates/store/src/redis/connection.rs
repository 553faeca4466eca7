//! A Redis connection that is opened on demand.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use redis::{Connection, RedisError, RedisResult};

use super::server::RedisServer;
use crate::StoreError;

/// The timeout for a reply.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A server with at most one open connection.
pub(super) struct SharedConnection {
    server: RedisServer,
    connection: Mutex<Option<Connection>>,
}

impl SharedConnection {
    pub(super) const fn new(server: RedisServer) -> Self {
        Self {
            server,
            connection: Mutex::new(None),
        }
    }

    pub(super) fn name(&self) -> String {
        self.server.name()
    }

    /// Runs an idempotent command. If the idle connection is broken, the command is repeated on a
    /// new connection.
    pub(super) fn read<T>(
        &self,
        command: impl Fn(&mut Connection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let mut slot = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(mut connection) = slot.take() {
            match command(&mut connection) {
                Err(error) if is_broken(&error) => {}
                answer => {
                    *slot = Some(connection);
                    return answer;
                }
            }
        }
        let mut connection = self.connect()?;
        let answer = command(&mut connection);
        if !answer.as_ref().is_err_and(is_broken) {
            *slot = Some(connection);
        }
        answer
    }

    /// Runs a command that must not be repeated.
    pub(super) fn write<T>(
        &self,
        command: impl FnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, StoreError> {
        let mut slot = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => self.connect().map_err(|error| self.failed(&error))?,
        };
        match command(&mut connection) {
            Ok(answer) => {
                *slot = Some(connection);
                Ok(answer)
            }
            Err(error) if is_broken(&error) => Err(StoreError::OutcomeUnknown {
                store: self.name(),
                why: self.server.error_text(&error),
            }),
            Err(error) => {
                *slot = Some(connection);
                Err(self.failed(&error))
            }
        }
    }

    pub(super) fn failed(&self, error: &RedisError) -> StoreError {
        let (store, why) = (self.name(), self.server.error_text(error));
        if error.code() == Some("READONLY") {
            StoreError::ReadOnly { store, why }
        } else {
            StoreError::Unavailable { store, why }
        }
    }

    pub(super) fn error_text(&self, error: &RedisError) -> String {
        self.server.error_text(error)
    }

    fn connect(&self) -> RedisResult<Connection> {
        self.server.connect(ANSWER_WITHIN)
    }
}

/// Returns true if a late answer may still arrive, which could be mistaken for the answer of the next command.
fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

#[cfg(test)]
mod tests {
    use std::io;

    use redis::{ErrorKind, ServerErrorKind};

    use super::*;

    fn server_error(kind: ServerErrorKind) -> RedisError {
        RedisError::from((ErrorKind::Server(kind), "a reason"))
    }

    #[test]
    fn a_connection_is_broken_if_a_late_answer_may_arrive() {
        for kind in [io::ErrorKind::TimedOut, io::ErrorKind::ConnectionReset] {
            assert!(is_broken(&io::Error::from(kind).into()), "{kind:?}");
        }
        // Bytes that do not parse may be from the middle of an answer.
        assert!(is_broken(&(ErrorKind::Parse, "a reason").into()));
        for kind in [ServerErrorKind::ResponseError, ServerErrorKind::ReadOnly] {
            assert!(!is_broken(&server_error(kind)), "{kind:?}");
        }
    }

    #[test]
    fn a_read_only_server_is_distinguished_from_an_unreachable_one() {
        let server = RedisServer::from_url("redis://:s3cret@127.0.0.1/3").unwrap();
        let connection = SharedConnection::new(server);
        let store = "redis://127.0.0.1:6379/3".to_owned();
        let error = server_error(ServerErrorKind::ReadOnly);
        let why = error.to_string();
        let read_only = StoreError::ReadOnly {
            store: store.clone(),
            why,
        };
        assert_eq!(connection.failed(&error), read_only);
        let error = RedisError::from((ErrorKind::Io, "a reason", "of s3cret".to_owned()));
        let why = error.to_string().replace("s3cret", "…");
        assert!(why.contains('…'), "{why}");
        let unavailable = StoreError::Unavailable { store, why };
        assert_eq!(connection.failed(&error), unavailable);
    }
}
