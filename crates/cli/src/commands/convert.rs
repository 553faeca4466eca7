//! The command `portcullis convert`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use portcullis_sim::{
    tape::{LineContent, RowWriter, TapeReader, write_line},
    text::counted,
};

use crate::{
    failure::Failure,
    input::tapes::Tapes,
    output::{
        file::{has_extension, is_parquet, open_all},
        progress::RunProgress,
    },
    print::{print_to, summary_output},
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The tapes to convert: JSON Lines (plain, gzip or zstd) or Parquet; use `-` for standard input
    ///
    /// Quoted glob patterns are expanded in name order.
    #[arg(value_name = "TAPE", required = true)]
    tapes: Vec<PathBuf>,
    /// The output file, which receives all tapes in the given order; use `-` for standard output
    ///
    /// The extension selects the format: `.parquet`, `.gz`, `.zst`, or plain JSON Lines for any other.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let tapes = Tapes::resolve(&args.tapes)?;
    let inputs: Vec<&Path> = tapes.paths().collect();
    let reader = tapes.reader().carrying();
    let progress = RunProgress::new(reader.progress());
    let [out] = open_all([Some(&*args.out)], &inputs, &progress)?;
    let Some(mut out) = out else { return Ok(()) };
    let converted = convert(&args.out, out.writer(), reader, &progress);
    progress.finish();
    let records = converted?;
    out.finish()?;
    print_to(
        &mut summary_output(Some(&args.out)),
        format_args!("{}\n", counted(records, "record")),
    )
}

/// Writes every record in order. Returns the number of records.
fn convert(
    path: &Path,
    out: &mut (dyn Write + Send),
    tapes: TapeReader,
    progress: &RunProgress,
) -> Result<u64, Failure> {
    let mut writer = TapeWriter::new(path, out).map_err(|error| Failure::write(&error))?;
    let mut records = 0;
    for chunk in tapes {
        let chunk = chunk.map_err(Failure::error)?;
        for line in chunk.lines() {
            let bytes = match line.content {
                LineContent::Text(text) => text.as_bytes(),
                LineContent::NotUtf8 { bytes, .. } => bytes,
                LineContent::TooLong => {
                    return Err(Failure::error(format_args!(
                        "line {} is longer than 16 MiB, the longest record that can be read; remove it from the tape",
                        line.number
                    )));
                }
            };
            writer
                .write(bytes, records == 0)
                .map_err(|error| Failure::write(&error))?;
            records += 1;
        }
        progress.set_records(records);
    }
    writer.finish().map_err(|error| Failure::write(&error))?;
    Ok(records)
}

/// The writer of the output tape, by format.
enum TapeWriter<'a> {
    Plain(&'a mut (dyn Write + Send)),
    Gzip(GzEncoder<&'a mut (dyn Write + Send)>),
    Zstd(zstd::Encoder<'static, &'a mut (dyn Write + Send)>),
    Parquet(Box<RowWriter<&'a mut (dyn Write + Send)>>),
}

impl<'a> TapeWriter<'a> {
    fn new(path: &Path, out: &'a mut (dyn Write + Send)) -> io::Result<Self> {
        Ok(if is_parquet(path) {
            Self::Parquet(Box::new(RowWriter::new(out).map_err(io::Error::other)?))
        } else if has_extension(path, "gz") {
            Self::Gzip(GzEncoder::new(out, Compression::default()))
        } else if has_extension(path, "zst") {
            Self::Zstd(zstd::Encoder::new(out, 0)?)
        } else {
            Self::Plain(out)
        })
    }

    fn write(&mut self, line: &[u8], is_first: bool) -> io::Result<()> {
        let out: &mut dyn Write = match self {
            Self::Plain(out) => out,
            Self::Gzip(out) => out,
            Self::Zstd(out) => out,
            Self::Parquet(rows) => return rows.push(line).map_err(io::Error::other),
        };
        write_line(out, line, is_first)
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(out) => out.finish().map(|_| ()),
            Self::Zstd(out) => out.finish().map(|_| ()),
            Self::Parquet(rows) => rows.finish().map_err(io::Error::other),
        }
    }
}
