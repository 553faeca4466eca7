//! What the services are told alike.

use std::{net::SocketAddr, path::PathBuf};

use portcullis::store::TrustedKeys;

use super::{Failure, input::read_file};
use crate::service::{LogFormat, Server, Trust, log_as, serve_metrics};

/// Which server.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ServerArg {
    /// The server: redis://[[user]:password@]host[:port][/db], rediss:// with TLS. Where it holds a password, give
    /// it as the variable
    #[arg(
        long,
        value_name = "URL",
        env = "QUANTUM_REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379"
    )]
    redis: String,
}

impl ServerArg {
    pub(super) fn resolve(&self) -> Result<Server, Failure> {
        Server::at(&self.redis).map_err(Failure::unusable)
    }
}

/// What every service is told.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ServiceArgs {
    #[command(flatten)]
    server: ServerArg,
    /// Take only policies that the Ed25519 key in this file signed (the public key, in base64); may be given again
    #[arg(long = "trusted-key", value_name = "FILE")]
    trusted_keys: Vec<PathBuf>,
    /// Remember in this file the highest sequence seen, so that no older policy is taken after a restart
    #[arg(long, value_name = "FILE")]
    sequence_file: Option<PathBuf>,
    /// Tell metrics at this address, for Prometheus [default: nowhere]
    #[arg(long, value_name = "HOST:PORT")]
    metrics: Option<SocketAddr>,
    /// How the lines on standard error are written
    #[arg(long, value_enum, default_value = "text")]
    log: LogFormat,
}

impl ServiceArgs {
    /// Where the server is, and which of its policies are taken. From here on lines are written as they were asked
    /// for, and metrics are told.
    pub(super) fn resolve(&self) -> Result<(Server, Trust), Failure> {
        let server = self.server.resolve()?;
        let trust = Trust {
            keys: self.keys()?,
            sequences: self.sequence_file.clone(),
        };
        log_as(self.log);
        if let Some(address) = self.metrics {
            serve_metrics(address).map_err(Failure::unusable)?;
        }
        Ok((server, trust))
    }

    fn keys(&self) -> Result<TrustedKeys, Failure> {
        let mut texts = Vec::with_capacity(self.trusted_keys.len());
        for path in &self.trusted_keys {
            let text = read_file(path)?;
            let text = text.trim().to_owned();
            TrustedKeys::from_base64([text.as_str()]).map_err(|error| {
                Failure::unusable(format_args!("`{}`: {error}", path.display()))
            })?;
            texts.push(text);
        }
        TrustedKeys::from_base64(texts.iter().map(String::as_str)).map_err(Failure::unusable)
    }
}
