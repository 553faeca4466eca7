//! The option `--policies` of `portcullis replay`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use portcullis_sim::{
    rank::{Candidate, rank},
    replay::Replayer,
    report::{RankingReport, RunSettings},
};

use crate::{
    failure::Failure,
    input::{file::shown_path, policy::valid_policy, tapes::Tapes},
    output::progress::RunProgress,
    print::{Format, print_summary},
};

/// Ranks the policies in a folder.
pub(super) fn run(
    folder: &Path,
    replayer: &Replayer,
    run_settings: &RunSettings,
    tapes: &Tapes,
    threads: usize,
    format: Format,
) -> Result<(), Failure> {
    let mut candidates = Vec::new();
    for path in policy_files(folder)? {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        candidates.push(Candidate::new(name, valid_policy(&path)?));
    }
    let reader = tapes.reader();
    let progress = RunProgress::new(reader.progress());
    let ranking = rank(replayer, candidates, reader, threads, &mut |records| {
        progress.set_records(records);
    });
    progress.finish();
    let ranking = ranking.map_err(Failure::error)?;
    let report = RankingReport {
        ranking: &ranking,
        run_settings,
        tapes: &tapes.names,
    };
    print_summary(&report, format, None)?;
    tapes.warn_if_unreadable(ranking.read.records, ranking.unreadable);
    report
        .judged_nothing()
        .map_or(Ok(()), |why| Err(Failure::Error(why)))
}

/// Returns the files in a folder that end in `.json`, sorted by name.
fn policy_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let fail = |error| Failure::error(format_args!("`{}`: {error}", shown_path(folder)));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_file() && path.extension().is_some_and(|it| it == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::error(format_args!(
            "`{}` contains no policy files: give a folder with files that end in `.json`",
            shown_path(folder)
        )));
    }
    Ok(files)
}
