//! Redis servers: addresses, connections and error texts, without credentials in any text.

use std::{fmt, time::Duration};

use redis::{
    Client, Connection, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, ProtocolVersion,
    RedisError, RedisResult, TlsCertificates,
};

use crate::StoreError;

/// The timeout for opening a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// A Redis server: its address and its credentials. No text of this type contains the password.
#[derive(Clone)]
pub struct RedisServer {
    client: Client,
    password: Option<String>,
}

impl RedisServer {
    /// Parses the URL `redis://[[user]:password@]host[:port][/database]` without connecting. `rediss://` uses TLS with
    /// the root certificates of the system.
    ///
    /// # Errors
    /// Returns an error if the URL is not valid. The error does not quote it, because it may contain a password.
    pub fn from_url(url: &str) -> Result<Self, StoreError> {
        Self::new(url, None)
    }

    /// Parses a `rediss://` URL, and trusts only the root certificates in a PEM text.
    ///
    /// # Errors
    /// Returns an error if the URL is not valid, or if the text contains no certificate.
    pub fn from_url_with_root(url: &str, root_certificates: &str) -> Result<Self, StoreError> {
        if !root_certificates.contains("-----BEGIN CERTIFICATE-----") {
            return Err(StoreError::Address(
                "the root certificates are not in PEM format: `-----BEGIN CERTIFICATE-----` is missing"
                    .to_owned(),
            ));
        }
        Self::new(url, Some(root_certificates))
    }

    fn new(url: &str, root_certificates: Option<&str>) -> Result<Self, StoreError> {
        // The error of the library may quote the URL.
        let info = url.into_connection_info().map_err(|_| {
            StoreError::Address(
                "use `redis://[[user]:password@]host[:port][/database]`, or `rediss://` for TLS"
                    .to_owned(),
            )
        })?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            // An error means that the program has already installed a TLS crypto provider.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let password = info.redis_settings().password().map(str::to_owned);
        // The parsers of this project support only the reply formats of RESP2.
        let settings = info.redis_settings().clone();
        let info = info.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP2));
        let client = match root_certificates {
            None => Client::open(info),
            Some(root) => Client::build_with_tls(
                info,
                TlsCertificates {
                    client_tls: None,
                    root_cert: Some(root.as_bytes().to_vec()),
                },
            ),
        };
        match client {
            Ok(client) => Ok(Self { client, password }),
            Err(error) => Err(StoreError::Address(redacted(
                password.as_deref(),
                &error.to_string(),
            ))),
        }
    }

    /// Returns the URL without credentials: scheme, address and database.
    #[must_use]
    pub fn name(&self) -> String {
        let info = self.client.get_connection_info();
        let scheme = match info.addr() {
            ConnectionAddr::TcpTls { .. } => "rediss://",
            ConnectionAddr::Unix(_) => "redis+unix:",
            ConnectionAddr::Tcp(..) | _ => "redis://",
        };
        format!("{scheme}{self}/{}", info.redis_settings().db())
    }

    /// Opens a connection. The timeout for connecting is two seconds; the timeout for each reply is
    /// `answer_within`.
    ///
    /// A server that requires a password accepts a connection without one, and rejects the first
    /// command.
    ///
    /// # Errors
    /// Returns an error if the server is unreachable, or if it rejects the credentials or the
    /// database.
    pub fn connect(&self, answer_within: Duration) -> RedisResult<Connection> {
        let connection = self.client.get_connection_with_timeout(CONNECT_WITHIN)?;
        connection.set_read_timeout(Some(answer_within))?;
        connection.set_write_timeout(Some(answer_within))?;
        Ok(connection)
    }

    /// Returns a description of an error of this server, without credentials.
    #[must_use]
    pub fn error_text(&self, error: &RedisError) -> String {
        if error.kind() == ErrorKind::AuthenticationFailed {
            "wrong user or password".to_owned()
        } else if error.code() == Some("NOAUTH") {
            "the server requires a password; add it to the address".to_owned()
        } else if error.is_timeout() {
            "no answer in time".to_owned()
        } else {
            redacted(self.password.as_deref(), &error.to_string())
        }
    }
}

/// Formats the address and port without credentials.
impl fmt::Display for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.get_connection_info().addr().fmt(f)
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisServer({})", self.name())
    }
}

/// Returns true if the server rejects the credentials or the database, or if the user lacks a permission, so that
/// another attempt cannot succeed. Every other error is an outage.
#[must_use]
pub fn is_refusal(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || error.kind() == ErrorKind::InvalidClientConfig
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
        || error
            .detail()
            .is_some_and(|text| text.contains("DB index is out of range"))
}

/// Returns true if the error means that a key does not have the type that the command requires.
#[must_use]
pub fn is_wrong_type(error: &RedisError) -> bool {
    error.code() == Some("WRONGTYPE")
}

/// Replaces the password in a text.
fn redacted(password: Option<&str>, text: &str) -> String {
    match password {
        Some(password) if !password.is_empty() => text.replace(password, "…"),
        Some(_) | None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_removed_from_messages() {
        assert_eq!(redacted(None, "a text"), "a text");
        assert_eq!(redacted(Some(""), "a text"), "a text");
        assert_eq!(redacted(Some("s3cret"), "x s3cret y s3cret"), "x … y …");
    }

    #[test]
    fn texts_have_no_credentials() {
        let server = RedisServer::from_url("redis://me:s3cret@127.0.0.1/3").unwrap();
        assert_eq!(server.to_string(), "127.0.0.1:6379");
        assert_eq!(server.name(), "redis://127.0.0.1:6379/3");
        let debug = format!("{server:?}");
        assert_eq!(debug, "RedisServer(redis://127.0.0.1:6379/3)");
    }

    #[test]
    fn a_tls_address_installs_a_cryptography_provider() {
        // No other unit test of this crate installs a provider.
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
        assert!(RedisServer::from_url("rediss://localhost").is_ok());
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
}
