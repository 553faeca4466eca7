//! Mutation tests with one build.
//!
//! cargo-mutants lists the mutants. This program copies the workspace and adds every mutant to the copy, behind a
//! condition that environment variables enable. So one build serves all mutants, and each mutant needs only the tests
//! that reach it. Mutants for which no condition is possible are built one by one.

#![expect(
    clippy::print_stdout,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "a tool for developers that prints its results, reads files and slices syntax trees"
)]

mod mutant;
mod parallel;
mod switch;
mod tests;
mod workspace;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    error::Error,
    fmt,
    ops::Range,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::Ordering,
    time::Duration,
};

use mutant::Mutant;
use parallel::for_each;
use switch::{Region, switch};
use tests::{Outcome, Test, reaching};
use workspace::{Build, CompileError, Program, Workspace};

/// The function that tests whether a mutant is enabled. Each crate with mutants gets a copy.
const ENABLED: &str = include_str!("enabled.rs.txt");

/// The attribute that turns off all warnings, and the lints that would reject a mutant as an error.
const LINTS: &str = "#![allow(warnings, arithmetic_overflow, unconditional_panic)]\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Caught,
    TimedOut,
    NotCompilable,
    Missed,
}

impl Verdict {
    const ALL: [Self; 4] = [
        Self::Caught,
        Self::TimedOut,
        Self::NotCompilable,
        Self::Missed,
    ];
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caught => "caught",
            Self::TimedOut => "timed out",
            Self::NotCompilable => "not compilable",
            Self::Missed => "missed",
        })
    }
}

/// The mutants of a run. The number of a mutant is its place in the list plus 1.
struct Mutants {
    all: Vec<Mutant>,
    verdicts: BTreeMap<usize, Verdict>,
    /// Mutants that are built one by one.
    single: BTreeSet<usize>,
    /// The names of functions that must stay `const`.
    constants: BTreeSet<String>,
}

/// The mutated sources by file, and where the mutants are in them.
type Sources = (BTreeMap<String, String>, BTreeMap<String, Vec<Region>>);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut parts = arguments.splitn(2, |it| it == "--");
    let selection = parts.next().unwrap_or_default();
    let targets = parts.next().unwrap_or_default();
    let root = env::current_dir()?;
    let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = folder.join("mutants");

    let mut mutants = Mutants {
        all: mutant::list(&root, selection)?,
        verdicts: BTreeMap::new(),
        single: BTreeSet::new(),
        constants: BTreeSet::new(),
    };
    println!("{} mutants", mutants.all.len());
    let workspace = Workspace::new(&root, folder.join("workspace"))?;
    let programs = mutants.build(&workspace, targets)?;
    let limit = env::var("MUTANTS_SECONDS").map_or(Ok(30), |it| it.parse())?;
    let tests = reaching(&programs, &folder, Duration::from_secs(limit))?;
    println!("{} tests reach a mutant", tests.len());
    mutants.test(&tests)?;
    mutants.test_single((&workspace, targets), &tests)?;
    println!("\n{}", mutants.report()?);
    let is_missed = mutants.verdicts.values().any(|it| *it == Verdict::Missed);
    Ok(ExitCode::from(u8::from(is_missed)))
}

impl Mutants {
    fn numbered(&self) -> impl Iterator<Item = (usize, &Mutant)> {
        (1..).zip(&self.all)
    }

    /// Builds all mutants at once. Repeats this without the mutants that cannot be compiled.
    fn build(
        &mut self,
        workspace: &Workspace,
        targets: &[String],
    ) -> Result<Vec<Program>, Box<dyn Error>> {
        loop {
            let (changed, regions) = self.switch(workspace)?;
            workspace.write(&changed)?;
            let errors = match workspace.build(targets)? {
                Build::Programs(programs) => return Ok(programs),
                Build::Errors(errors) => errors,
            };
            let before = (self.verdicts.len(), self.single.len(), self.constants.len());
            for error in &errors {
                self.blame(error, &regions);
            }
            let after = (self.verdicts.len(), self.single.len(), self.constants.len());
            println!("{} do not compile", after.0);
            if before == after {
                let errors = errors.iter().map(|it| &*it.rendered);
                return Err(errors.collect::<String>().into());
            }
        }
    }

