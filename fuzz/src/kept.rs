//! The inputs that are kept in the repository.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    thread,
};

/// As deep as a fuzzer's own thread: the naive engine reads what is nested one call a level.
const STACK: usize = 64 << 20;

/// Tries every input of a target: its corpus, of which there must be some, and what was once a finding.
pub(crate) fn replay(target: &str, run: fn(&[u8])) {
    // The packages of the workspace lie at its root, or a step below.
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let home = above
        .map(|above| above.join("fuzz"))
        .find(|home| home.join("corpus").is_dir());
    let home = home.unwrap_or_else(|| panic!("no corpora"));
    let corpus = files(&home.join("corpus").join(target));
    assert!(!corpus.is_empty(), "no corpus of `{target}`");
    let regressions = home.join("regressions").join(target);
    let found = if regressions.exists() {
        files(&regressions)
    } else {
        Vec::new()
    };
    let work = move || {
        for path in corpus.iter().chain(&found) {
            let data = fs::read(path).unwrap();
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&data))) {
                eprintln!("the input is {}", path.display());
                resume_unwind(panic);
            }
        }
    };
    let done = thread::Builder::new()
        .stack_size(STACK)
        .spawn(work)
        .unwrap()
        .join();
    done.unwrap_or_else(|panic| resume_unwind(panic));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
