//! The same gate in other engines, over the same 200,000 distinct intents, in one run.
//!
//! The gate: the symbol is in the universe, the leverage asked is at most the symbol's, the notional is above zero
//! and at most a limit. An engine that can say only a part of it is held to that part, and its row says so. Every
//! engine is set up once, its inputs are made before the clock starts, and every answer of every pass is compared
//! with the plain rule in `asks.rs`: one that differs ends the run.
//!
//! Prints the table, and writes it to `docs/peers.md` with its chart `docs/peers.svg`:
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml`

mod asks;
mod chart;
mod engines;
mod measure;
mod table;

use std::{error::Error, fs, path::Path, process::ExitCode};

use crate::engines::Peer;

/// Why a run ended without figures.
type Failure = Box<dyn Error>;

/// Odd, so that one pass is the median.
const ROUNDS: usize = 9;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench tells its figures and its failure"
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
    let asks = asks::asks();
    let mut peers: Vec<Box<dyn Peer>> = vec![
        Box::new(engines::portcullis::Columns::new(&asks)?),
        Box::new(engines::portcullis::OneByOne::new(&asks)?),
        Box::new(engines::openpit::OpenPit::new(&asks)?),
        Box::new(engines::casbin::Casbin::group(&asks)?),
        Box::new(engines::regorus::Regorus::new(&asks)?),
        Box::new(engines::cedar::Cedar::new(&asks)?),
        Box::new(engines::casbin::Casbin::rules(&asks)?),
    ];
    let figures = measure::measure(&mut peers, &asks, ROUNDS)?;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    fs::write(
        docs.join("peers.md"),
        table::markdown(&figures, asks.len(), ROUNDS)?,
    )?;
    fs::write(docs.join("peers.svg"), chart::draw(&figures)?)?;
    table::text(&figures, asks.len())
}
