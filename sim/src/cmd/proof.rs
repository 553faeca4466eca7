//! `portcullis proof`

use std::path::{Path, PathBuf};

use portcullis::proof::{Settings, prove};

use super::{
    Failure, clock,
    failure::{print_json, print_to},
};

/// Heard without being asked for, where it stands in the current directory.
const SETTINGS: &str = "portcullis-proof.toml";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and directories: Python, Rust, TOML, YAML, JSON and `.env`
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Further names, accepted findings, paths to leave out (TOML) [default: portcullis-proof.toml,
    /// if there is one]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a person
    Text,
    /// For a machine
    Json,
    /// For a forge or an editor: SARIF 2.1.0
    Sarif,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let settings = settings(args.settings.as_deref())?;
    let report = prove(&args.paths, &settings, clock::now()?).map_err(Failure::unusable)?;
    let written = match args.format {
        Format::Text => print_to(&mut anstream::stdout().lock(), format!("{report:#}")),
        Format::Json => print_json(&report),
        Format::Sarif => print_json(&report.sarif()),
    };
    match written {
        // The status is the answer, whether or not somebody reads the rest.
        Ok(()) | Err(Failure::ReaderGone) if !report.passed() => {
            Err(Failure::No("the proof fails".to_owned()))
        }
        written => written,
    }
}

fn settings(asked: Option<&Path>) -> Result<Settings, Failure> {
    let standard = Path::new(SETTINGS);
    let path = match asked {
        Some(path) => path,
        // One that cannot be looked at is not passed over.
        None if standard.try_exists().is_ok_and(|exists| !exists) => {
            return Ok(Settings::default());
        }
        None => standard,
    };
    Settings::read(path).map_err(Failure::unusable)
}
