//! A Redis connection that is re-established whenever it fails.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use portcullis_store::{
    Backoff,
    redis::{RedisServer, is_refusal},
};
use redis::{Connection, RedisError, RedisResult};

use super::{ServiceError, Stop, log::log_status};

/// The timeout of a reply. It is longer than the time for which any command blocks on the server.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A server and the state of all connections to it. The state is shared so that each outage is
/// logged once.
pub(crate) struct Connections {
    server: RedisServer,
    /// The number of connections that are down.
    down: Mutex<usize>,
    /// True if the server has accepted a connection before.
    was_reachable: AtomicBool,
}

/// One connection of a service, which reconnects after each failure.
pub(crate) struct Reconnecting<'a> {
    connections: &'a Connections,
    stop: &'a Stop,
    is_down: bool,
    backoff: Backoff,
}

impl Connections {
    pub(crate) const fn new(server: RedisServer) -> Self {
        Self {
            server,
            down: Mutex::new(0),
            was_reachable: AtomicBool::new(false),
        }
    }

    /// Connects once, so that rejected credentials are reported before the service starts.
    ///
    /// # Errors
    /// Returns an error if the server rejects the connection. An unreachable server is not an error.
    pub(crate) fn check_credentials(&self) -> Result<(), ServiceError> {
        match connect(&self.server) {
            Err(error) if is_refusal(&error) => Err(self.refused(&error)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn refused(&self, error: &RedisError) -> ServiceError {
        ServiceError::Refused {
            address: self.server.to_string(),
            why: self.server.error_text(error),
        }
    }

    /// Counts a connection that failed.
    fn add_outage(&self, error: &RedisError) {
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        *down = down.saturating_add(1);
        if *down == 1 {
            let why = self.server.error_text(error);
            log_status(format_args!("Redis at {}: {why}; retrying", self.server));
        }
    }

    /// Counts a connection that works again.
    fn end_outage(&self) {
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        *down = down.saturating_sub(1);
        if *down == 0 {
            log_status(format_args!("Redis at {} is reachable again", self.server));
        }
    }
}

impl<'a> Reconnecting<'a> {
    pub(crate) fn new(connections: &'a Connections, stop: &'a Stop) -> Self {
        Self {
            connections,
            stop,
            is_down: false,
            backoff: Backoff::new(),
        }
    }

    /// Runs `work` on a connection. After each failure, runs it again on a new connection, until
    /// the work ends or the service stops. The work calls its second argument each time the
    /// connection has worked.
    ///
    /// # Errors
    /// Returns an error if the server rejects the connection and has never accepted one.
    pub(crate) fn run(
        mut self,
        mut work: impl FnMut(&mut Connection, &mut dyn FnMut()) -> RedisResult<()>,
    ) -> Result<(), ServiceError> {
        while !self.stop.is_set() {
            let result = connect(&self.connections.server).and_then(|mut connection| {
                self.connections.was_reachable.store(true, Ordering::SeqCst);
                work(&mut connection, &mut || self.has_worked())
            });
            let Err(error) = result else { return Ok(()) };
            if self.stop.is_set() {
                return Ok(());
            }
            if is_refusal(&error) && !self.connections.was_reachable.load(Ordering::SeqCst) {
                return Err(self.connections.refused(&error));
            }
            if !self.is_down {
                self.is_down = true;
                self.connections.add_outage(&error);
            }
            self.stop.sleep(self.backoff.next_pause());
        }
        Ok(())
    }

    fn has_worked(&mut self) {
        self.backoff = Backoff::new();
        if self.is_down {
            self.is_down = false;
            self.connections.end_outage();
        }
    }
}

/// Connects to a server, without a retry.
pub(crate) fn connect(server: &RedisServer) -> RedisResult<Connection> {
    let mut connection = server.connect(ANSWER_WITHIN)?;
    // The first command fails if the server requires a password.
    redis::cmd("PING").query::<()>(&mut connection)?;
    Ok(connection)
}
