//! Detection of the format of a candle file, and decompression.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
    sync::Arc,
};

use zip::ZipArchive;

use super::{
    arrow::Reader,
    csv,
    error::CandleError,
    feather::Feather,
    input::{Input, ReadOptions},
    json,
    rows::Rows,
};
use crate::tape::{
    format::{Format, gunzip, sniff, unzstd},
    lines::BOM,
    parquet,
};

/// The number of bytes of a text from which its format is detected.
const HEAD_BYTES: u64 = 4096;

impl Input<'_> {
    /// Reads CSV or JSON.
    fn text(&self, mut from: impl Read) -> Result<(Rows, &'static str), CandleError> {
        let failed = |error| self.read_error(error);
        let (mut head, format) = sniff(&mut from).map_err(failed)?;
        if format != Format::Plain {
            return Err(self.unsupported(format!(
                "{} data inside of a compressed file",
                format.name()
            )));
        }
        let mut beginning = (&mut from).take(HEAD_BYTES);
        beginning.read_to_end(&mut head).map_err(failed)?;
        if head.starts_with(BOM) {
            head.drain(..BOM.len());
        }
        let format = TextFormat::of(&head).map_err(|found| self.unsupported(found))?;
        let whole = Cursor::new(head.clone()).chain(from);
        match format {
            TextFormat::Empty => Err(CandleError::Empty {
                path: self.path.to_owned(),
            }),
            TextFormat::Json => Ok((json::read(self, whole)?, "JSON")),
            TextFormat::Csv => Ok((csv::read(self, &head, whole)?, "CSV")),
        }
    }

    /// Reads the only file of a zip archive.
    fn zip(&self, file: File) -> Result<(Rows, &'static str), CandleError> {
        let damaged = |why: &dyn std::fmt::Display| CandleError::Compression {
            path: self.path.to_owned(),
            why: why.to_string(),
        };
        let mut archive = ZipArchive::new(file).map_err(|error| damaged(&error))?;
        let names: Vec<String> = archive
            .file_names_raw()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        if names.iter().any(|name| name == "[Content_Types].xml") {
            return Err(self.unsupported("an Excel workbook (save it as CSV)"));
        }
        let is_file = |name: &String| !name.ends_with('/') && !name.starts_with("__MACOSX/");
        let files: Vec<usize> = (0..)
            .zip(&names)
            .filter(|(_, name)| is_file(name))
            .map(|(place, _)| place)
            .collect();
        let [place] = &*files else {
            return Err(self.unsupported(format!(
                "{} files in a zip archive (it must contain one file)",
                files.len()
            )));
        };
        let entry = archive.by_index(*place).map_err(|error| damaged(&error))?;
        self.text(entry)
    }
}

/// The formats of a text.
enum TextFormat {
    Empty,
    Json,
    Csv,
}

impl TextFormat {
    /// Returns the format of a text with this beginning, or the name of a format that is not supported.
    fn of(head: &[u8]) -> Result<Self, &'static str> {
        const FOREIGN: [(&[u8], &str); 6] = [
            (b"<!doctype", "an HTML page (the download may have failed)"),
            (b"<html", "an HTML page (the download may have failed)"),
            (b"<?xml", "an XML document (the download may have failed)"),
            (b"<error", "an XML document (the download may have failed)"),
            (
                b"version https://git-lfs",
                "a pointer of Git LFS (run `git lfs pull`)",
            ),
            (b"{\\rtf", "an RTF document"),
        ];
        let head = head.trim_ascii_start();
        let begins = |begin: &[u8]| {
            let same = head.get(..begin.len());
            same.is_some_and(|same| same.eq_ignore_ascii_case(begin))
        };
        let foreign = FOREIGN.iter().find(|(begin, _)| begins(begin));
        match head.first() {
            _ if foreign.is_some() => Err(foreign.map_or("", |(_, name)| name)),
            _ if head.get(8..12) == Some(b"DUCK") => Err("a DuckDB database"),
            _ if head.contains(&0) => Err("binary data"),
            None => Ok(Self::Empty),
            Some(b'[' | b'{') => Ok(Self::Json),
            Some(_) => Ok(Self::Csv),
        }
    }
}

/// Reads the candles of a file, and returns them with the name of its format.
pub(super) fn read(path: &Path, options: &ReadOptions) -> Result<(Rows, String), CandleError> {
    let mut input = Input {
        path,
        options,
        is_compressed: false,
    };
    let unreadable = |error: io::Error| CandleError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(CandleError::Directory {
            path: path.to_owned(),
        });
    }
    // A pipe can be read only once, so its first bytes are kept.
    let (head, format) = sniff(&mut &file).map_err(unreadable)?;
    match format {
        Format::Parquet | Format::Arrow | Format::Zip if !metadata.is_file() => {
            return Err(CandleError::NoSeeking {
                path: path.to_owned(),
                format: format.name(),
            });
        }
        Format::Foreign(name) => return Err(input.unsupported(format!("{name} data"))),
        Format::Parquet => return Ok((parquet_rows(&input, file)?, "Parquet".to_owned())),
        Format::Arrow => return Ok((feather_rows(&input, file)?, "Feather".to_owned())),
        Format::Plain | Format::Gzip | Format::Zstd | Format::Zip => {}
    }
    input.is_compressed = format != Format::Plain;
    let name = |inner: &str| format!("{inner} in {}", format.name());
    let whole = Cursor::new(head).chain(file);
    let (rows, inner) = match format {
        Format::Gzip => input.text(gunzip(whole))?,
        Format::Zstd => input.text(unzstd(whole).map_err(unreadable)?)?,
        Format::Zip => input.zip(whole.into_inner().1)?,
        Format::Plain | Format::Parquet | Format::Arrow | Format::Foreign(_) => {
            let (rows, inner) = input.text(whole)?;
            return Ok((rows, inner.to_owned()));
        }
    };
    Ok((rows, name(inner)))
}

fn parquet_rows(input: &Input<'_>, file: File) -> Result<Rows, CandleError> {
    const FORMAT: &str = "Parquet";
    let failed = |why| input.format_error(FORMAT, why);
    let parquet = parquet::Input::open(Arc::new(file)).map_err(failed)?;
    let mut reader = Reader::new(input, FORMAT, parquet.schema())?;
    for batch in parquet.batches(&reader.places).map_err(failed)? {
        let batch = batch.map_err(|error| input.format_error(FORMAT, error.to_string()))?;
        reader.read(&batch)?;
    }
    Ok(reader.finish())
}

fn feather_rows(input: &Input<'_>, file: File) -> Result<Rows, CandleError> {
    const FORMAT: &str = "Feather";
    let failed = |why| input.format_error(FORMAT, why);
    let feather = Feather::open(file).map_err(failed)?;
    let mut reader = Reader::new(input, FORMAT, &feather.schema)?;
    let places = reader.places.clone();
    feather.read(&places, |batch| reader.read(batch), failed)?;
    Ok(reader.finish())
}
