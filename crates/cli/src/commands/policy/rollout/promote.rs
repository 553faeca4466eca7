//! The command `portcullis policy rollout promote`.

use portcullis::types::{Shown, SignedDuration};
use portcullis_sim::{diff::changes, report::changes_text};
use portcullis_store::{Publication, PublicationId, Rollback, RolloutStep};

use super::{arm::ArmId, attempt::Attempt};
use crate::{
    args::values::{parse_validity, valid_until},
    commands::policy::publish::{PublicationArgs, confirm},
    failure::Failure,
    print::print,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The hash of the arm, or at least its first 8 digits
    #[arg(value_name = "ARM")]
    arm: ArmId,
    /// The time from now until the policy expires, in seconds or with a unit, such as `4h`
    #[arg(long, value_name = "DURATION", value_parser = parse_validity, allow_negative_numbers = true)]
    valid_for: SignedDuration,
    #[command(flatten)]
    publication: PublicationArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let attempt = Attempt::new(&args.publication, "promote")?;
    let guardrails = args.publication.guardrails.resolve()?;
    let set = attempt.set(args.arm.hash())?;
    let stored = attempt.arm(&set, &args.arm)?;
    let arm = stored.policy().hash();
    let promoted = set.set().promote(arm, attempt.now);
    promoted.map_err(|refusal| attempt.failed(Some(arm), &refusal.into()))?;
    let terms = Rollback {
        publication: PublicationId::Hash(arm),
        valid_until: valid_until(args.valid_for)?,
        guardrails: &guardrails,
        operator: attempt.operator.clone(),
        now: attempt.now,
        signer: attempt.signer.as_ref(),
    };
    let publication = Publication::of_arm(stored, &terms)
        .map_err(|error| attempt.failed(Some(arm), &error.into()))?;
    let live = attempt.store.stored().map_err(Failure::error)?;
    let change = changes(live.policy().ok().as_ref(), publication.policy());
    confirm(
        &changes_text(&change),
        attempt.store.as_ref(),
        args.publication.yes,
    )?;
    let receipt = attempt.roll(RolloutStep::Promote {
        arm,
        publication: Box::new(publication),
    })?;
    let text = receipt.promoted.map_or_else(String::new, |policy| {
        format!(
            "promoted: version {} hash {}, until {}, set sequence {}\n",
            Shown(policy.version()).whole(),
            policy.hash(),
            policy.valid_until(),
            receipt.set.seq()
        )
    });
    print(text)
}
