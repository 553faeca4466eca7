//! The command `portcullis policy rollout start`.

use std::path::PathBuf;

use portcullis::types::{Symbol, Timestamp};
use portcullis_rollout::{Arm, ArmError, Bps, Key, PolicySet, Role, Salt, Schedule};
use portcullis_sim::{diff::changes, report::changes_text};
use portcullis_store::{
    ArmPolicy, ArmStart, PolicyStore as _, Publication, RolloutError, RolloutStep,
};

use super::attempt::Attempt;
use crate::{
    args::values::parse_epoch,
    commands::policy::{
        check::print_violations,
        publish::{PublicationArgs, ask},
    },
    failure::Failure,
    input::{
        file::{read_file, shown_path},
        policy::{PolicyInput, read_policy},
    },
    print::{Format, print, warn},
};

/// The code of an arm that is not valid.
const INVALID: &str = "ROLLOUT_INVALID_ARM";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The policy file (JSON) of the arm; use `-` for standard input
    #[arg(value_name = "POLICY")]
    file: PathBuf,
    /// The role of the arm
    #[arg(long, value_enum)]
    role: RoleName,
    #[command(flatten)]
    share: ShareArg,
    /// The text that determines the buckets: 1 to 64 bytes. Another salt assigns other symbols
    #[arg(long, value_name = "TEXT")]
    salt: String,
    /// The last time at which the arm applies (epoch seconds or ISO-8601); the policy must be valid until then
    #[arg(long, value_name = "TIME", value_parser = parse_epoch, allow_negative_numbers = true)]
    until: Timestamp,
    /// The value of a record that determines its bucket; a canary has the key `symbol`
    #[arg(long, value_enum, default_value = "symbol")]
    key: KeyName,
    /// Apply the arm only to records of this source [default: all sources]
    #[arg(long, value_name = "NAME")]
    match_source: Option<String>,
    /// Apply the arm only to records in this symbol [default: all symbols]
    #[arg(long, value_name = "SYMBOL")]
    match_symbol: Option<Symbol>,
    #[command(flatten)]
    publication: PublicationArgs,
}

