//! Replay of the inputs that are stored in the repository.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    thread,
};

/// The stack size of the fuzzer's own thread. The naive engine recurses once for each nesting level.
const STACK: usize = 64 << 20;

/// Runs a target with every input of its corpus, which must not be empty, and with every input that was once a finding.
pub(crate) fn replay(target: &str, run: fn(&[u8])) {
    // The packages of the workspace are in its root or one level below it.
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let home = above
        .map(|above| above.join("fuzz"))
        .find(|home| home.join("corpus").is_dir());
    let home = home.unwrap_or_else(|| panic!("no folder `fuzz/corpus` above the package"));
    let corpus = files(&home.join("corpus").join(target));
    assert!(!corpus.is_empty(), "no corpus for the target `{target}`");
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
