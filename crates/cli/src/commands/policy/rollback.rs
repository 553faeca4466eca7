//! The command `portcullis policy rollback`.

use portcullis::types::{PolicyHash, SignedDuration};
use portcullis_service::runtime::system_time;
use portcullis_sim::{diff::changes, report::changes_text};
use portcullis_store::{PolicyStore as _, Publication, PublicationId, PublishError, Rollback};

use crate::{
    args::{
        store::warn_of_eviction,
        values::{parse_validity, parse_whole, valid_until},
    },
    commands::policy::publish::{PublicationArgs, confirm, publish_failure, receipt_text},
    failure::Failure,
    print::print,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    publication_id: PublicationArg,
    /// The time from now until the policy expires, in seconds or with a unit, such as `4h`
    #[arg(long, value_name = "DURATION", value_parser = parse_validity, allow_negative_numbers = true)]
    valid_for: SignedDuration,
    #[command(flatten)]
    publication: PublicationArgs,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct PublicationArg {
    /// The sequence of the earlier policy
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_whole(text, 0..=u64::MAX))]
    seq: Option<u64>,
    /// The hash of the earlier policy
    #[arg(long, value_name = "HASH")]
    hash: Option<PolicyHash>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let guardrails = args.publication.guardrails.resolve()?;
    let store = args.publication.address.open()?;
    let id = match (args.publication_id.seq, args.publication_id.hash) {
        (Some(seq), _) => PublicationId::Seq(seq),
        (None, Some(hash)) => PublicationId::Hash(hash),
        (None, None) => {
            return Err(Failure::error(
                "no publication is given; use `--seq N` or `--hash HASH`",
            ));
        }
    };
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
