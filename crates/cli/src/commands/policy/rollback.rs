//! The command `portcullis policy rollback`.

use portcullis::types::SignedDuration;
use portcullis_service::runtime::system_time;
use portcullis_sim::{diff::changes, report::changes_text};
use portcullis_store::{PolicyStore as _, Publication, PublishError, Rollback};

use crate::{
    args::{
        store::{PublicationIdArg, warn_of_eviction},
        values::{parse_validity, valid_until},
    },
    commands::policy::publish::{PublicationArgs, confirm, publish_failure, receipt_text},
    failure::Failure,
    print::print,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    publication_id: PublicationIdArg,
    /// The time from now until the policy expires, in seconds or with a unit, such as `4h`
    #[arg(long, value_name = "DURATION", value_parser = parse_validity, allow_negative_numbers = true)]
    valid_for: SignedDuration,
    #[command(flatten)]
    publication: PublicationArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let guardrails = args.publication.guardrails.resolve()?;
    let store = args.publication.address.open()?;
    let id = args.publication_id.get()?;
    let seen = store.stored().map_err(Failure::error)?;
    let expected = seen.hash().map_err(Failure::error)?;
    let entry = store
        .publication(id)
        .map_err(Failure::error)?
        .ok_or_else(|| publish_failure(PublishError::NotInHistory(id)))?;
    let signer = args.publication.signer.resolve()?;
    let rollback = Rollback {
        publication: id,
        valid_until: valid_until(args.valid_for)?,
        guardrails: &guardrails,
        operator: args.publication.sign_off.operator(),
        now: system_time()?,
        signer: signer.as_ref(),
    };
    if let Ok(earlier) = entry.policy() {
        let publication = Publication::again(earlier, &rollback).map_err(publish_failure)?;
        let change = changes(seen.policy().ok().as_ref(), publication.policy());
        confirm(&changes_text(&change), store.as_ref(), args.publication.yes)?;
    }
    let receipt = store
        .rollback(&rollback, expected)
        .map_err(publish_failure)?;
    warn_of_eviction(store.as_ref());
    print(receipt_text(&receipt))
}
