//! Command-line arguments that the services share.

use std::{net::SocketAddr, path::PathBuf};

use portcullis_service::runtime::{self, Trust, log_as, serve_metrics};
use portcullis_store::{RedisServer, TrustedKeys};

use crate::{args::store::Address, failure::Failure, input::file::parse_file};

/// The format of the log lines of a service.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LogFormat {
    /// Only the message, without the time and the level
    Text,
    /// One JSON object per line, with time and level
    Json,
}

impl From<LogFormat> for runtime::LogFormat {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}

/// The argument for the server.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServerArg {
    /// The URL of the Redis server: redis://[[user]:password@]host[:port][/db], or rediss:// for TLS
    ///
    /// If the URL contains a password, set the environment variable instead of this option, because command-line
    /// arguments are visible to other users of the machine.
    #[arg(
        long,
        value_name = "URL",
        env = "QUANTUM_REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379"
    )]
    redis: Address,
}

impl ServerArg {
    pub(crate) fn resolve(&self) -> Result<RedisServer, Failure> {
        RedisServer::from_url(self.redis.as_str()).map_err(Failure::error)
    }
}

/// The arguments of every service.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServiceArgs {
    #[command(flatten)]
    server: ServerArg,
    /// The file with a trusted Ed25519 public key (base64); can be repeated. A policy is rejected if it is
    /// not signed by one of the trusted keys [default: signatures are not required]
    #[arg(long = "trusted-key", value_name = "FILE")]
    trusted_keys: Vec<PathBuf>,
    /// The file in which the service stores the highest policy sequence that it has read, so that it rejects older
    /// policies even after a restart [default: not stored]
    #[arg(long, value_name = "FILE")]
    sequence_file: Option<PathBuf>,
    /// Do not start unless the `maxmemory-policy` of the server is `noeviction`. If the setting changes later, the bridge
    /// skips all entries, and the harvester makes no proposals, until it is `noeviction` again [default: only log a
    /// warning]
    #[arg(long)]
    require_noeviction: bool,
    #[command(flatten)]
    log: LogArgs,
}

/// The arguments for log lines and metrics.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LogArgs {
    /// Serve metrics for Prometheus at this address, on at most 16 connections at the same time; use a loopback address,
    /// because the endpoint has neither encryption nor a password [default: disabled]
    #[arg(long, value_name = "HOST:PORT")]
    metrics: Option<SocketAddr>,
    /// The format of the log lines on standard error
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    log: LogFormat,
}

impl LogArgs {
    /// Sets the log format and starts the metrics endpoint.
    pub(crate) fn apply(&self) -> Result<(), Failure> {
        log_as(self.log.into());
        match self.metrics {
            Some(address) => serve_metrics(address).map_err(Failure::error),
            None => Ok(()),
        }
    }
}

impl ServiceArgs {
    /// Returns the server and the requirements that a policy must meet to be accepted. Also sets
    /// the log format and starts the metrics endpoint.
    pub(crate) fn resolve(&self) -> Result<(RedisServer, Trust), Failure> {
        let server = self.server.resolve()?;
        let trust = Trust {
            keys: read_keys(&self.trusted_keys)?,
            sequences: self.sequence_file.clone(),
            requires_noeviction: self.require_noeviction,
        };
        self.log.apply()?;
        Ok((server, trust))
    }
}

/// Reads files with public keys.
pub(crate) fn read_keys(paths: &[PathBuf]) -> Result<TrustedKeys, Failure> {
    let mut texts = Vec::with_capacity(paths.len());
    for path in paths {
        texts.push(parse_file(path, |text| {
            let key = text.trim();
            TrustedKeys::from_base64([key]).map(|_| key.to_owned())
        })?);
    }
    TrustedKeys::from_base64(texts.iter().map(String::as_str)).map_err(Failure::error)
}
