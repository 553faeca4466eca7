//! Runs of single tests.

use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{parallel::for_each, workspace::Program};

/// A test, with the results of its run without a mutant.
pub(crate) struct Test<'a> {
    program: &'a Program,
    name: String,
    duration: Duration,
    /// The mutants whose code the test reaches.
    pub(crate) reached: BTreeSet<usize>,
    /// The number of mutants that it has caught.
    pub(crate) caught: AtomicU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    TimedOut,
}

/// The memory limit of a test, in KiB, because a mutant can allocate memory without end.
const MEMORY: u64 = 8 << 20;

impl Test<'_> {
    /// Returns a name of the test for people.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.program.target, self.name)
    }

    /// Returns an estimate of the run time per mutant that the test catches. Tests with a low value run first.
    pub(crate) fn time_per_catch(&self) -> Duration {
        self.duration / (self.caught.load(Ordering::Relaxed) + 1)
    }

    /// Runs the test with a mutant.
    pub(crate) fn run(&self, mutant: usize) -> Result<Outcome, Box<dyn Error>> {
        let bits = (0..usize::BITS).filter(|bit| mutant >> bit & 1 == 1);
        let enabled: Vec<_> = bits
            .map(|bit| (format!("MUTANT_{bit}"), String::new()))
            .collect();
        let limit = self.duration * 4 + Duration::from_secs(8);
        run(self.program, &self.name, &enabled, limit)
    }
}

/// Runs every test while no mutant is active, and returns those that execute code with a mutant. Tests that fail, or that take longer
/// than `limit`, are reported and left out.
pub(crate) fn reaching<'a>(
    programs: &'a [Program],
    folder: &Path,
    limit: Duration,
) -> Result<Vec<Test<'a>>, Box<dyn Error>> {
    let mut names = Vec::new();
    for program in programs {
        let output = Command::new(&program.executable)
            .args(["--list", "--format=terse"])
            .current_dir(&program.folder)
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let tests = text.lines().filter_map(|it| it.strip_suffix(": test"));
        names.extend(tests.map(|name| (program, name.to_owned())));
    }
    fs::create_dir_all(folder)?;
    let tests = for_each(&names, |place, (program, name)| {
        let file = folder.join(format!("reached-{place}"));
        let _ = fs::remove_file(&file);
        let record = [("MUTANTS_REACHED".to_owned(), file.display().to_string())];
        let start = Instant::now();
        // The recording allocates memory, so a test that counts allocations fails and is run again without it.
        let mut outcome = run(program, name, &record, limit)?;
        if outcome == Outcome::Failed {
            outcome = run(program, name, &[], limit)?;
        }
        let duration = start.elapsed();
        let reached = fs::read_to_string(&file).unwrap_or_default();
        let reached: BTreeSet<_> = reached.lines().filter_map(|it| it.parse().ok()).collect();
        let is_used = outcome == Outcome::Passed && !reached.is_empty();
        if !is_used && !reached.is_empty() {
            let target = &program.target;
            println!("left out, {outcome:?} without a mutant: {target} {name}");
        }
        Ok(is_used.then(|| Test {
            program,
            name: name.clone(),
            duration,
            reached,
            caught: AtomicU32::new(0),
        }))
    })?;
    Ok(tests.into_iter().flatten().collect())
}

fn run(
    program: &Program,
    test: &str,
    environment: &[(String, String)],
    limit: Duration,
) -> Result<Outcome, Box<dyn Error>> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {MEMORY}; exec \"$0\" --exact \"$1\""))
        .arg(&program.executable)
        .arg(test)
        .current_dir(&program.folder)
        .envs(environment.iter().cloned())
        .env("INSTA_UPDATE", "no")
        .env("PORTCULLIS_CASES", "12")
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let start = Instant::now();
    let outcome = loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(Outcome::Passed),
            Some(_) => break Outcome::Failed,
            None if start.elapsed() > limit => break Outcome::TimedOut,
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    // Also ends the programs that the test started.
    let group = format!("-{}", child.id());
    Command::new("kill")
        .args(["-9", "--", &group])
        .stderr(Stdio::null())
        .status()?;
    child.wait()?;
    Ok(outcome)
}
