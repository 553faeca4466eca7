//! A connection that reconnects.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{Client, Connection, ConnectionInfo, ErrorKind, RedisError, RedisResult};

use super::{Server, ServiceError, Stop, log::say};

const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Timeout of a reply. It is longer than the time for which any command blocks on the server.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// State of the server, shared by all connections so that each change is logged once.
pub(crate) struct Health {
    address: String,
    /// Number of connections that are down.
    away: Mutex<usize>,
    /// True if the server has accepted a connection before.
    known: AtomicBool,
}

/// A connection that is re-established whenever it fails.
pub(crate) struct Link<'a> {
    client: Client,
    health: &'a Health,
    stop: &'a Stop,
    is_away: bool,
    pause: Duration,
}

impl Health {
    pub(crate) const fn new(address: String) -> Self {
        Self {
            address,
            away: Mutex::new(0),
            known: AtomicBool::new(false),
        }
    }

    fn change(&self, is_away: bool, why: &str) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if is_away {
            *away = away.saturating_add(1);
            if *away == 1 {
                say(format_args!("Redis at {}: {why}; retrying", self.address));
            }
        } else {
            *away = away.saturating_sub(1);
            if *away == 0 {
                say(format_args!("Redis at {} is reachable again", self.address));
            }
        }
    }
}

impl<'a> Link<'a> {
    pub(crate) fn new(
        server: &Server,
        health: &'a Health,
        stop: &'a Stop,
    ) -> Result<Self, ServiceError> {
        let client = Client::open(server.connection())
            .map_err(|_| ServiceError::Url("it has no server address"))?;
        Ok(Self {
            client,
            health,
            stop,
            is_away: false,
            pause: PAUSE_MIN,
        })
    }

    /// Connects once, so that rejected credentials are reported before the service starts.
    ///
    /// # Errors
    /// Returns an error if the server rejects the connection. An unreachable server is not an error.
    pub(crate) fn knock(&self) -> Result<(), ServiceError> {
        match self.connect() {
            Err(error) if is_refusal(&error) => Err(self.refused(&error)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn refused(&self, error: &RedisError) -> ServiceError {
        ServiceError::Refused {
            address: self.health.address.clone(),
            why: words(error),
        }
    }

    /// Runs `work` on a connection, and again on a new one after each failure, until the work ends or the service
    /// stops.
    ///
    /// # Errors
    /// Returns an error if the server rejects the connection and has never accepted one.
    pub(crate) fn keep(
        mut self,
        mut work: impl FnMut(&mut Connection, &mut dyn FnMut()) -> RedisResult<()>,
    ) -> Result<(), ServiceError> {
        while !self.stop.is_set() {
            let result = self.connect().and_then(|mut connection| {
                self.health.known.store(true, Ordering::SeqCst);
                work(&mut connection, &mut || self.is_back())
            });
            let Err(error) = result else { return Ok(()) };
            if self.stop.is_set() {
                return Ok(());
            }
            if is_refusal(&error) && !self.health.known.load(Ordering::SeqCst) {
                return Err(self.refused(&error));
            }
            if !self.is_away {
                self.is_away = true;
                self.health.change(true, &words(&error));
            }
            self.stop.sleep(jittered(self.pause));
            self.pause = self.pause.saturating_mul(2).min(PAUSE_MAX);
        }
        Ok(())
    }

    /// Records that the connection works.
    fn is_back(&mut self) {
        self.pause = PAUSE_MIN;
        if self.is_away {
            self.is_away = false;
            self.health.change(false, "");
        }
    }

    fn connect(&self) -> RedisResult<Connection> {
        enter(&self.client)
    }
}

/// Connects to the server, without a retry.
pub(crate) fn connect(server: &ConnectionInfo) -> RedisResult<Connection> {
    enter(&Client::open(server.clone())?)
}

fn enter(client: &Client) -> RedisResult<Connection> {
    let mut connection = client.get_connection_with_timeout(CONNECT_WITHIN)?;
    connection.set_read_timeout(Some(ANSWER_WITHIN))?;
    connection.set_write_timeout(Some(ANSWER_WITHIN))?;
    // A server that requires a password accepts a connection and rejects the first command.
    redis::cmd("PING").query::<()>(&mut connection)?;
    Ok(connection)
}

/// Returns true if the server rejects the connection and a retry cannot help.
fn is_refusal(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || error.kind() == ErrorKind::InvalidClientConfig
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
        || error
            .detail()
            .is_some_and(|text| text.contains("DB index is out of range"))
}

/// Returns a description of the error, with the server's text if there is one.
pub(crate) fn words(error: &RedisError) -> String {
    if error.kind() == ErrorKind::AuthenticationFailed {
        "wrong user or password".to_owned()
    } else if error.code() == Some("NOAUTH") {
        "it requires a password".to_owned()
    } else if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        error.to_string()
    }
}

/// Returns a random duration from half of `pause` to `pause`, so that instances do not reconnect in step.
fn jittered(pause: Duration) -> Duration {
    let dice = RandomState::new().build_hasher().finish() % 1024;
    let share = u32::try_from(dice).unwrap_or_default();
    pause / 2 + pause / 2 * share / 1024
}