    /// Rewrites all files that have mutants.
    fn switch(&mut self, workspace: &Workspace) -> Result<Sources, Box<dyn Error>> {
        let (mut changed, mut regions) = (BTreeMap::new(), BTreeMap::new());
        let mut files: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (number, mutant) in self.numbered() {
            let of_file = files.entry(mutant.file.clone()).or_default();
            if !self.verdicts.contains_key(&number) && !self.single.contains(&number) {
                of_file.push((number, mutant));
            }
        }
        let mut left = Vec::new();
        for (file, of_file) in files {
            let switched = switch(&workspace.source(&file)?, &of_file, &self.constants)?;
            let root = crate_root(&file, workspace)?;
            changed.insert(file.clone(), switched.text);
            regions.insert(file, switched.regions);
            left.extend(switched.left);
            changed
                .entry(root.clone())
                .or_insert(workspace.source(&root)?);
        }
        self.single.extend(left);
        for (file, text) in &mut changed {
            if *file == crate_root(file, workspace)? {
                *text = [LINTS, text, ENABLED].concat();
                for region in regions.get_mut(file).into_iter().flatten() {
                    for range in [&mut region.mutated, &mut region.whole] {
                        *range = range.start + LINTS.len()..range.end + LINTS.len();
                    }
                }
            }
        }
        Ok((changed, regions))
    }

    /// Finds the mutant that causes an error of the compiler. If the error is in the code of a mutant, the mutant does not
    /// compile. Otherwise only its condition may be at fault, so the mutant is built alone.
    fn blame(&mut self, error: &CompileError, regions: &BTreeMap<String, Vec<Region>>) {
        // The error names a function that is called in a constant.
        if let Some((_, text)) = error.rendered.split_once("error[E0015]")
            && let Some(path) = text.split('`').nth(1)
        {
            let path = path.split("::<").next().unwrap_or_default();
            let name = path.rsplit("::").next().unwrap_or_default();
            self.constants.insert(name.to_owned());
            return;
        }
        for (file, place) in error.places() {
            let regions = regions.get(file).into_iter().flatten();
            let inside = |it: &Range<usize>| it.start <= place.start && place.end <= it.end;
            let smallest = regions.clone().filter(|it| inside(&it.mutated));
            if let Some(region) = smallest.min_by_key(|it| it.mutated.len()) {
                self.verdicts.insert(region.mutant, Verdict::NotCompilable);
                continue;
            }
            let smallest = regions.filter(|it| inside(&it.whole));
            if let Some(region) = smallest.min_by_key(|it| it.whole.len()) {
                self.single.insert(region.mutant);
            }
        }
    }

