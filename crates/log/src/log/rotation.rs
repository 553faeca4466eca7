//! Sealing of files, and retention.

use portcullis::types::Timestamp;

use super::{DecisionLog, count};
use crate::{
    checkpoint::Checkpoint,
    error::LogError,
    files::{new_path, plain_name, sealed_name},
    recovery::SealedFile,
    settings::{Settings, is_older},
};

impl DecisionLog {
    /// Compresses the file, which ends with a checkpoint. The rename to its final name seals it.
    pub(super) fn seal(&mut self) -> Result<(), LogError> {
        let Some(file) = self.file.as_ref().filter(|file| file.since.is_some()) else {
            return Ok(());
        };
        let number = file.number;
        let plain = self.directory.join(plain_name(number));
        let sealed = self.directory.join(sealed_name(number));
        let new = new_path(&self.directory, number);
        let done = self
            .disk
            .compress(&plain, &new)
            .and_then(|()| self.disk.rename(&new, &sealed));
        done.map_err(|error| LogError::io(&sealed, &error))?;
        self.finish_seal(number)
    }

    /// Removes the plain form of the file after its sealed form was renamed to its final name.
    pub(super) fn finish_seal(&mut self, number: u64) -> Result<(), LogError> {
        // The rename must be durable before the plain form is removed.
        self.sync_directory()?;
        let plain = self.directory.join(plain_name(number));
        self.disk
            .remove(&plain)
            .map_err(|error| LogError::io(&plain, &error))?;
        self.sync_directory()?;
        self.file = None;
        let ended_at = self.end.checkpoint.as_ref().map(Checkpoint::at);
        self.sealed.push_back(SealedFile { number, ended_at });
        self.changed.sealed.push(sealed_name(number));
        Ok(())
    }

    /// Removes sealed files from the beginning of the log, but not the last one, from which the log continues.
    pub(super) fn retain(&mut self, now: Timestamp) -> Result<(), LogError> {
        let Settings {
            retain_files,
            retain_sec,
            ..
        } = self.settings;
        while let Some(file) = self.sealed.front().filter(|_| self.sealed.len() > 1) {
            let is_surplus =
                retain_files.is_some_and(|files| count(self.sealed.len()) > u64::from(files.get()));
            let is_old = retain_sec
                .zip(file.ended_at)
                .is_some_and(|(seconds, at)| is_older(at, now, seconds));
            if !is_surplus && !is_old {
                break;
            }
            let name = sealed_name(file.number);
            let path = self.directory.join(&name);
            self.disk
                .remove(&path)
                .map_err(|error| LogError::io(&path, &error))?;
            // Files must not be removed in another order, which would leave a gap.
            self.sync_directory()?;
            self.sealed.pop_front();
            self.changed.removed.push(name);
        }
        Ok(())
    }
}
