//! Command-line arguments shared by the commands on a policy store.

use std::{env, path::PathBuf};

use portcullis::guardrails::Guardrails;
use portcullis_store::{Operator, PolicySigner, PolicyStore};

use crate::{failure::Failure, input::file::parse_file};

/// The address of a policy store.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AddressArg {
    /// The address of the policy store: `redis://HOST:PORT`, `rediss://…`, or `file:PATH`
    #[arg(
        long = "store",
        value_name = "ADDRESS",
        env = "QUANTUM_REDIS_URL",
        hide_env_values = true
    )]
    address: String,
}

impl AddressArg {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
        }
    }

    pub(crate) fn open(&self) -> Result<Box<dyn PolicyStore>, Failure> {
        open(&self.address)
    }
}

/// Opens the store at an address.
pub(crate) fn open(address: &str) -> Result<Box<dyn PolicyStore>, Failure> {
    portcullis_store::open(address).map_err(Failure::error)
}

/// The operator and the reason, for the audit log.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SignOffArgs {
    /// The name of the operator, for the audit log [default: the environment variable USER, otherwise `unknown`]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// The reason for the change, for the audit log [default: none]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl SignOffArgs {
    pub(crate) const fn by(name: Option<String>) -> Self {
        Self {
            by: name,
            reason: None,
        }
    }

    /// Returns the operator. Without `--by` and `USER` the name is `unknown`, so that a missing name never blocks a
    /// halt.
    pub(crate) fn operator(&self) -> Operator {
        let name = self.by.clone().or_else(|| env::var("USER").ok());
        let name = name.filter(|name| !name.is_empty());
        let operator = Operator::new(name.unwrap_or_else(|| "unknown".to_owned()));
        match &self.reason {
            None => operator,
            Some(reason) => operator.with_reason(reason.as_str()),
        }
    }
}

/// The guardrails: a file, or explicitly none.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct GuardrailsArg {
    /// The JSON file with operator limits that apply to every policy
    #[arg(long, value_name = "FILE")]
    guardrails: Option<PathBuf>,
    /// Publish without guardrails
    #[arg(long)]
    no_guardrails: bool,
}

impl GuardrailsArg {
    /// Checks that a file is given or that `none` is true.
    pub(crate) fn new(file: Option<PathBuf>, none: bool) -> Result<Self, Failure> {
        if file.is_none() && !none {
            return Err(Failure::error(
                "publishing needs guardrails: use `--guardrails FILE`, or `--no-guardrails` to publish without them",
            ));
        }
        Ok(Self {
            guardrails: file,
            no_guardrails: none,
        })
    }

    pub(crate) fn resolve(&self) -> Result<Guardrails, Failure> {
        match &self.guardrails {
            Some(path) => parse_file(path, Guardrails::from_json),
            None => Ok(Guardrails::none()),
        }
    }
}

/// The signing key of a publication.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SignerArg {
    /// The file with the Ed25519 signing key (32 bytes in base64) [default: the policy is not signed]
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
}

impl SignerArg {
    pub(crate) const fn none() -> Self {
        Self { signing_key: None }
    }

    pub(crate) fn resolve(&self) -> Result<Option<PolicySigner>, Failure> {
        self.signing_key
            .as_ref()
            .map(|path| parse_file(path, |text| PolicySigner::from_base64(text.trim())))
            .transpose()
    }
}
