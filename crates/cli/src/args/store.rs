//! Command-line arguments shared by the commands on a policy store.

use std::{env, fmt, path::PathBuf};

use portcullis::{
    guardrails::Guardrails,
    types::{PolicyHash, without_credentials},
};
use portcullis_store::{Operator, PolicySigner, PolicyStore, PublicationId};

use crate::{
    args::values::parse_whole,
    failure::Failure,
    input::{
        file::{check_secret, parse_file},
        policy::read_guardrails,
    },
    print::warn,
};

/// An address that may contain a password, and is therefore not printed.
#[derive(Clone)]
pub(crate) struct Address(String);

impl Address {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", without_credentials(&self.0))
    }
}

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
    address: Address,
}

impl AddressArg {
    pub(crate) const fn new(address: Address) -> Self {
        Self { address }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.address.as_str()
    }

    pub(crate) fn open(&self) -> Result<Box<dyn PolicyStore>, Failure> {
        open(&self.address)
    }
}

/// Opens the store at an address.
pub(crate) fn open(address: &Address) -> Result<Box<dyn PolicyStore>, Failure> {
    portcullis_store::open(address.as_str()).map_err(Failure::error)
}

/// Writes a warning to standard error if the store may delete content on its own.
pub(crate) fn warn_of_eviction(store: &dyn PolicyStore) {
    if let Ok(Some(warning)) = store.eviction().map(|eviction| eviction.warning()) {
        warn(format_args!("warning: {}: {warning}", store.name()));
    }
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
            Some(path) => read_guardrails(path),
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
        let Some(path) = &self.signing_key else {
            return Ok(None);
        };
        check_secret(path)?;
        parse_file(path, |text| PolicySigner::from_base64(text.trim())).map(Some)
    }
}

/// The identity of a publication in a store.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct PublicationIdArg {
    /// The sequence of the publication
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_whole(text, 0..=u64::MAX))]
    seq: Option<u64>,
    /// The hash of the policy
    #[arg(long, value_name = "HASH")]
    hash: Option<PolicyHash>,
}

impl PublicationIdArg {
    pub(crate) fn get(&self) -> Result<PublicationId, Failure> {
        match (self.seq, self.hash) {
            (Some(seq), _) => Ok(PublicationId::Seq(seq)),
            (None, Some(hash)) => Ok(PublicationId::Hash(hash)),
            (None, None) => Err(Failure::error(
                "no publication is given; use `--seq N` or `--hash HASH`",
            )),
        }
    }
}
