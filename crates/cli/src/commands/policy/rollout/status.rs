//! The command `portcullis policy rollout status`.

use std::path::PathBuf;

use portcullis::{
    policy::Policy,
    types::{Rounded, Shown, Symbol, Timestamp},
};
use portcullis_rollout::{Action, Arm, Key};
use portcullis_service::runtime::system_time;
use portcullis_store::{ArmResults, PolicyStore, RolloutError, StoredArm, StoredSet};
use serde_json::{Value, json};

use crate::{
    args::{service::read_keys, store::AddressArg},
    failure::Failure,
    print::{Format, print, print_json},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    address: AddressArg,
    /// The file with a trusted Ed25519 public key (base64), with which the signatures are checked; can be repeated
    /// [default: signatures are not checked]
    #[arg(long = "trusted-key", value_name = "FILE")]
    trusted_keys: Vec<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// The state of an arm.
struct ArmStatus<'a> {
    arm: &'a Arm,
    stored: &'a StoredArm,
    /// The symbols of the policy that the arm applies to.
    symbols: Vec<Symbol>,
    results: ArmResults,
    /// The number of the step with the share of the arm, and the number of steps.
    step: Option<(usize, usize)>,
    next: Option<Next>,
}

/// The next action of a schedule.
struct Next {
    action: String,
    code: &'static str,
    reason: String,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let store = args.address.open()?;
    let now = system_time()?;
    let keys = read_keys(&args.trusted_keys)?;
    let live = store.stored().map_err(Failure::error)?.policy().ok();
    let set = match store.policy_set() {
        Ok(set) => set,
        Err(RolloutError::Store(error)) => return Err(Failure::error(error)),
        Err(error) => return Err(Failure::Negative(format!("{}: {error}", error.code()))),
    };
    let Some(set) = set else {
        return match args.format {
            Format::Json => print_json(&json!({"live": live_json(live.as_ref()), "set": null})),
            Format::Text => print(live_text(live.as_ref()) + "set   none: no arm was started\n"),
        };
    };
    let arms: Result<Vec<_>, Failure> = set
        .arms()
        .iter()
        .map(|arm| status(store.as_ref(), &set, arm, now))
        .collect();
    let arms: Vec<ArmStatus<'_>> = arms?.into_iter().flatten().collect();
    let mut notes = Vec::new();
    if live
        .as_ref()
        .is_some_and(|live| live.hash() != set.set().live())
    {
        notes.push(format!(
            "the set names the live policy {}, but the store contains another one, so no arm applies; change the set again, \
             for example with `portcullis policy rollout kill`",
            set.set().live()
        ));
    }
    if let Err(error) = set.verify(&keys) {
        notes.push(format!("{error}; readers with these keys reject the set"));
    }
    match args.format {
        Format::Json => print_json(&json!({
            "live": live_json(live.as_ref()),
            "set": {
                "seq": set.set().seq(),
                "hash": set.set().hash(),
                "live": set.set().live(),
                "kill": set.set().is_killed(),
                "signed": set.has_signature(),
                "arms": arms.iter().map(arm_json).collect::<Vec<_>>(),
            },
            "notes": notes,
        })),
        Format::Text => print(text(&set, live.as_ref(), &arms, &notes)),
    }
}

/// Reads the results of an arm, and determines its next action.
fn status<'a>(
    store: &dyn PolicyStore,
    set: &'a StoredSet,
    stored: &'a StoredArm,
    now: Timestamp,
) -> Result<Option<ArmStatus<'a>>, Failure> {
    let hash = stored.policy().hash();
    let Some(arm) = set.set().arm(hash) else {
        return Ok(None);
    };
    let results = store.arm_results(hash).map_err(Failure::error)?;
    let measured = stored.measured(&results);
    let next = stored.schedule().and_then(|schedule| {
        let (action, reason) = schedule.next_action(set.set(), hash, &measured, now).ok()?;
        Some(Next {
            action: match action {
                Action::Raise(bps) => format!("raise to {bps}"),
                Action::Promote => "promote".to_owned(),
                Action::Abort => "abort".to_owned(),
                Action::Wait => "wait".to_owned(),
            },
            code: reason.code(),
            reason: reason.to_string(),
        })
    });
    let step = stored.schedule().and_then(|schedule| {
        let steps = schedule.steps();
        let place = steps.iter().position(|step| step.bps() == arm.bps())?;
        Some((place.saturating_add(1), steps.len()))
    });
    Ok(Some(ArmStatus {
        arm,
        stored,
        symbols: symbols(set, arm, stored.policy()),
        results,
        step,
        next,
    }))
}

