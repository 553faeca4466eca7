//! Where the answers go. A file that stood there before stands until the run has come to its end.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use same_file::Handle;
use tempfile::TempPath;

use super::{Failure, input::is_stdin};

/// An open output. Dropped before its end, it leaves the file as it was.
pub(super) struct Out {
    /// As it was given.
    name: PathBuf,
    writer: BufWriter<Box<dyn Write>>,
    temporary: Temporary,
}

/// The file beside the one that was asked for, as long as there is one. Whoever holds the lock decides what
/// becomes of it.
#[derive(Clone, Default)]
pub(super) struct Temporary(Arc<Mutex<Option<TempPath>>>);

impl Temporary {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<TempPath>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Out {
    /// Opens it, unless that would destroy what the run reads.
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
        let writer: Box<dyn Write> = match target {
            Target::Stdout(_) => Box::new(io::stdout()),
            Target::Other => Box::new(File::create(name).map_err(why)?),
            Target::File(_) | Target::Nothing => match beside(name, &temporary) {
                Ok(file) => Box::new(file),
                // Not every folder takes a new file.
                Err(_) => Box::new(File::create(name).map_err(why)?),
            },
        };
        Ok(Self {
            name: name.to_owned(),
            writer: BufWriter::new(writer),
            temporary,
        })
    }

    pub(super) fn writer(&mut self) -> &mut dyn Write {
        &mut self.writer
    }

    /// No more answers will come: a file takes its place.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let flushed = self.writer.flush();
        flushed.map_err(|error| Failure::output(&error))?;
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

/// What stands where the answers shall go.
enum Target {
    /// Where the summary goes as well: through the same door, or one would overwrite the other.
    Stdout(Option<Handle>),
    File(Handle),
    Nothing,
    /// A pipe, a device, a link to nothing: nothing that a new file could take the place of.
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

/// Whether an input is this file, under whatever name.
fn is_at(input: &Path, place: &Handle) -> bool {
    let handle = if is_stdin(input) {
        Handle::stdin()
    } else if input.is_file() {
        Handle::from_path(input)
    } else {
        // Whoever opens a pipe and closes it again takes its writer away.
        return false;
    };
    handle.is_ok_and(|handle| handle == *place)
}

/// Behind the links.
fn resolved(name: &Path) -> PathBuf {
    fs::canonicalize(name).unwrap_or_else(|_| name.to_owned())
}

/// A new file in the same folder, with the permissions of the one that it will replace.
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
