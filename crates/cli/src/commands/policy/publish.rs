//! The command `portcullis policy publish`, and the steps that it shares with `sample` and
//! `rollback`.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use portcullis::{policy::Policy, types::Shown};
use portcullis_lifecycle::{
    Baselines, GatedPublication, GatedPublishError, Outcome,
    gate::{Case, GateRules, Refusal},
    publish as publish_gated,
};
use portcullis_service::runtime::system_time;
use portcullis_sim::{diff::changes, report::changes_text};
use portcullis_store::{PolicyStore, Publication, PublishError, Receipt};

use crate::{
    args::store::{AddressArg, GuardrailsArg, SignOffArgs, SignerArg, warn_of_eviction},
    commands::policy::{check::print_violations, gate::HistoryArgs},
    failure::Failure,
    input::{
        file::{parse_file, shown_path},
        policy::{PolicyInput, read_policy},
    },
    print::{Format, print},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The policy file (JSON); use `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    publication: PublicationArgs,
    /// Publish only if this gate file (TOML) permits the policy; needs `--history`
    ///
    /// A policy that is nowhere looser than the one in the store is published without reading the history. Otherwise, the
    /// recorded intents of the last days are decided under it, under the policy in the store, and under the policy of 24 hours ago. If a bound of the gate is violated, only the tightening
    /// part of the policy is published, the refusal is recorded in the audit log, and the exit status is 1.
    #[arg(long, value_name = "FILE", requires = "tapes")]
    gate: Option<PathBuf>,
    #[command(flatten)]
    history: HistoryArgs,
}

/// The arguments of a publication: store, guardrails, signing key and operator.
#[derive(Debug, clap::Args)]
pub(super) struct PublicationArgs {
    #[command(flatten)]
    pub(super) address: AddressArg,
    #[command(flatten)]
    pub(super) guardrails: GuardrailsArg,
    #[command(flatten)]
    pub(super) signer: SignerArg,
    #[command(flatten)]
    pub(super) sign_off: SignOffArgs,
    /// Publish without asking for confirmation
    #[arg(long)]
    pub(super) yes: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let policy = match read_policy(&args.file)? {
        PolicyInput::Valid(policy) => policy,
        PolicyInput::Unavailable(unavailable) => {
            let name = format!("`{}`", shown_path(&args.file));
            return print_violations(&name, Format::Text, &unavailable);
        }
    };
    match &args.gate {
        None => publish(policy, &args.publication),
        Some(gate) => publish_through_gate(&policy, gate, args),
    }
}

/// Publishes a policy, or its tightening part, after the judgement of the gate.
fn publish_through_gate(policy: &Policy, gate: &Path, args: &Args) -> Result<(), Failure> {
    let rules = parse_file(gate, GateRules::from_toml)?;
    let guardrails = args.publication.guardrails.resolve()?;
    let history = args.history.resolve(&guardrails)?;
    let store = args.publication.address.open()?;
    let now = system_time()?;
    let baselines = Baselines::read(store.as_ref(), now).map_err(Failure::error)?;
    let signer = args.publication.signer.resolve()?;
    let change = changes(baselines.active.as_ref(), policy);
    confirm(&changes_text(&change), store.as_ref(), args.publication.yes)?;
    let case = Case {
        draft: policy,
        baselines: &baselines,
        rules: &rules,
        replayer: &history.intents.replayer,
        candles: &history.candles,
        now,
    };
    let publication = GatedPublication {
        guardrails: &guardrails,
        operator: args.publication.sign_off.operator(),
        signer: signer.as_ref(),
        derivation: None,
        conditions: None,
        clock: &|| system_time().unwrap_or(now),
    };
    let outcome = history.read(|reader, progress| {
        publish_gated(store.as_ref(), &case, reader, &publication, progress)
    });
    let outcome = outcome.map_err(|error| match error {
        GatedPublishError::Publish(error) => publish_failure(error),
        error @ (GatedPublishError::Judge(_) | GatedPublishError::Store(_)) => {
            Failure::error(error)
        }
    })?;
    warn_of_eviction(store.as_ref());
    match outcome {
        Outcome::Tightening(receipt) => print(
            "gate: nowhere looser than the policy in the store\n".to_owned()
                + &receipt_text(&receipt),
        ),
        Outcome::Permitted(receipt) => {
            print("gate: looser, and within all bounds\n".to_owned() + &receipt_text(&receipt))
        }
        Outcome::PartlyRefused(receipt, refusals) => {
            print(receipt_text(&receipt))?;
            Err(refused("only the tightening part was published", &refusals))
        }
        Outcome::Refused(refusals) => Err(refused("nothing was published", &refusals)),
    }
}

fn refused(what: &str, refusals: &[Refusal]) -> Failure {
    let reasons = refusals.iter().map(|it| format!("{}: {it}", it.code()));
    let reasons: Vec<String> = reasons.collect();
    Failure::Negative(format!("{what}: {}", reasons.join("; ")))
}

/// Publishes a policy after printing its changes and asking for confirmation.
pub(super) fn publish(policy: Policy, args: &PublicationArgs) -> Result<(), Failure> {
    let guardrails = args.guardrails.resolve()?;
    let store = args.address.open()?;
    let seen = store.stored().map_err(Failure::error)?;
    let expected = seen.hash().map_err(Failure::error)?;
    let operator = args.sign_off.operator();
    let mut publication =
        Publication::new(policy, &guardrails, operator, system_time()?).map_err(publish_failure)?;
    let mut key = String::new();
    if let Some(signer) = args.signer.resolve()? {
        key = format!("signed: public key {}\n", signer.public_key());
        publication = publication.with_signer(signer);
    }
    let change = changes(seen.policy().ok().as_ref(), publication.policy());
    confirm(&changes_text(&change), store.as_ref(), args.yes)?;
    let receipt = store
        .publish(&publication, expected)
        .map_err(publish_failure)?;
    warn_of_eviction(store.as_ref());
    print(receipt_text(&receipt) + &key)
}

pub(super) fn receipt_text(receipt: &Receipt) -> String {
    let policy = receipt.policy();
    let mut text = format!(
        "published: version {} hash {} sequence {}, until {}\n",
        Shown(policy.version()).whole(),
        policy.hash(),
        receipt.seq(),
        policy.valid_until()
    );
    for repair in receipt.repairs() {
        text.push_str(&format!("note: {repair}\n"));
    }
    text
}

/// Prints the changes and asks for confirmation. Without a terminal, `--yes` is required.
pub(super) fn confirm(change: &str, store: &dyn PolicyStore, yes: bool) -> Result<(), Failure> {
    print(change)?;
    let question = format!("publish this to {}?", store.name());
    ask(&question, "nothing was published", yes)
}

/// Asks a question, and fails with the text `nothing` unless the answer is yes. Without a terminal, `--yes` is required.
pub(super) fn ask(question: &str, nothing: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::error(format_args!(
            "{nothing}: standard input is not a terminal; use `--yes` to continue without confirmation"
        )));
    }
    let mut out = io::stdout().lock();
    write!(out, "{question} [y/N] ")
        .and_then(|()| out.flush())
        .map_err(|error| {
            Failure::error(format_args!(
                "{nothing}: the question cannot be printed: {error}"
            ))
        })?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(Failure::error)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::Negative(nothing.to_owned()))
    }
}

/// Converts a publish error: a rejected policy has exit status 1, an unusable store exit status 2.
pub(super) fn publish_failure(error: PublishError) -> Failure {
    if let PublishError::Store(error) = error {
        return Failure::error(error);
    }
    let code = error
        .code()
        .map_or_else(String::new, |code| format!("{code}: "));
    Failure::Negative(format!("nothing was published: {code}{error}"))
}
