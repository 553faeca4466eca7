//! Proof of a tree of 1,000 Python files with about 200 lines each, on disk and in the page cache.
//!
//! - `parse only` reads the same files and parses each of them with the same parser (Ruff's), on the same number of
//!   threads. It visits no directory, builds no syntax tree of its own, and checks nothing. The difference from `prove`
//!   is the cost of the proof.
//! - `prove` does everything: walk, read, parse, build the syntax tree for the checks, run the ten
//!   checks, and report.
//!
//! Use `taskset -c 0` to measure a single thread. `cargo bench -p portcullis-proof --bench proof`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark reads files and may panic"
)]

use std::{
    fmt::Write as _,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use portcullis::types::Timestamp;
use portcullis_proof::{Settings, prove};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

const FILES: usize = 1_000;
const LINES: usize = 200;
const WORDS: [&str; 24] = [
    "account", "balance", "book", "cache", "client", "depth", "event", "feed", "fill", "handler",
    "index", "intent", "ledger", "level", "market", "message", "queue", "record", "report",
    "session", "signal", "state", "stream", "ticker",
];

fn word(rng: &mut StdRng) -> &'static str {
    WORDS[rng.random_range(0..WORDS.len())]
}

/// Appends a method. Some kinds of methods contain a number that the checks inspect.
fn method(rng: &mut StdRng, out: &mut String) {
    let [a, b, c, d] = [(); 4].map(|()| word(rng));
    let n: u32 = rng.random_range(2..400);
    let body = match rng.random_range(0..6) {
        0 => format!(
            "        {b} = self.{c}.get(\"{d}\", None)\n        if {b} is None or {b}.{c} > {n}:\n            \
             logger.warning(f\"no {{{b}!r}} for {d}\")\n            return None\n        return {b}\n"
        ),
        1 => format!(
            "        total = 0.0\n        for {b} in self.{c}s:\n            if not {b}.is_open:\n                \
             continue\n            total += {b}.{d} * {b}.weight / {n}\n        return total\n"
        ),
        2 => format!(
            "        try:\n            {b} = await self.{c}.fetch({d}, timeout={n})\n        except \
             (TimeoutError, OSError) as error:\n            self.errors.append(str(error))\n            raise\n        \
             return [{d}.strip() for {d} in {b}.split(\",\") if {d}]\n"
        ),
        3 => format!(
            "        {b} = {{\"symbol\": {c}.symbol, \"side\": {c}.side, \"{d}\": {c}.{d}, \"n\": {n}}}\n        \
             if {b}[\"side\"] not in (\"BUY\", \"SELL\"):\n            raise ValueError({b})\n        \
             self.{d}.publish(\"{b}.{c}\", json.dumps({b}, sort_keys=True))\n"
        ),
        4 => format!(
            "        policy = self.store.load()\n        if policy is None:\n            return None\n        \
             leverage = policy.leverage({c}.symbol)\n        return self.{d}.place_order({c}.symbol, {c}.side, \
             leverage=leverage)\n"
        ),
        _ => format!(
            "        {b} = max(self.{c}, self.{d})\n        leverage = {c}.leverage or {n}\n        with self.lock:\n            \
             self.{d} = {b} if {b} < {n} else -{b}\n            self.{c}_count += 1\n        return leverage\n"
        ),
    };
    write!(
        out,
        "\n    async def {a}_{b}_{n}(self, {c}, {d}: float = None):\n"
    )
    .unwrap();
    writeln!(
        out,
        "        \"\"\"The {a} of a {b}, as the {c} has it.\"\"\""
    )
    .unwrap();
    out.push_str(&body);
}

fn source(rng: &mut StdRng) -> String {
    let mut text = "import json\nimport logging\nfrom dataclasses import dataclass\n\nlogger = \
                    logging.getLogger(__name__)\n"
        .to_owned();
    while text.lines().count() < LINES {
        let (a, b) = (word(rng), word(rng));
        write!(
            text,
            "\n\n@dataclass\nclass {a}_{b}:\n    {a}: str\n    {b}: int = 0\n"
        )
        .unwrap();
        for _ in 0..8 {
            method(rng, &mut text);
        }
    }
    text
}

fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut rng = StdRng::seed_from_u64(1);
    let files = (0..FILES).map(|number| {
        let package = folder.join(format!("package_{}", number / 25));
        fs::create_dir_all(&package).unwrap();
        let file = package.join(format!("module_{number}.py"));
        fs::write(&file, source(&mut rng)).unwrap();
        file
    });
    files.collect()
}

fn parse_only(files: &[PathBuf], threads: usize) {
    thread::scope(|scope| {
        for chunk in files.chunks(files.len().div_ceil(threads)) {
            scope.spawn(move || {
                for file in chunk {
                    let text = fs::read_to_string(file).unwrap();
                    black_box(ruff_python_parser::parse_module(&text).unwrap());
                }
            });
        }
    });
}

fn bench(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let files = tree(folder.path());
    let bytes = files
        .iter()
        .map(|file| fs::metadata(file).unwrap().len())
        .sum();
    let threads = thread::available_parallelism().unwrap().get();
    let settings = Settings::default();

    let mut group = c.benchmark_group("proof");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(6))
        .throughput(Throughput::ElementsAndBytes {
            elements: u64::try_from(FILES).unwrap(),
            bytes,
        });
    group.bench_function("parse only", |b| b.iter(|| parse_only(&files, threads)));
    group.bench_function("prove", |b| {
        b.iter(|| {
            let report = prove([folder.path()], &settings, Timestamp::MIN).unwrap();
            assert!(report.unread().is_empty());
            black_box(report)
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
