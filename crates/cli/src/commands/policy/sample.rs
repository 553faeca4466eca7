//! The command `portcullis policy sample`.

use std::path::PathBuf;

use portcullis::{policy::Policy, types::SignedDuration};
use portcullis_sim::sample;

use crate::{
    args::{
        store::{Address, AddressArg, GuardrailsArg, SignOffArgs, SignerArg},
        values::{parse_validity, valid_until},
    },
    commands::policy::publish::{PublicationArgs, publish},
    failure::Failure,
    print::print,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The time from now until the policy expires, in seconds or with a unit, such as `4h`
    #[arg(long, value_name = "DURATION", default_value = "3600", value_parser = parse_validity, allow_negative_numbers = true)]
    valid_for: SignedDuration,
    /// Publish the sample in the store at this address: `redis://HOST:PORT`, `rediss://…`, or `file:PATH` [default:
    /// print the sample]
    #[arg(long, value_name = "ADDRESS")]
    store: Option<Address>,
    /// The JSON file with operator limits that apply to every policy; required with `--store`, unless
    /// `--no-guardrails` is given
    #[arg(long, value_name = "FILE", requires = "store")]
    guardrails: Option<PathBuf>,
    /// Publish without guardrails
    #[arg(long, requires = "store", conflicts_with = "guardrails")]
    no_guardrails: bool,
    /// The name of the operator, for the audit log [default: the environment variable USER, otherwise `unknown`]
    #[arg(long, value_name = "NAME", requires = "store")]
    by: Option<String>,
    /// Publish without asking for confirmation
    #[arg(long, requires = "store")]
    yes: bool,
}

/// Prints the sample policy, or publishes it if a store is given.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let text = sample::policy_json(valid_until(args.valid_for)?);
    let Some(address) = &args.store else {
        return print(text);
    };
    let publication = PublicationArgs {
        address: AddressArg::new(address.clone()),
        guardrails: GuardrailsArg::new(args.guardrails.clone(), args.no_guardrails)?,
        signer: SignerArg::none(),
        sign_off: SignOffArgs::by(args.by.clone()),
        yes: args.yes,
    };
    let policy = Policy::from_json(&text).map_err(Failure::error)?;
    publish(policy, &publication)
}