/// The share of the arm: a number, or the first step of a schedule.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ShareArg {
    /// The share of the keys to which the arm applies, in basis points: a whole number up to 10000, which is 100 %
    #[arg(long, value_name = "N")]
    bps: Option<u64>,
    /// The schedule file (JSON) by which `portcullis updater` raises, promotes or aborts the arm; the arm is started with
    /// the share of the first step
    #[arg(long, value_name = "FILE")]
    schedule: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RoleName {
    /// The arm decides entries
    Canary,
    /// The arm is only compared with the live policy
    Shadow,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum KeyName {
    /// The symbol
    Symbol,
    /// The name of the service that sent the record
    Source,
    /// The id of the record
    Id,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let attempt = Attempt::new(&args.publication, "start")?;
    let policy = args.policy(&attempt)?;
    let schedule = args.schedule(&attempt)?;
    let refused = |detail: &str| attempt.refused(Some(policy.hash()), INVALID, detail);
    let arm = args.arm(&policy, schedule.as_ref());
    let arm = arm.map_err(|detail| refused(&detail))?;
    let ends = policy.policy().valid_until();
    if ends < arm.until() {
        return Err(refused(&format!(
            "the policy expires at {ends}, before `--until` {}; use an earlier `--until`, or a policy with a later \
             `valid_until_epoch`",
            arm.until()
        )));
    }
    confirm(&attempt, &arm, &policy, args.publication.yes)?;
    let receipt = attempt.roll(RolloutStep::Start(Box::new(ArmStart {
        arm,
        policy: policy.clone(),
        schedule,
    })))?;
    print(format_args!(
        "started: arm {}, set sequence {}\n",
        policy.hash(),
        receipt.set.seq()
    ))
}

/// Prints the symbols of the arm and the differences from the live policy, and asks for confirmation. Fails if the arm is
/// refused.
fn confirm(attempt: &Attempt, arm: &Arm, policy: &ArmPolicy, yes: bool) -> Result<(), Failure> {
    let failed = |error: RolloutError| attempt.failed(Some(arm.hash()), &error);
    let stored = attempt.store.stored().map_err(Failure::error)?;
    let live = stored.policy().map_err(|_| failed(RolloutError::NoLive))?;
    let set = match attempt.store.policy_set() {
        Err(RolloutError::Set(error)) => {
            warn(format_args!("note: {error}; its content is replaced"));
            None
        }
        set => set.map_err(failed)?,
    };
    let set = set.map_or_else(
        || PolicySet::new(0, live.hash()),
        |stored| stored.set().clone(),
    );
    let started = set.start(arm.clone(), policy.policy().symbols(), attempt.now);
    let started = started.map_err(|refusal| failed(refusal.into()))?;
    let mut text = changes_text(&changes(Some(&live), policy.policy()));
    text.push_str(&format!(
        "{} of {}, salt `{}`, until {}, in the symbols:\n",
        if arm.is_shadow() { "shadow" } else { "canary" },
        arm.bps(),
        arm.salt().as_str(),
        arm.until()
    ));
    for symbol in &started.symbols {
        text.push_str(&match arm.key() {
            Key::Symbol => {
                let bucket = arm.salt().bucket(symbol.as_str());
                format!("  {symbol:<20} bucket {bucket}\n")
            }
            Key::Source | Key::Id => format!("  {symbol}\n"),
        });
    }
    print(text)?;
    let question = format!("start this arm in {}?", attempt.store.name());
    ask(&question, "nothing was changed", yes)
}

impl Args {
    /// Reads the policy, and checks it against the guardrails.
    fn policy(&self, attempt: &Attempt) -> Result<ArmPolicy, Failure> {
        let guardrails = self.publication.guardrails.resolve()?;
        let policy = match read_policy(&self.file)? {
            PolicyInput::Valid(policy) => policy,
            PolicyInput::Unavailable(unavailable) => {
                let name = format!("`{}`", shown_path(&self.file));
                print_violations(&name, Format::Text, &unavailable).map_err(|_| {
                    let detail = format!("{name}: {unavailable}");
                    attempt.refused(None, "ROLLOUT_INVALID_POLICY", &detail)
                })?;
                return Err(Failure::error(unavailable));
            }
        };
        let operator = attempt.operator.clone();
        let publication = Publication::new(policy, &guardrails, operator, attempt.now);
        let policy = publication.and_then(|publication| match attempt.signer.clone() {
            Some(signer) => publication.with_signer(signer).arm_policy(),
            None => publication.arm_policy(),
        });
        policy.map_err(|error| attempt.failed(None, &error.into()))
    }

    /// Reads the schedule, if one is given.
    fn schedule(&self, attempt: &Attempt) -> Result<Option<Schedule>, Failure> {
        let Some(path) = &self.share.schedule else {
            return Ok(None);
        };
        let schedule = Schedule::from_json(&read_file(path)?);
        schedule.map(Some).map_err(|error| {
            let detail = format!("`{}`: {error}", shown_path(path));
            attempt.refused(None, "ROLLOUT_INVALID_SCHEDULE", &detail)
        })
    }

    /// Builds the arm, or returns the reason why it is not valid.
    fn arm(&self, policy: &ArmPolicy, schedule: Option<&Schedule>) -> Result<Arm, String> {
        let first = schedule.and_then(|schedule| schedule.steps().first());
        let bps = match (first, self.share.bps) {
            (Some(step), _) => step.bps(),
            (None, bps) => {
                Bps::new(bps.unwrap_or_default()).map_err(|error| format!("`--bps`: {error}"))?
            }
        };
        let salt = Salt::new(&self.salt).map_err(|error| format!("`--salt`: {error}"))?;
        let key = match self.key {
            KeyName::Symbol => Key::Symbol,
            KeyName::Source => Key::Source,
            KeyName::Id => Key::Id,
        };
        let role = match (self.role, self.key) {
            (RoleName::Shadow, _) => Role::Shadow(key),
            (RoleName::Canary, KeyName::Symbol) => Role::Canary,
            (RoleName::Canary, KeyName::Source | KeyName::Id) => {
                return Err(
                    "`--key`: a canary must have the key `symbol`, because a position has one policy; use `symbol`, or \
                     `--role shadow`"
                        .to_owned(),
                );
            }
        };
        let until = |error: ArmError| format!("`--until`: {error}");
        let mut arm = Arm::new(role, policy.hash(), bps, salt, self.until).map_err(until)?;
        if let Some(source) = &self.match_source {
            let named = arm.with_source(source.as_str());
            arm = named.map_err(|error| format!("`--match-source`: {error}"))?;
        }
        Ok(match self.match_symbol {
            Some(symbol) => arm.with_symbol(symbol),
            None => arm,
        })
    }
}