    /// Runs the tests that reach each mutant until one fails.
    fn test(&mut self, tests: &[Test<'_>]) -> Result<(), Box<dyn Error>> {
        let is_left = |it: &usize| !self.verdicts.contains_key(it) && !self.single.contains(it);
        let left: Vec<_> = (1..=self.all.len()).filter(is_left).collect();
        let verdicts = for_each(&left, |_, number| {
            let reaching = tests.iter().filter(|it| it.reached.contains(number));
            self.verdict(*number, reaching)
        })?;
        self.verdicts.extend(left.into_iter().zip(verdicts));
        Ok(())
    }

    /// Builds each mutant in `single` alone, and runs all tests that reach a mutant of the same file.
    fn test_single(
        &mut self,
        (workspace, targets): (&Workspace, &[String]),
        tests: &[Test<'_>],
    ) -> Result<(), Box<dyn Error>> {
        for number in self.single.clone() {
            let mutant = self.mutant(number)?;
            let mut source = workspace.source(&mutant.file)?;
            source.replace_range(mutant.range(&source), &mutant.replacement);
            let root = crate_root(&mutant.file, workspace)?;
            let mut changed = BTreeMap::from([(root.clone(), workspace.source(&root)?)]);
            changed.insert(mutant.file.clone(), source);
            if let Some(text) = changed.get_mut(&root) {
                text.insert_str(0, LINTS);
            }
            workspace.write(&changed)?;
            let of_file = self.numbered().filter(|(_, it)| it.file == mutant.file);
            let of_file: BTreeSet<_> = of_file.map(|(number, _)| number).collect();
            let reaching = tests.iter().filter(|it| !it.reached.is_disjoint(&of_file));
            let verdict = match workspace.build(targets)? {
                Build::Errors(_) => Verdict::NotCompilable,
                Build::Programs(_) => self.verdict(number, reaching)?,
            };
            self.verdicts.insert(number, verdict);
        }
        Ok(())
    }

    fn verdict<'a>(
        &self,
        number: usize,
        tests: impl Iterator<Item = &'a Test<'a>>,
    ) -> Result<Verdict, Box<dyn Error>> {
        let name = &self.mutant(number)?.name;
        let mut tests: Vec<_> = tests.collect();
        tests.sort_by_key(|it| it.time_per_catch());
        for test in &tests {
            let verdict = match test.run(number)? {
                Outcome::Passed => continue,
                Outcome::Failed => Verdict::Caught,
                // If the test also times out without the mutant, the machine is busy, so this test does not count.
                Outcome::TimedOut if test.run(0)? != Outcome::Passed => continue,
                Outcome::TimedOut => Verdict::TimedOut,
            };
            test.caught.fetch_add(1, Ordering::Relaxed);
            println!("{verdict}: {name}, by {}", test.name());
            return Ok(verdict);
        }
        println!("missed: {name}, by {} tests", tests.len());
        Ok(Verdict::Missed)
    }

    fn mutant(&self, number: usize) -> Result<&Mutant, Box<dyn Error>> {
        Ok(self.all.get(number - 1).ok_or("an unknown mutant")?)
    }

    /// Returns the counts by folder as a table, and the missed mutants.
    fn report(&self) -> Result<String, Box<dyn Error>> {
        let mut counts: BTreeMap<&str, BTreeMap<Verdict, u64>> = BTreeMap::new();
        let mut missed = String::new();
        for (number, verdict) in &self.verdicts {
            let mutant = self.mutant(*number)?;
            for area in [area(&mutant.file), "total"] {
                *counts.entry(area).or_default().entry(*verdict).or_default() += 1;
            }
            if *verdict == Verdict::Missed {
                missed += &format!("missed: {}\n", mutant.name);
            }
            if *verdict == Verdict::NotCompilable {
                println!("not compilable: {}", mutant.name);
            }
        }
        let mut table = format!(
            "| folder | mutants | {} |\n",
            Verdict::ALL.map(|it| it.to_string()).join(" | ")
        );
        table += "|---|--:|--:|--:|--:|--:|\n";
        for (area, counts) in counts {
            let columns = Verdict::ALL.map(|it| counts.get(&it).copied().unwrap_or_default());
            let sum: u64 = columns.iter().sum();
            let columns = columns.map(|it| it.to_string()).join(" | ");
            table += &format!("| {area} | {sum} | {columns} |\n");
        }
        Ok(table + &missed)
    }
}

/// Returns the root of the crate that has a file.
fn crate_root(file: &str, workspace: &Workspace) -> Result<String, Box<dyn Error>> {
    let end = file.find("src/").ok_or("a mutant outside of `src`")?;
    let roots = ["lib.rs", "main.rs"].map(|it| format!("{}src/{it}", &file[..end]));
    let root = roots.into_iter().find(|it| workspace.has(it));
    Ok(root.ok_or("a crate without a root")?)
}

/// Returns the folder of a file: `src` of its crate, or the folder directly below `src`.
fn area(file: &str) -> &str {
    let modules = file.find("src/").map_or(0, |it| it + 4);
    let end = file[modules..]
        .find('/')
        .map_or(modules - 1, |it| modules + it);
    &file[..end]
}
