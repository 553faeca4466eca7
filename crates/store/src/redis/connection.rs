//! A Redis connection that is opened on demand.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo as _,
    RedisError, RedisResult,
};

use crate::StoreError;

/// The timeout of connecting, and of waiting for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// A server with at most one open connection.
pub(super) struct Link {
    client: Client,
    connection: Mutex<Option<Connection>>,
    name: String,
    /// The password, which is removed from every message.
    password: Option<String>,
}

impl Link {
    pub(super) fn open(url: &str) -> Result<Self, StoreError> {
        let info = parsed(url)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            ready_for_tls();
        }
        let (name, password) = named(&info);
        let client = Client::open(info).map_err(|error| unusable(&error, password.as_deref()))?;
        Ok(Self::new(client, name, password))
    }

    pub(super) fn open_with_root(url: &str, root: &str) -> Result<Self, StoreError> {
        let info = parsed(url)?;
        if !root.contains("-----BEGIN CERTIFICATE-----") {
            let text = "the root certificates are not in PEM format: `-----BEGIN CERTIFICATE-----` is missing";
            return Err(StoreError::Address(text.to_owned()));
        }
        ready_for_tls();
        let (name, password) = named(&info);
        let certificates = redis::TlsCertificates {
            client_tls: None,
            root_cert: Some(root.as_bytes().to_vec()),
        };
        let client = Client::build_with_tls(info, certificates)
            .map_err(|error| unusable(&error, password.as_deref()))?;
        Ok(Self::new(client, name, password))
    }

    const fn new(client: Client, name: String, password: Option<String>) -> Self {
        Self {
            client,
            connection: Mutex::new(None),
            name,
            password,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs an idempotent command. If an idle connection broke, the command is repeated on a new one.
    pub(super) fn read<T>(
        &self,
        ask: impl Fn(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, RedisError> {
        let mut slot = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(mut connection) = slot.take() {
            match ask(&mut connection) {
                Err(error) if broken(&error) => {}
                answer => {
                    *slot = Some(connection);
                    return answer;
                }
            }
        }
        let mut connection = self.connect()?;
        let answer = ask(&mut connection);
        if !answer.as_ref().is_err_and(broken) {
            *slot = Some(connection);
        }
        answer
    }

    /// Runs a command that must not be repeated.
    pub(super) fn write<T>(
        &self,
        ask: impl FnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, StoreError> {
        let mut slot = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => self.connect().map_err(|error| self.failed(&error))?,
        };
        match ask(&mut connection) {
            Ok(answer) => {
                *slot = Some(connection);
                Ok(answer)
            }
            Err(error) if broken(&error) => Err(StoreError::OutcomeUnknown {
                store: self.name.clone(),
                why: self.text(&error),
            }),
            Err(error) => {
                *slot = Some(connection);
                Err(self.failed(&error))
            }
        }
    }

    pub(super) fn failed(&self, error: &RedisError) -> StoreError {
        let (store, why) = (self.name.clone(), self.text(error));
        if error.code() == Some("READONLY") {
            StoreError::ReadOnly { store, why }
        } else {
            StoreError::Unavailable { store, why }
        }
    }

    fn connect(&self) -> RedisResult<Connection> {
        let connection = self.client.get_connection_with_timeout(PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(connection)
    }

    fn text(&self, error: &RedisError) -> String {
        if error.kind() == ErrorKind::AuthenticationFailed {
            return "the user or the password is wrong".to_owned();
        }
        if error.code() == Some("NOAUTH") {
            return "the server requires a password; add it to the address".to_owned();
        }
        without(self.password.as_deref(), &error.to_string())
    }
}

/// Returns true if a late answer may still arrive, which could be mistaken for the answer of the next command.
fn broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

fn parsed(url: &str) -> Result<ConnectionInfo, StoreError> {
    url.into_connection_info().map_err(|_| {
        StoreError::Address(
            "use `redis://[user[:password]@]host[:port][/database]` (`rediss://` needs the feature `redis-tls`)"
                .to_owned(),
        )
    })
}

/// Returns the name of the server without its password, and the password.
fn named(info: &ConnectionInfo) -> (String, Option<String>) {
    let settings = info.redis_settings();
    let scheme = match info.addr() {
        ConnectionAddr::TcpTls { .. } => "rediss://",
        ConnectionAddr::Unix(_) => "redis+unix:",
        ConnectionAddr::Tcp(..) | _ => "redis://",
    };
    let name = format!("{scheme}{}/{}", info.addr(), settings.db());
    (name, settings.password().map(str::to_owned))
}

fn unusable(error: &RedisError, password: Option<&str>) -> StoreError {
    StoreError::Address(without(password, &error.to_string()))
}

fn without(password: Option<&str>, text: &str) -> String {
    match password {
        Some(password) if !password.is_empty() => text.replace(password, "…"),
        Some(_) | None => text.to_owned(),
    }
}

/// Installs a cryptography provider for TLS, unless the program has already installed one.
fn ready_for_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use std::io;

    use redis::ServerErrorKind;

    use super::*;

    fn server_error(kind: ServerErrorKind) -> RedisError {
        RedisError::from((ErrorKind::Server(kind), "a reason"))
    }

    #[test]
    fn a_password_is_removed_from_messages() {
        assert_eq!(without(None, "a text"), "a text");
        assert_eq!(without(Some(""), "a text"), "a text");
        assert_eq!(without(Some("s3cret"), "x s3cret y s3cret"), "x … y …");
    }

    #[test]
    fn a_connection_is_broken_if_a_late_answer_may_arrive() {
        for kind in [io::ErrorKind::TimedOut, io::ErrorKind::ConnectionReset] {
            assert!(broken(&io::Error::from(kind).into()), "{kind:?}");
        }
        // Bytes that do not parse may be the middle of an answer.
        assert!(broken(&(ErrorKind::Parse, "a reason").into()));
        for kind in [ServerErrorKind::ResponseError, ServerErrorKind::ReadOnly] {
            assert!(!broken(&server_error(kind)), "{kind:?}");
        }
    }

    #[test]
    fn a_read_only_server_is_distinguished_from_an_unreachable_one() {
        let link = Link::open("redis://:s3cret@127.0.0.1/3").unwrap();
        let store = "redis://127.0.0.1:6379/3".to_owned();
        assert_eq!(link.name(), store);
        let error = server_error(ServerErrorKind::ReadOnly);
        let why = error.to_string();
        let read_only = StoreError::ReadOnly {
            store: store.clone(),
            why,
        };
        assert_eq!(link.failed(&error), read_only);
        let error = RedisError::from((ErrorKind::Io, "a reason", "of s3cret".to_owned()));
        let why = error.to_string().replace("s3cret", "…");
        assert!(why.contains('…'), "{why}");
        let away = StoreError::Unavailable { store, why };
        assert_eq!(link.failed(&error), away);
    }

    #[test]
    fn a_tls_address_installs_a_cryptography_provider() {
        // No other test of this module installs a provider.
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
        assert!(Link::open("rediss://localhost").is_ok());
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
}
