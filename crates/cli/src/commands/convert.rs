//! `portcullis convert`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::{Compression, write::GzEncoder};
use parquet::errors::ParquetError;

use super::{
    Failure,
    failure::print_to,
    input::is_stdin,
    out::{is_parquet, open_all},
    replay::Bar,
};
use portcullis_sim::{
    report::table::counted,
    tape::{Line, LineContent, RowWriter, TapeReader, TapeSource, resolve},
};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The tapes to convert: JSONL (plain, gzip or zstd) or Parquet. `-` is standard input; glob patterns are expanded
    /// in name order
    #[arg(value_name = "TAPE", required = true)]
    tapes: Vec<PathBuf>,
    /// The file to write the tapes to, one after the other. The extension selects the format: `.parquet`, `.gz`,
    /// `.zst`, or plain JSONL for any other. `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The writer of the output tape, by format.
enum Writing<'a> {
    Plain(&'a mut (dyn Write + Send)),
    Gzip(GzEncoder<&'a mut (dyn Write + Send)>),
    Zstd(zstd::Encoder<'static, &'a mut (dyn Write + Send)>),
    Rows(Box<RowWriter<&'a mut (dyn Write + Send)>>),
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let tape = args.tapes.iter().find(|tape| is_stdin(tape));
    let sources = resolve(&args.tapes).map_err(Failure::unusable)?;
    let mut inputs: Vec<&Path> = tape.map(PathBuf::as_path).into_iter().collect();
    inputs.extend(sources.iter().filter_map(TapeSource::path));
    let tapes = TapeReader::new(sources.clone()).carrying();
    let bar = Bar::new(tapes.progress());
    let records = Arc::new(AtomicU64::new(0));
    let [out] = open_all([Some(&args.out)], &inputs, &records, &bar.bar)?;
    let Some(mut out) = out else { return Ok(()) };
    let converted = convert(&args.out, out.writer(), tapes, &mut |so_far| {
        records.store(so_far, Ordering::Relaxed);
        bar.show(so_far);
    });
    bar.finish();
    let records = converted?;
    out.finish()?;
    let mut to: Box<dyn Write> = match args.out == Path::new("-") {
        true => Box::new(io::stderr()),
        false => Box::new(io::stdout()),
    };
    print_to(&mut to, format_args!("{}\n", counted(records, "record")))
}

/// Writes every record in order. Returns the number of records.
fn convert(
    name: &Path,
    to: &mut (dyn Write + Send),
    tapes: TapeReader,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Failure> {
    let mut writing = Writing::of(name, to).map_err(|error| Failure::output(&error))?;
    let mut records = 0;
    for chunk in tapes {
        let chunk = chunk.map_err(Failure::unusable)?;
        for line in chunk.lines() {
            let bytes = match line.content {
                LineContent::Text(text) => text.as_bytes(),
                LineContent::NotUtf8 { bytes, .. } => bytes,
                LineContent::TooLong => return Err(too_long(line)),
            };
            let written = writing.push(bytes);
            written.map_err(|error| Failure::output(&error))?;
            records += 1;
        }
        progress(records);
    }
    let finished = writing.finish();
    finished.map_err(|error| Failure::output(&error))?;
    Ok(records)
}

fn too_long(line: Line<'_>) -> Failure {
    Failure::unusable(format_args!(
        "line {} is longer than 16 MiB, the longest record that can be read; remove it from the tape",
        line.number
    ))
}

impl<'a> Writing<'a> {
    fn of(name: &Path, to: &'a mut (dyn Write + Send)) -> io::Result<Self> {
        let ends = |ending: &str| {
            let found = name.extension();
            found.is_some_and(|found| found.eq_ignore_ascii_case(ending))
        };
        Ok(if is_parquet(name) {
            Self::Rows(Box::new(RowWriter::new(to).map_err(io::Error::other)?))
        } else if ends("gz") {
            Self::Gzip(GzEncoder::new(to, Compression::default()))
        } else if ends("zst") {
            Self::Zstd(zstd::Encoder::new(to, 0)?)
        } else {
            Self::Plain(to)
        })
    }

    fn push(&mut self, line: &[u8]) -> io::Result<()> {
        let to: &mut dyn Write = match self {
            Self::Plain(to) => to,
            Self::Gzip(to) => to,
            Self::Zstd(to) => to,
            Self::Rows(rows) => return rows.push(line).map_err(io::Error::other),
        };
        to.write_all(line)?;
        to.write_all(b"\n")
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(to) => to.finish().map(|_| ()),
            Self::Zstd(to) => to.finish().map(|_| ()),
            Self::Rows(rows) => rows
                .finish()
                .map_err(|error: ParquetError| io::Error::other(error)),
        }
    }
}
