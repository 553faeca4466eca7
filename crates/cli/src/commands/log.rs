//! The command `portcullis log`.

use std::{
    num::{NonZeroU32, NonZeroU64},
    path::PathBuf,
};

use portcullis_log::{Checkpoint, Verification, verify};
use portcullis_service::{
    decision_log::{self, Settings, stored_checkpoint},
    keys,
    runtime::{Stop, log_status},
};
use portcullis_sim::text::counted;
use portcullis_store::PolicySigner;
use serde_json::json;

use crate::{
    args::service::{LogArgs, ServerArg, read_keys},
    failure::Failure,
    input::file::{check_secret, parse_file, shown_path},
    print::{Format, print, print_json, warn},
};

#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum Command {
    /// Append the answers of a bridge to the logs DIR/plans and DIR/skips, until interrupted
    Write(Box<WriteArgs>),
    /// Check a log; the exit status is 1 if a row or a checkpoint was edited, dropped or swapped, and 2 if the directory
    /// contains no log
    Verify(VerifyArgs),
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct WriteArgs {
    /// The directory of the logs, which is created if it does not exist
    directory: PathBuf,
    #[command(flatten)]
    server: ServerArg,
    /// The file with the Ed25519 key (32 bytes in base64) that signs the checkpoints
    #[arg(long, value_name = "FILE")]
    signing_key: PathBuf,
    /// The Redis stream of plans
    #[arg(long, value_name = "STREAM", default_value = keys::PLANS)]
    plan_stream: String,
    /// The Redis stream of skip records
    #[arg(long, value_name = "STREAM", default_value = keys::SKIPS)]
    skip_stream: String,
    /// The number of rows after which a checkpoint is written
    #[arg(long, value_name = "N", default_value = "1000")]
    checkpoint_rows: NonZeroU32,
    /// The time after which a checkpoint is written if there are new rows, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    checkpoint_sec: NonZeroU32,
    /// The size in bytes at which a file is sealed and compressed
    #[arg(long, value_name = "BYTES", default_value = "67108864")]
    rotate_bytes: NonZeroU64,
    /// The time after which a file is sealed and compressed, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "86400")]
    rotate_sec: NonZeroU32,
    /// The number of sealed files that are kept [default: all]
    #[arg(long, value_name = "N")]
    retain_files: Option<NonZeroU32>,
    /// The time for which sealed files are kept, in seconds [default: for ever]
    #[arg(long, value_name = "SECONDS")]
    retain_sec: Option<NonZeroU32>,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The directory of one log, such as DIR/plans
    directory: PathBuf,
    /// The file with an Ed25519 public key (base64) of the checkpoints; can be repeated [default: signatures are not
    /// checked]
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// The file with the last checkpoint, as a line of text, that was stored in another place
    #[arg(long, value_name = "FILE", conflicts_with = "stored_for")]
    checkpoint: Option<PathBuf>,
    /// Compare the log with the last checkpoint that the server stores for this stream
    #[arg(long, value_name = "STREAM")]
    stored_for: Option<String>,
    #[command(flatten)]
    server: ServerArg,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Write(args) => write(args),
        Command::Verify(args) => check(args),
    }
}

fn write(args: &WriteArgs) -> Result<(), Failure> {
    check_secret(&args.signing_key)?;
    let signer = parse_file(&args.signing_key, |text| {
        PolicySigner::from_base64(text.trim())
    })?;
    if args.plan_stream == args.skip_stream {
        return Err(Failure::error(
            "the streams of plans and of skip records must differ",
        ));
    }
    let settings = Settings {
        redis: args.server.resolve()?,
        logs: vec![
            (args.plan_stream.clone(), args.directory.join("plans")),
            (args.skip_stream.clone(), args.directory.join("skips")),
        ],
        log: portcullis_log::Settings {
            checkpoint_rows: args.checkpoint_rows,
            checkpoint_sec: args.checkpoint_sec,
            rotate_bytes: args.rotate_bytes,
            rotate_sec: args.rotate_sec,
            retain_files: args.retain_files,
            retain_sec: args.retain_sec,
        },
        signer,
    };
    args.log.apply()?;
    let stop = Stop::on_signals().map_err(Failure::error)?;
    log_status(format_args!(
        "decision log: `{}`; Redis at {}; public key {}",
        shown_path(&args.directory),
        settings.redis,
        settings.signer.public_key()
    ));
    decision_log::run(&settings, &stop).map_err(Failure::error)
}

fn check(args: &VerifyArgs) -> Result<(), Failure> {
    let keys = read_keys(&args.keys)?;
    let stored: Option<Checkpoint> = match (&args.checkpoint, &args.stored_for) {
        (Some(path), _) => Some(parse_file(path, |text| text.trim_end().parse())?),
        (None, Some(stream)) => {
            let found = stored_checkpoint(&args.server.resolve()?, stream);
            Some(found.map_err(Failure::error)?.ok_or_else(|| {
                Failure::error(format_args!(
                    "the server stores no checkpoint for `{stream}`"
                ))
            })?)
        }
        (None, None) => None,
    };
    let found = verify(&args.directory, &keys, stored.as_ref()).map_err(Failure::error)?;
    for it in &found.leftovers {
        warn(format_args!("note: {it}"));
    }
    let faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
    match args.format {
        Format::Json => print_json(&json!({
            "verified": found.is_verified(),
            "files": found.files,
            "rows": found.rows,
            "removed_rows": found.removed_rows,
            "unsigned_rows": found.unsigned_rows(),
            "checkpoint": found.checkpoint.as_ref().map(ToString::to_string),
            "signatures_checked": found.has_checked_signatures,
            "stored_checkpoint_compared": found.has_compared_stored,
            "foreign": found.foreign,
            "faults": faults,
        }))?,
        Format::Text => print(summary(&found, &faults))?,
    }
    if found.is_verified() {
        Ok(())
    } else {
        Err(Failure::Negative(format!(
            "`{}`: the log has {}",
            shown_path(&args.directory),
            counted(found.fault_count, "fault")
        )))
    }
}

fn summary(found: &Verification, faults: &[String]) -> String {
    let mut text = format!(
        "{} in {}; {} after the last checkpoint\n",
        counted(found.rows, "row"),
        counted(found.files, "file"),
        counted(found.unsigned_rows(), "row")
    );
    if found.removed_rows > 0 {
        let rows = counted(found.removed_rows, "row");
        text += &format!("removed by retention and not verified: {rows}\n");
    }
    text += match found.has_checked_signatures {
        true => "the signatures of the checkpoints were checked\n",
        false => "the signatures of the checkpoints were NOT checked; give `--key FILE`\n",
    };
    text += match found.has_compared_stored {
        true => "the log was compared with a stored checkpoint\n",
        false => {
            "the log was NOT compared with a stored checkpoint; give `--stored-for STREAM` or `--checkpoint FILE`\n"
        }
    };
    for fault in faults {
        text += &format!("fault: {fault}\n");
    }
    text
}
