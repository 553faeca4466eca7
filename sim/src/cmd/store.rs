//! What the commands on a store share.

use std::{env, path::PathBuf};

use portcullis::{
    guardrails::Guardrails,
    store::{self, Operator, PolicySigner, PolicyStore, StoreError},
};

use super::{Failure, input::read_file};

/// Which store.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct AddressArg {
    /// The store: `redis://HOST:PORT`, `rediss://…`, or `file:PATH`
    #[arg(
        long = "store",
        value_name = "ADDRESS",
        env = "QUANTUM_REDIS_URL",
        hide_env_values = true
    )]
    address: String,
}

impl AddressArg {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
        }
    }

    pub(super) fn open(&self) -> Result<Box<dyn PolicyStore>, Failure> {
        open(&self.address)
    }
}

/// Opens the store of an address.
pub(super) fn open(address: &str) -> Result<Box<dyn PolicyStore>, Failure> {
    store::open(address).map_err(unusable)
}

/// A store that does not do what it is for.
pub(super) fn unusable(error: StoreError) -> Failure {
    Failure::unusable(error)
}

/// Who does it, and why: for the audit.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SignOff {
    /// Who does it, for the audit [default: the user of this session]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why, for the audit
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl SignOff {
    pub(super) const fn by(name: Option<String>) -> Self {
        Self {
            by: name,
            reason: None,
        }
    }

    /// Nobody is kept from stopping anything for want of a name.
    pub(super) fn operator(&self) -> Operator {
        let name = self.by.clone().or_else(|| env::var("USER").ok());
        let name = name.filter(|name| !name.is_empty());
        let operator = Operator::new(name.unwrap_or_else(|| "unknown".to_owned()));
        match &self.reason {
            None => operator,
            Some(reason) => operator.because(reason.as_str()),
        }
    }
}

/// What the operator permits: a file, or in so many words nothing.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct GuardrailsArg {
    /// Bounds that hold whatever a policy says (JSON)
    #[arg(long, value_name = "FILE")]
    guardrails: Option<PathBuf>,
    /// Publish whatever the policy says
    #[arg(long)]
    no_guardrails: bool,
}

impl GuardrailsArg {
    /// What a caller gave that may give neither.
    pub(super) fn new(file: Option<PathBuf>, none: bool) -> Result<Self, Failure> {
        if file.is_none() && !none {
            return Err(Failure::unusable(
                "publishing needs bounds: give --guardrails FILE, or --no-guardrails to publish without",
            ));
        }
        Ok(Self {
            guardrails: file,
            no_guardrails: none,
        })
    }

    pub(super) fn resolve(&self) -> Result<Guardrails, Failure> {
        let Some(path) = &self.guardrails else {
            return Ok(Guardrails::none());
        };
        let text = read_file(path)?;
        Guardrails::from_json(&text)
            .map_err(|error| Failure::unusable(format_args!("`{}`: {error}", path.display())))
    }
}

/// Who signs.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SignerArg {
    /// Sign with the Ed25519 key in this file (32 bytes in base64)
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
}

impl SignerArg {
    pub(super) const fn none() -> Self {
        Self { signing_key: None }
    }

    pub(super) fn resolve(&self) -> Result<Option<PolicySigner>, Failure> {
        let Some(path) = &self.signing_key else {
            return Ok(None);
        };
        let secret = read_file(path)?;
        PolicySigner::from_base64(secret.trim())
            .map(Some)
            .map_err(|error| Failure::unusable(format_args!("`{}`: {error}", path.display())))
    }
}
