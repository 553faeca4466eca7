//! The command `portcullis proof`.

use std::path::{Path, PathBuf};

use portcullis_proof::{Settings, prove};
use portcullis_service::runtime::system_time;

use crate::{
    failure::Failure,
    print::{print_json, print_to},
};

/// The default settings file, used if it exists in the current directory.
const SETTINGS: &str = "portcullis-proof.toml";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The files and directories to examine: Python, Rust, TOML, YAML, JSON and `.env` files
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The TOML file with additional names, accepted findings and excluded paths [default:
    /// portcullis-proof.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The format of the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Human-readable text
    Text,
    /// Machine-readable JSON
    Json,
    /// SARIF 2.1.0 for code scanning services and editors
    Sarif,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let settings = settings(args.settings.as_deref())?;
    let report = prove(&args.paths, &settings, system_time()?).map_err(Failure::error)?;
    match args.format {
        Format::Text => print_to(&mut anstream::stdout().lock(), format!("{report:#}")),
        Format::Json => print_json(&report),
        Format::Sarif => print_json(&report.sarif()),
    }?;
    if report.passed() {
        Ok(())
    } else {
        Err(Failure::Negative("the proof fails".to_owned()))
    }
}

fn settings(path: Option<&Path>) -> Result<Settings, Failure> {
    let standard = Path::new(SETTINGS);
    let path = match path {
        Some(path) => path,
        // Settings that exist but cannot be accessed are an error, so they are not skipped.
        None if standard.try_exists().is_ok_and(|exists| !exists) => {
            return Ok(Settings::default());
        }
        None => standard,
    };
    Settings::read(path).map_err(Failure::error)
}
