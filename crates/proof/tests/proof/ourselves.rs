//! The proof of this repository, and a test that each of several added violations makes it fail.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use portcullis::types::Timestamp;
use portcullis_proof::{Report, Settings, prove};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// The folders with the sources of this repository.
const FOLDERS: [&str; 3] = ["src", "crates", "sim"];

/// Violations to add: the check that each violates, its file, and its text.
const SEEDS: [(u8, &str, &str); 14] = [
    (
        1,
        "src/seed_N.rs",
        "pub fn leverage(asked: Option<f64>) -> f64 { asked.unwrap_or(10.0) }",
    ),
    (
        1,
        "src/seed_N.rs",
        "#[derive(Deserialize)] struct S { #[serde(default = \"ten\")] leverage: f64 } fn ten() -> f64 { 10.0 }",
    ),
    (
        2,
        "src/seed_N.rs",
        "fn f(limits: &Limits) -> Order { Order { leverage: limits.max_leverage } }",
    ),
    (
        3,
        "sim/src/seed_N.rs",
        "impl Default for Theta { fn default() -> Self { Self { t1_r: 2.0 } } }",
    ),
    (
        3,
        "sim/src/seed_N.py",
        "if r_net >= 2.0:\n    close_partial()\n",
    ),
    (4, "src/seed_N.rs", "const KILL_THRESHOLD: f64 = 0.55;"),
    (
        5,
        "src/seed_N.rs",
        "const UNIVERSE: [&str; 1] = [\"BTCUSDT\"];",
    ),
    (
        6,
        "src/seed_N.rs",
        "macro_rules! order { () => { Order { size_usd: 200.0 } } }",
    ),
    (6, "sim/seed_N.toml", "position_size_usd = 200"),
    (
        7,
        "src/seed_N.rs",
        "fn f(venue: &Venue) { venue.close_position(\"BTCUSDT\"); }",
    ),
    (
        7,
        "src/seed_N.rs",
        "fn f(fields: &Fields) -> bool { fields.reduce_only.unwrap_or(false) }",
    ),
    (
        8,
        "src/seed_N.rs",
        "fn f(venue: &Venue, asked: &Intent) { venue.place_order(asked); }",
    ),
    (
        9,
        "src/seed_N.rs",
        "fn f(venue: &Venue, asked: &Intent) { let policy = load_policy(); venue.place_order(asked, policy); }",
    ),
    (
        10,
        "src/seed_N.rs",
        "fn f() -> Policy { load_policy().unwrap_or_default() }",
    ),
];

fn proof_of(root: &Path) -> Report {
    let settings = Settings::read(&root.join("portcullis-proof.toml")).unwrap();
    // A fixed day on which the acceptances are valid, so that this test does not start to fail when they expire.
    let day = Timestamp::from_millis(1_795_564_800_000).unwrap();
    let folders = FOLDERS.map(|folder| root.join(folder));
    prove(folders, &settings, day).unwrap()
}

#[test]
fn this_repository_passes() {
    let report = proof_of(Path::new(ROOT));
    assert!(report.passed(), "{report}");
    assert!(report.stale().is_empty(), "{report}");
}

#[test]
fn each_added_violation_fails_the_proof() {
    let copy = tempfile::tempdir().unwrap();
    for folder in FOLDERS {
        copy_sources(&Path::new(ROOT).join(folder), &copy.path().join(folder));
    }
    let settings = "portcullis-proof.toml";
    fs::copy(Path::new(ROOT).join(settings), copy.path().join(settings)).unwrap();
    assert!(proof_of(copy.path()).passed(), "{}", proof_of(copy.path()));
    let seeds: Vec<PathBuf> = (0_usize..)
        .zip(SEEDS)
        .map(|(number, (_, file, text))| {
            let seed = copy.path().join(file.replace('N', &number.to_string()));
            fs::write(&seed, text).unwrap();
            seed
        })
        .collect();
    let report = proof_of(copy.path());
    for (seed, (check, _, text)) in seeds.iter().zip(SEEDS) {
        let of_it = report.findings().iter().filter(|it| it.file == *seed);
        let found: BTreeSet<u8> = of_it.map(|it| it.check.number()).collect();
        assert!(found.contains(&check), "`{text}`: {report}");
    }
    assert!(!report.passed());
    assert!(
        report.findings().iter().all(|it| seeds.contains(&it.file)),
        "{report}"
    );
    let kinds: BTreeSet<u8> = SEEDS.iter().map(|(check, ..)| *check).collect();
    assert_eq!(kinds, (1..=10).collect());
}

fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_sources(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
