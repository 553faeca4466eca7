//! The commands `raise`, `abort`, `kill` and `unkill` of `portcullis policy rollout`.

use portcullis_rollout::{Bps, RaiseConditions};
use portcullis_service::runtime::system_time;
use portcullis_store::{RolloutStep, StoredArm, StoredSet};

use super::{arm::ArmId, attempt::Attempt};
use crate::{
    args::{
        store::{AddressArg, SignOffArgs, SignerArg},
        values::parse_whole,
    },
    failure::Failure,
    print::print,
};

/// The arguments of a change of the policy set: store, signing key and operator.
#[derive(Debug, clap::Args)]
struct ChangeArgs {
    #[command(flatten)]
    address: AddressArg,
    #[command(flatten)]
    signer: SignerArg,
    #[command(flatten)]
    sign_off: SignOffArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RaiseArgs {
    /// The hash of the arm, or at least its first 8 digits
    #[arg(value_name = "ARM")]
    arm: ArmId,
    /// The new share of the symbols, in basis points: a whole number up to 10000, which is 100 %
    #[arg(long, value_name = "N")]
    bps: u64,
    /// The least time with the current share, in seconds [default: that of the current step of the arm's schedule; required
    /// without a schedule]
    #[arg(long, value_name = "S", requires = "min_closed_trades", value_parser = |text: &str| parse_whole(text, 0..=u64::MAX))]
    min_sec: Option<u64>,
    /// The least number of trades that were closed with the current share [default: that of the current step of the arm's
    /// schedule; required without a schedule]
    #[arg(long, value_name = "N", requires = "min_sec", value_parser = |text: &str| parse_whole(text, 0..=u64::MAX))]
    min_closed_trades: Option<u64>,
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AbortArgs {
    /// The hash of the arm, or at least its first 8 digits
    #[arg(value_name = "ARM")]
    arm: ArmId,
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SwitchArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) fn raise(args: &RaiseArgs) -> Result<(), Failure> {
    let attempt = args.change.attempt("raise")?;
    let set = attempt.set(args.arm.hash())?;
    let arm = attempt.arm(&set, &args.arm)?;
    let hash = arm.policy().hash();
    let refused = |code, detail: &str| attempt.refused(Some(hash), code, detail);
    let bps = Bps::new(args.bps)
        .map_err(|error| refused("ROLLOUT_INVALID_ARM", &format!("`--bps`: {error}")))?;
    let conditions = match (args.min_sec, args.min_closed_trades) {
        (Some(min_sec), Some(min_closed_trades)) => RaiseConditions {
            min_sec,
            min_closed_trades,
        },
        _ => step_conditions(&set, arm).ok_or_else(|| {
            refused(
                "ROLLOUT_NO_CONDITIONS",
                "no schedule of the arm has a step with its current share; use `--min-sec` and `--min-closed-trades`",
            )
        })?,
    };
    let results = attempt.store.arm_results(hash).map_err(Failure::error)?;
    let receipt = attempt.roll(RolloutStep::Raise {
        arm: hash,
        bps,
        closed_trades: results.closed_trades,
        conditions,
    })?;
    print(format_args!(
        "raised: arm {} to {bps}, set sequence {}\n",
        hash.short(),
        receipt.set.seq()
    ))
}

/// Returns the conditions of the step of the schedule that has the share of the arm.
fn step_conditions(set: &StoredSet, arm: &StoredArm) -> Option<RaiseConditions> {
    let share = set.set().arm(arm.policy().hash())?.bps();
    Some(arm.schedule()?.step(share)?.conditions())
}

pub(super) fn abort(args: &AbortArgs) -> Result<(), Failure> {
    let attempt = args.change.attempt("abort")?;
    let set = attempt.set(args.arm.hash())?;
    let arm = attempt.arm(&set, &args.arm)?.policy().hash();
    let receipt = attempt.roll(RolloutStep::Abort { arm })?;
    print(format_args!(
        "aborted: arm {}, set sequence {}\n",
        arm.short(),
        receipt.set.seq()
    ))
}

pub(super) fn kill(args: &SwitchArgs) -> Result<(), Failure> {
    let receipt = args.change.attempt("kill")?.roll(RolloutStep::Kill)?;
    print(format_args!(
        "killed: the live policy decides all entries, set sequence {}\n",
        receipt.set.seq()
    ))
}

pub(super) fn unkill(args: &SwitchArgs) -> Result<(), Failure> {
    let receipt = args.change.attempt("unkill")?.roll(RolloutStep::Unkill)?;
    print(format_args!(
        "unkilled: the arms decide entries again, set sequence {}\n",
        receipt.set.seq()
    ))
}

impl ChangeArgs {
    fn attempt(&self, step: &'static str) -> Result<Attempt, Failure> {
        Ok(Attempt {
            store: self.address.open()?,
            step,
            operator: self.sign_off.operator(),
            signer: self.signer.resolve()?,
            now: system_time()?,
        })
    }
}
