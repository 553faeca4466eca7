//! The command `portcullis convert`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use portcullis_sim::{
    tape::{LineContent, RowWriter, TapeReader, write_line},
    text::counted,
};

use crate::{
    failure::Failure,
    input::tapes::Tapes,
    output::{
        file::{OutputFile, open_all},
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
    let converted = convert(&mut out, reader, &progress);
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
    out: &mut OutputFile,
    tapes: TapeReader,
    progress: &RunProgress,
) -> Result<u64, Failure> {
    let mut writer = TapeWriter::new(out).map_err(|error| Failure::write(&error))?;
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

/// The writer of the records of the output tape. The output file compresses lines.
enum TapeWriter<'a> {
    Lines(&'a mut (dyn Write + Send)),
    Parquet(Box<RowWriter<&'a mut (dyn Write + Send)>>),
}

impl<'a> TapeWriter<'a> {
    fn new(out: &'a mut OutputFile) -> io::Result<Self> {
        Ok(match out.is_parquet() {
            true => {
                let rows = RowWriter::new(out.writer()).map_err(io::Error::other)?;
                Self::Parquet(Box::new(rows))
            }
            false => Self::Lines(out.writer()),
        })
    }

    fn write(&mut self, line: &[u8], is_first: bool) -> io::Result<()> {
        match self {
            Self::Lines(out) => write_line(*out, line, is_first),
            Self::Parquet(rows) => rows.push(line).map_err(io::Error::other),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Lines(_) => Ok(()),
            Self::Parquet(rows) => rows.finish().map_err(io::Error::other),
        }
    }
}
