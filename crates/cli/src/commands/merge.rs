//! The command `portcullis merge`.

use std::path::{Path, PathBuf};

use portcullis_sim::{
    replay::parts::{Input, Merged, Part, Settings, merge},
    report::{ReplayReport, RunSettings},
};

use crate::{
    commands::replay::warn_of_unreadable,
    failure::Failure,
    input::{file::shown_path, parts::read_json, policy::InitialPolicy},
    print::{Format, print_json_line, print_summary, summary_output, warn},
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The results of `portcullis replay --part`, or of `portcullis merge`, in any order
    ///
    /// If the results cover every part of the plan, the summary of the whole replay is printed. Otherwise the parts must
    /// be consecutive, and are written as one part.
    #[arg(value_name = "PART", required = true)]
    parts: Vec<PathBuf>,
    /// The output format of the summary
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let read = |path: &PathBuf| -> Result<(String, Part), Failure> {
        let part = read_json(path, "a part")?;
        Ok((format!("`{}`", shown_path(path)), part))
    };
    let parts = args.parts.iter().map(read).collect::<Result<_, _>>()?;
    let Merged { part, outcome, .. } = merge(parts)?;
    let Some(outcome) = outcome else {
        let (first, last) = part.records();
        warn(format_args!(
            "parts are missing: records {first} to {last} are written as one part, and there is no summary"
        ));
        return print_json_line(&mut summary_output(None), &part);
    };
    let names: Vec<String> = part.inputs().iter().map(Input::name).collect();
    let summary = ReplayReport {
        outcome: &outcome,
        run_settings: &run_settings(part.settings()),
        tapes: &names,
    };
    let validity = validity(part.settings());
    print_summary(&summary, args.format, None)?;
    warn_of_unreadable(&names, &outcome.unreadable_tapes);
    validity
}

/// Returns the failure with which the replay ends if the policy file is not valid. Writes every violation to standard
/// error.
fn validity(settings: &Settings) -> Result<(), Failure> {
    match (&settings.policy, settings.initial()) {
        (Some(file), Err(unavailable)) => {
            InitialPolicy::unavailable(Path::new(&file.name), unavailable).validity
        }
        (Some(_), Ok(_)) | (None, _) => Ok(()),
    }
}

fn run_settings(settings: &Settings) -> RunSettings {
    let guardrails = settings.guardrails.as_ref();
    RunSettings {
        guardrails: guardrails.map_or_else(|| "none".to_owned(), |file| file.name.clone()),
        exit_owner: settings.exit_owner.clone(),
        exit_delegates: settings.exit_delegates.clone(),
        assume_in_force: settings.assume_in_force,
    }
}
