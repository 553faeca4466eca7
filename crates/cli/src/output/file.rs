//! Output files. An existing file is replaced only when the run has finished.

use std::{
    fmt::Display,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use portcullis_sim::report::html::Page;
use same_file::Handle;

#[cfg(unix)]
use crate::output::interrupt;
use crate::{
    failure::Failure,
    input::{file::shown_path, stdin::is_stdin},
    named::Named,
    output::{
        encoding::{Encoding, has_extension},
        progress::RunProgress,
        temporary::{Temporary, canonical},
    },
    until_closed::{Closed, UntilClosed},
};

/// An open output. If it is dropped before [`OutputFile::finish`], an existing file stays unchanged.
pub(crate) struct OutputFile {
    /// The path as given on the command line.
    path: PathBuf,
    writer: BufWriter<Encoding<Output>>,
    closed: Closed,
    is_stdout: bool,
    temporary: Temporary,
}

/// The open file or pipe. Its errors name the output.
type Output = UntilClosed<Named<Box<dyn Write + Send>>>;

/// Opens the given output files. From then on, a signal ends the run without leaving temporary files.
pub(crate) fn open_all<const N: usize>(
    paths: [Option<&Path>; N],
    inputs: &[&Path],
    progress: &RunProgress,
) -> Result<[Option<OutputFile>; N], Failure> {
    check_distinct(paths.iter().flatten())?;
    let temporaries = [(); N].map(|()| Temporary::default());
    #[cfg(unix)]
    if paths.iter().any(Option::is_some) {
        interrupt::watch(interrupt::Run {
            files: (paths.iter().zip(&temporaries))
                .filter_map(|(path, temporary)| Some(((*path)?.to_owned(), temporary.clone())))
                .collect(),
            progress: progress.clone(),
        });
    }
    let mut temporaries = temporaries.into_iter();
    let mut failure = None;
    let files = paths.map(|path| {
        let temporary = temporaries.next().unwrap_or_default();
        match OutputFile::open_with(path?, inputs, temporary) {
            Ok(file) => Some(file),
            Err(error) => {
                failure.get_or_insert(error);
                None
            }
        }
    });
    failure.map_or(Ok(files), Err)
}

/// Writes a report and finishes its file.
pub(crate) fn write_report(
    file: Option<OutputFile>,
    page: impl FnOnce() -> Page,
) -> Result<(), Failure> {
    let Some(mut file) = file else { return Ok(()) };
    page()
        .write(file.writer())
        .map_err(|error| Failure::write(&error))?;
    file.finish()
}

impl OutputFile {
    /// Opens an output. Fails if it is also an input of the run.
    pub(crate) fn open(path: &Path, inputs: &[&Path]) -> Result<Self, Failure> {
        Self::open_with(path, inputs, Temporary::default())
    }

    fn open_with(path: &Path, inputs: &[&Path], temporary: Temporary) -> Result<Self, Failure> {
        let fail = |error: io::Error| cannot_write(path, &error);
        let target = Target::of(path).map_err(fail)?;
        if let Some(handle) = target.regular_file()
            && inputs.iter().any(|input| is_same_file(input, handle))
        {
            return Err(cannot_write(path, &"it is an input of this run"));
        }
        let is_stdout = matches!(target, Target::Stdout(_));
        let writer: Box<dyn Write + Send> = match target {
            Target::Stdout(_) => Box::new(io::stdout()),
            Target::Other => Box::new(File::create(path).map_err(fail)?),
            Target::File(_) | Target::Missing => match temporary.create(path) {
                Ok(file) => Box::new(file),
                // The folder may not be writable although the file is.
                Err(_) => Box::new(File::create(path).map_err(fail)?),
            },
        };
        let name = match is_stdout {
            true => "standard output".to_owned(),
            false => format!("`{}`", shown_path(path)),
        };
        let output = UntilClosed::new(Named::new(name, writer));
        let closed = output.closed();
        let encoding = match is_stdout {
            true => Encoding::Plain(output),
            false => Encoding::of(path, output).map_err(fail)?,
        };
        Ok(Self {
            path: path.to_owned(),
            writer: BufWriter::new(encoding),
            closed,
            is_stdout,
            temporary,
        })
    }

    pub(crate) fn writer(&mut self) -> &mut (dyn Write + Send) {
        &mut self.writer
    }

    /// Returns a flag that is set when the output is a pipe that its reader has closed. All further output is dropped.
    pub(crate) fn closed(&self) -> Closed {
        self.closed.clone()
    }

    /// Returns true if the output is Parquet. Standard output is always text.
    pub(crate) fn is_parquet(&self) -> bool {
        has_extension(&self.path, "parquet") && !self.is_stdout
    }

    /// Completes the output: the temporary file replaces the target.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.writer
            .flush()
            .and_then(|()| self.writer.get_mut().finish())
            .map_err(|error| Failure::write(&error))?;
        self.temporary
            .persist(&self.path)
            .map_err(|error| cannot_write(&self.path, &error))
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if self.writer.get_ref().is_compressed() {
            // The encoder of gzip writes the end of the data when it is dropped, so that a pipe would look complete.
            self.closed.set();
        }
        self.temporary.lock().take();
    }
}

/// The kind of output target.
enum Target {
    /// Standard output, or a path to the file to which standard output is redirected. Opening that
    /// file again would overwrite the summary.
    Stdout(Option<Handle>),
    File(Handle),
    Missing,
    /// A pipe, a device or a dangling link, which a new file must not replace.
    Other,
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") || path == Path::new("/dev/stdout") {
            return Ok(Self::Stdout(Handle::stdout().ok()));
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                let handle = Handle::from_file(OpenOptions::new().append(true).open(path)?)?;
                Ok(match Handle::stdout() {
                    Ok(stdout) if stdout == handle => Self::Stdout(Some(stdout)),
                    Ok(_) | Err(_) => Self::File(handle),
                })
            }
            Ok(_) => Ok(Self::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_link = fs::symlink_metadata(path).is_ok();
                Ok(if is_link { Self::Other } else { Self::Missing })
            }
            Err(error) => Err(error),
        }
    }

    fn regular_file(&self) -> Option<&Handle> {
        match self {
            Self::Stdout(Some(handle)) | Self::File(handle) => Some(handle).filter(|handle| {
                let metadata = handle.as_file().metadata();
                metadata.is_ok_and(|metadata| metadata.is_file())
            }),
            Self::Stdout(None) | Self::Missing | Self::Other => None,
        }
    }
}

/// Checks that no two outputs have the same path.
fn check_distinct<'a>(paths: impl Iterator<Item = &'a &'a Path>) -> Result<(), Failure> {
    let mut checked: Vec<&Path> = Vec::new();
    for path in paths {
        let is_same = |other: &&Path| {
            other == path || fs::canonicalize(path).is_ok_and(|path| path == canonical(other))
        };
        if checked.iter().any(is_same) {
            return Err(cannot_write(
                path,
                &"another output of this run has the same path",
            ));
        }
        checked.push(path);
    }
    Ok(())
}

/// Returns true if an input is this file, even under another name.
fn is_same_file(input: &Path, file: &Handle) -> bool {
    let handle = if is_stdin(input) {
        Handle::stdin()
    } else if input.is_file() {
        Handle::from_path(input)
    } else {
        // Opening and closing a pipe would end its writer with a broken pipe.
        return false;
    };
    handle.is_ok_and(|handle| handle == *file)
}

fn cannot_write(path: &Path, why: &dyn Display) -> Failure {
    Failure::error(format_args!("cannot write `{}`: {why}", shown_path(path)))
}
