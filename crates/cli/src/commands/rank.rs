//! `portcullis replay --policies`

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Failure,
    failure::{print, print_json},
    input::{illegible, valid_policy},
    replay::{Bar, Format},
};
use portcullis_sim::{
    rank::{Candidate, RankingReport, rank},
    replay::Replayer,
    report::Operator,
    tape::TapeReader,
};

pub(super) fn run(
    folder: &Path,
    judge: &Replayer,
    operator: &Operator,
    tapes: (TapeReader, &[String]),
    format: Format,
) -> Result<(), Failure> {
    let (tapes, names) = tapes;
    let candidates = files(folder)?.into_iter().map(|path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        Ok(Candidate::new(name, valid_policy(&path)?))
    });
    let candidates = candidates.collect::<Result<Vec<_>, Failure>>()?;
    let bar = Bar::new(tapes.progress());
    let ranking = rank(judge, candidates, tapes, &mut |records| bar.show(records));
    bar.finish();
    let ranking = ranking.map_err(Failure::unusable)?;
    let told = RankingReport {
        ranking: &ranking,
        operator,
        tapes: names,
    };
    match format {
        Format::Text => print(&told)?,
        Format::Json => print_json(&told)?,
    }
    illegible(ranking.read.records, ranking.unreadable, names);
    Ok(())
}

/// Returns the files in a folder that end in `.json`, sorted by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let why = |error| Failure::unusable(format_args!("`{}`: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(why)? {
        let path = entry.map_err(why)?.path();
        if path.is_file() && path.extension().is_some_and(|it| it == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::unusable(format_args!(
            "`{}` contains no policy files: give a folder with files that end in `.json`",
            folder.display()
        )));
    }
    Ok(files)
}