/// Returns the symbols of the policy that the arm applies to, without regard to times and the kill switch.
fn symbols(set: &StoredSet, arm: &Arm, policy: &Policy) -> Vec<Symbol> {
    let is_covered = |symbol: &Symbol| match arm.key() {
        Key::Symbol => arm.bps().covers(arm.salt().bucket(symbol.as_str())),
        Key::Source | Key::Id => true,
    };
    let is_own = |symbol: &Symbol| {
        let assigned = set.set().assigned(*symbol, arm.source());
        arm.is_shadow() || assigned.is_some_and(|(other, _)| other.hash() == arm.hash())
    };
    let matches = |symbol: &Symbol| arm.symbol().is_none_or(|it| it == *symbol);
    let symbols = policy.symbols();
    symbols
        .filter(|it| matches(it) && is_covered(it) && is_own(it))
        .collect()
}

const fn role(arm: &Arm) -> &'static str {
    if arm.is_shadow() { "shadow" } else { "canary" }
}

fn key(arm: &Arm) -> &'static str {
    arm.key().into()
}

fn live_json(live: Option<&Policy>) -> Value {
    live.map_or(Value::Null, |policy| {
        json!({
            "policy_hash": policy.hash(),
            "policy_version": policy.version(),
            "valid_until": policy.valid_until().to_string(),
        })
    })
}

fn arm_json(status: &ArmStatus<'_>) -> Value {
    let ArmStatus {
        arm,
        stored,
        results,
        ..
    } = status;
    json!({
        "hash": arm.hash(),
        "policy_version": stored.policy().version(),
        "role": role(arm),
        "bps": arm.bps(),
        "key": key(arm),
        "salt": arm.salt(),
        "match_source": arm.source(),
        "match_symbol": arm.symbol(),
        "symbols": status.symbols,
        "since": stored.since().to_string(),
        "until": arm.until().to_string(),
        "closed_trades": stored.measured(results).progress.closed_trades,
        "compared": results.compared,
        "agreed": results.agreed,
        "drawdown": results.drawdown,
        "step": status.step.map(|(step, _)| step),
        "steps": status.step.map(|(_, steps)| steps),
        "next": status.next.as_ref().map(|next| json!({
            "action": next.action,
            "code": next.code,
            "reason": next.reason,
        })),
    })
}

fn live_text(live: Option<&Policy>) -> String {
    live.map_or_else(
        || "live  none: no valid policy, so every entry is skipped\n".to_owned(),
        |policy| {
            format!(
                "live  {}  version {}, until {}\n",
                policy.hash().short(),
                Shown(policy.version()).whole(),
                policy.valid_until()
            )
        },
    )
}

fn text(
    set: &StoredSet,
    live: Option<&Policy>,
    arms: &[ArmStatus<'_>],
    notes: &[String],
) -> String {
    let mut text = live_text(live);
    text.push_str(&format!(
        "set   sequence {}, kill switch {}, {}\n",
        set.set().seq(),
        if set.set().is_killed() { "on" } else { "off" },
        if set.has_signature() {
            "signed"
        } else {
            "not signed"
        },
    ));
    if !arms.is_empty() {
        text.push_str(&format!(
            "\n{:<8}  {:<6}  {:>9}  {:<6}  {:<20}  {:<20}  {:>6}  {:>15}  {:>8}  {}\n",
            "arm", "role", "share", "key", "since", "until", "closed", "agreed", "drawdown", "step"
        ));
    }
    for status in arms {
        text.push_str(&arm_text(status));
    }
    for note in notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text
}

fn arm_text(status: &ArmStatus<'_>) -> String {
    let ArmStatus {
        arm,
        stored,
        results,
        ..
    } = status;
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mut text = format!(
        "{:<8}  {:<6}  {:>9}  {:<6}  {:<20}  {:<20}  {:>6}  {:>15}  {:>8}  {}\n",
        arm.hash().short(),
        role(arm),
        arm.bps().to_string(),
        key(arm),
        to_second(stored.since()),
        to_second(arm.until()),
        stored.measured(results).progress.closed_trades,
        format!("{} of {}", results.agreed, results.compared),
        or_none(results.drawdown.map(|it| Rounded::new(it).to_string())),
        or_none(
            status
                .step
                .map(|(step, steps)| format!("{step} of {steps}"))
        ),
    );
    let symbols: Vec<String> = status.symbols.iter().map(Symbol::to_string).collect();
    text.push_str(&format!("  symbols: {}\n", symbols.join(" ")));
    let source = arm.source().map(|name| format!(" source {}", Shown(name)));
    let symbol = arm.symbol().map(|symbol| format!(" symbol {symbol}"));
    if arm.has_match() {
        let matched = [source, symbol].into_iter().flatten();
        text.push_str(&format!("  match:{}\n", matched.collect::<String>()));
    }
    if let Some(Next {
        action,
        code,
        reason,
    }) = &status.next
    {
        text.push_str(&format!("  next: {action}: {code}: {reason}\n"));
    }
    text
}

/// Returns a time without the fraction of its second.
fn to_second(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}
