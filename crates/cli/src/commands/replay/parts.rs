//! The options `--plan` and `--part` of `portcullis replay`.

use std::{fmt::Display, ops::ControlFlow, path::Path};

use portcullis_sim::{
    replay::{
        ReplayError, Sinks,
        parts::{NamedText, PartsError, Plan, Settings},
    },
    tape::TapeSource,
};

use crate::{
    args::{engine::EngineArgs, operator::OperatorArgs},
    failure::Failure,
    input::{
        file::{read_file, shown_path},
        parts::read_json,
        policy::{InitialPolicy, read_guardrails_text},
        tapes::Tapes,
    },
    output::{
        answers::answers_to,
        file::open_all,
        progress::{RunProgress, spinner},
    },
    print::{print_json_line, summary_output},
};

/// Writes the plan of a replay to standard output.
pub(super) fn plan(
    tapes: &Tapes,
    policy: Option<&Path>,
    settings: &EngineArgs,
    parts: u64,
    threads: usize,
) -> Result<(), Failure> {
    if let Some(tape) = tapes.sources().iter().find(|tape| !is_divisible(tape)) {
        return Err(Failure::error(format_args!(
            "{tape} cannot be divided into parts: save it to a file and give that file"
        )));
    }
    let settings = plan_settings(settings, policy)?;
    let progress = spinner();
    let plan = Plan::new(settings, tapes.sources(), parts, threads, &mut |counts| {
        progress.set_message(format!("{} records", counts.records));
        ControlFlow::Continue(())
    });
    progress.finish_and_clear();
    print_json_line(&mut summary_output(None), &plan?)
}

/// Evaluates a part of a plan, and writes the result to standard output.
pub(super) fn evaluate(
    path: &Path,
    number: u64,
    operator: &OperatorArgs,
    out: Option<&Path>,
    threads: usize,
) -> Result<(), Failure> {
    let plan: Plan = read_json(path, "a plan")?;
    check_ownership(operator, plan.settings())?;
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    let reader = plan.reader(number)?;
    let progress = RunProgress::new(reader.progress());
    let files = plan.inputs().iter().map(|input| Path::new(&input.path));
    let inputs: Vec<&Path> = files.chain([path]).collect();
    let [mut file] = open_all([out], &inputs, &progress)?;
    let sinks = Sinks {
        answers: answers_to(file.as_mut(), None)?,
        tally: None,
        progress: &mut |counts| progress.set_records(counts.records),
    };
    let part = plan.evaluate(number, reader, threads, sinks);
    progress.finish();
    // The answers that precede a read error are kept.
    let finished = match (file, &part) {
        (None, _) | (_, Err(PartsError::Replay(ReplayError::Write(_)))) => Ok(()),
        (Some(file), _) => file.finish(),
    };
    let part = part?;
    finished?;
    print_json_line(&mut summary_output(out), &part)
}

fn is_divisible(tape: &TapeSource) -> bool {
    matches!(tape, TapeSource::Object(_)) || tape.path().is_some_and(Path::is_file)
}

fn plan_settings(settings: &EngineArgs, policy: Option<&Path>) -> Result<Settings, Failure> {
    let operator = &settings.operator;
    let ownership = operator.ownership()?;
    let named = |path: &Path, text: String| NamedText {
        name: shown_path(path),
        text,
    };
    let guardrails = operator.guardrails().map(|path| -> Result<_, Failure> {
        let (text, _) = read_guardrails_text(path)?;
        Ok(named(path, text))
    });
    let policy = policy.map(|path| -> Result<_, Failure> {
        let text = read_file(path)?;
        // The violations of a policy that is not valid are reported here. Such a policy also decides the exit status of
        // `merge`.
        InitialPolicy::of(path, &text)?;
        Ok(named(path, text))
    });
    Ok(Settings {
        guardrails: guardrails.transpose()?,
        policy: policy.transpose()?,
        exit_owner: ownership.owner().to_owned(),
        exit_delegates: ownership.delegates().map(str::to_owned).collect(),
        assume_in_force: settings.assume_in_force,
    })
}

/// Checks that the exit owner and the delegates, if they are given, are those of the plan.
fn check_ownership(operator: &OperatorArgs, settings: &Settings) -> Result<(), Failure> {
    let differs = |option: &str, variable: &str, plan: &dyn Display| {
        Err(Failure::error(format_args!(
            "`{option}` ({variable}) differs from the plan, which has `{plan}`: do not set it, or make a new plan"
        )))
    };
    let (owner, delegates) = operator.given_ownership()?;
    if owner.is_some_and(|owner| owner != settings.exit_owner) {
        return differs("--exit-owner", "QUANTUM_EXIT_OWNER", &settings.exit_owner);
    }
    if delegates.is_some_and(|delegates| delegates != settings.exit_delegates) {
        let plan = settings.exit_delegates.join(",");
        return differs("--exit-delegate", "QUANTUM_EXIT_DELEGATES", &plan);
    }
    Ok(())
}
