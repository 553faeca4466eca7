//! Output files. An existing file is replaced only when the run has finished.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
};

use indicatif::ProgressBar;
use same_file::Handle;
use tempfile::TempPath;

#[cfg(unix)]
use super::interrupt;
use super::{Failure, input::is_stdin};
use portcullis_sim::report::html::Page;

/// An open output. If it is dropped before [`Out::finish`], an existing file stays unchanged.
pub(super) struct Out {
    /// The path as given.
    name: PathBuf,
    writer: BufWriter<Box<dyn Write + Send>>,
    is_stdout: bool,
    temporary: Temporary,
}

/// The temporary file next to the output file, while it exists. It is persisted or removed only under the lock.
#[derive(Clone, Default)]
pub(super) struct Temporary(Arc<Mutex<Option<TempPath>>>);

impl Temporary {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<TempPath>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the given output files. From then on, a signal ends the run without leaving temporary files.
pub(super) fn open_all<const N: usize>(
    names: [Option<&PathBuf>; N],
    inputs: &[&Path],
    records: &Arc<AtomicU64>,
    bar: &ProgressBar,
) -> Result<[Option<Out>; N], Failure> {
    let mut taken: Vec<&Path> = Vec::new();
    for name in names.into_iter().flatten() {
        let is_here = |other: &&Path| {
            *other == name || fs::canonicalize(name).is_ok_and(|it| it == resolved(other))
        };
        if taken.iter().any(is_here) {
            return Err(cannot_write(
                name,
                &"another output of this run has the same path",
            ));
        }
        taken.push(name);
    }
    let slots = [(); N].map(|()| Temporary::default());
    #[cfg(unix)]
    if !taken.is_empty() {
        let outs = names.iter().zip(&slots);
        let outs = outs.filter_map(|(name, slot)| Some(((*name)?.clone(), slot.clone())));
        interrupt::watch(interrupt::Run {
            outs: outs.collect(),
            records: Arc::clone(records),
            bar: bar.clone(),
        });
    }
    let mut slots = slots.into_iter();
    let mut failure = None;
    let outs = names.map(|name| {
        let slot = slots.next().unwrap_or_default();
        match Out::open(name?, inputs, slot) {
            Ok(out) => Some(out),
            Err(error) => {
                failure.get_or_insert(error);
                None
            }
        }
    });
    failure.map_or(Ok(outs), Err)
}

/// Writes a report and finishes its file.
pub(super) fn write_report(out: Option<Out>, page: impl FnOnce() -> Page) -> Result<(), Failure> {
    let Some(mut out) = out else { return Ok(()) };
    let written = page().write(out.writer());
    written.map_err(|error| Failure::output(&error))?;
    out.finish()
}

/// Returns true if the extension selects Parquet.
pub(super) fn is_parquet(name: &Path) -> bool {
    let ending = name.extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

/// Parses the path of a report, which cannot be standard output.
pub(super) fn parse_report(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" | "/dev/stdout" => Err("a report must be written to a file".to_owned()),
        "" => Err("the file name is empty".to_owned()),
        name => Ok(name.into()),
    }
}

impl Out {
    /// Opens an output. Fails if it is also an input of the run.
    pub(super) fn open(
        name: &Path,
        inputs: &[&Path],
        temporary: Temporary,
    ) -> Result<Self, Failure> {
        let why = |error: io::Error| cannot_write(name, &error);
        let target = Target::of(name).map_err(why)?;
        if let Some(place) = target.regular_file()
            && inputs.iter().any(|input| is_at(input, place))
        {
            return Err(cannot_write(name, &"it is an input of this run"));
        }
        let is_stdout = matches!(target, Target::Stdout(_));
        let writer: Box<dyn Write + Send> = match target {
            Target::Stdout(_) => Box::new(io::stdout()),
            Target::Other => Box::new(File::create(name).map_err(why)?),
            Target::File(_) | Target::Nothing => match beside(name, &temporary) {
                Ok(file) => Box::new(file),
                // The folder may not be writable although the file is.
                Err(_) => Box::new(File::create(name).map_err(why)?),
            },
        };
        Ok(Self {
            name: name.to_owned(),
            writer: BufWriter::new(writer),
            is_stdout,
            temporary,
        })
    }

    pub(super) fn writer(&mut self) -> &mut (dyn Write + Send) {
        &mut self.writer
    }

    /// Returns true if the output is Parquet. Standard output is always text.
    pub(super) fn is_rows(&self) -> bool {
        is_parquet(&self.name) && !self.is_stdout
    }

    /// Completes the output: the temporary file replaces the target.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.writer
            .flush()
            .map_err(|error| Failure::output(&error))?;
        if let Some(temporary) = self.temporary.lock().take() {
            temporary
                .persist(resolved(&self.name))
                .map_err(|error| cannot_write(&self.name, &error.error))?;
        }
        Ok(())
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        self.temporary.lock().take();
    }
}

/// The kind of output target.
enum Target {
    /// Standard output, or a file that it is redirected to. Opening that file again would overwrite the summary.
    Stdout(Option<Handle>),
    File(Handle),
    Nothing,
    /// A pipe, a device or a dangling link, which a new file must not replace.
    Other,
}

impl Target {
    fn of(name: &Path) -> io::Result<Self> {
        if name == Path::new("-") || name == Path::new("/dev/stdout") {
            return Ok(Self::Stdout(Handle::stdout().ok()));
        }
        match fs::metadata(name) {
            Ok(metadata) if metadata.is_file() => {
                let place = Handle::from_file(OpenOptions::new().append(true).open(name)?)?;
                Ok(match Handle::stdout() {
                    Ok(stdout) if stdout == place => Self::Stdout(Some(stdout)),
                    Ok(_) | Err(_) => Self::File(place),
                })
            }
            Ok(_) => Ok(Self::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_link = fs::symlink_metadata(name).is_ok();
                Ok(if is_link { Self::Other } else { Self::Nothing })
            }
            Err(error) => Err(error),
        }
    }

    fn regular_file(&self) -> Option<&Handle> {
        match self {
            Self::Stdout(Some(place)) | Self::File(place) => Some(place).filter(|place| {
                let metadata = place.as_file().metadata();
                metadata.is_ok_and(|metadata| metadata.is_file())
            }),
            Self::Stdout(None) | Self::Nothing | Self::Other => None,
        }
    }
}

/// Returns true if an input is this file, even under another name.
fn is_at(input: &Path, place: &Handle) -> bool {
    let handle = if is_stdin(input) {
        Handle::stdin()
    } else if input.is_file() {
        Handle::from_path(input)
    } else {
        // Opening and closing a pipe would end its writer with a broken pipe.
        return false;
    };
    handle.is_ok_and(|handle| handle == *place)
}

/// Resolves links, if the file exists.
fn resolved(name: &Path) -> PathBuf {
    fs::canonicalize(name).unwrap_or_else(|_| name.to_owned())
}

/// Creates a temporary file in the same folder, with the permissions of the file that it will replace.
fn beside(name: &Path, temporary: &Temporary) -> io::Result<File> {
    let place = resolved(name);
    let folder = match place.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".portcullis-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut slot = temporary.lock();
    let (file, path) = builder.tempfile_in(folder)?.into_parts();
    if let Ok(metadata) = fs::metadata(&place) {
        file.set_permissions(metadata.permissions())?;
    }
    *slot = Some(path);
    Ok(file)
}

fn cannot_write(name: &Path, why: &dyn fmt::Display) -> Failure {
    Failure::unusable(format_args!("cannot write `{}`: {why}", name.display()))
}
