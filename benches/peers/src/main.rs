//! Compares the same gate in several engines, over the same 200,000 distinct intents, in one run.
//!
//! The gate: the symbol is in the universe, the requested leverage is at most the leverage of the
//! symbol, and the notional is greater than zero and at most a limit. An engine that can express
//! only a part of the gate is measured on that part, and its row in the table names the part. Every
//! engine is set up once, and its inputs are created before the measurement starts. Every answer of
//! every pass is compared with the expected answer from `asks.rs`, and a difference ends the run.
//!
//! The program prints the table, and writes it into `docs/figures.md` with the chart
//! `docs/peers.svg`:
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml`
//!
//! With `--write-inputs FOLDER`, it measures nothing, and writes the intents and the policy as files
//! for the comparison with table engines (`scripts/compare-tables`).

mod asks;
mod chart;
mod engines;
mod inputs;
mod measure;
mod table;

use std::{env, error::Error, fs, path::Path, process::ExitCode};

use crate::engines::Peer;

/// The error with which a run ends before it has figures.
type Failure = Box<dyn Error>;

/// Number of rounds. It is odd, so that the median is the value of one round.
const ROUNDS: usize = 9;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its figures and its failure"
)]
fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("peers: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => compare(),
        [option, folder] if option == "--write-inputs" => {
            inputs::write(&asks::asks(), Path::new(folder))
        }
        _ => Err("unexpected arguments; use none, or `--write-inputs FOLDER`".into()),
    }
}

fn compare() -> Result<String, Failure> {
    let asks = asks::asks();
    let mut peers: Vec<Box<dyn Peer>> = vec![
        Box::new(engines::portcullis::Columns::new(&asks)?),
        Box::new(engines::portcullis::OneByOne::new(&asks)?),
        Box::new(engines::openpit::OpenPit::built_in(&asks)?),
        Box::new(engines::openpit::OpenPit::custom(&asks)?),
        Box::new(engines::casbin::Casbin::group(&asks)?),
        Box::new(engines::regorus::Regorus::new(&asks)?),
        Box::new(engines::cedar::Cedar::new(&asks)?),
        Box::new(engines::casbin::Casbin::rules(&asks)?),
    ];
    let figures = measure::measure(&mut peers, &asks, ROUNDS)?;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = docs.join("figures.md");
    let text = table::replaced(&fs::read_to_string(&page)?, &table::markdown(&figures)?)?;
    fs::write(page, text)?;
    fs::write(docs.join("peers.svg"), chart::draw(&figures)?)?;
    table::text(&figures, asks.len())
}
