//! The check of checkpoints.

use super::{Chain, Scanner};
use crate::{checkpoint::Checkpoint, digest::Digest, fault::Fault};

impl Scanner<'_> {
    /// Checks the checkpoint with which a file begins, and continues from it.
    pub(super) fn begin(&mut self, checkpoint: Checkpoint) {
        let is_trusted = self.check_signature(&checkpoint, checkpoint.number());
        if is_trusted {
            self.compare_stored(&checkpoint);
        }
        let (rows, row) = (self.chain.rows, checkpoint.row());
        if self.is_contiguous {
            if !is_trusted || row == rows && self.chain.checkpoint.as_ref() == Some(&checkpoint) {
                return;
            }
            let file = self.file.clone();
            if row > rows {
                let first = rows.saturating_add(1);
                self.fault(Fault::MissingRows {
                    file,
                    first,
                    last: row,
                });
            } else {
                self.fault(Fault::WrongBegin { file, row: rows });
            }
        }
        self.begin.get_or_insert(row);
        self.checkpoints = checkpoint.number();
        self.is_linked = is_trusted;
        self.chain = Chain {
            rows: row,
            head: Some(checkpoint.head()),
            position: Some(checkpoint.position()),
            checkpoint: Some(checkpoint),
        };
    }

    pub(super) fn checkpoint(&mut self, checkpoint: Checkpoint) {
        let next = self.checkpoints.saturating_add(1);
        if !self.check_signature(&checkpoint, next) {
            self.checkpoints = next;
            self.is_linked = false;
            return;
        }
        let (file, rows) = (self.file.clone(), self.chain.rows);
        let (number, row) = (checkpoint.number(), checkpoint.row());
        if number < next || row < rows {
            self.fault(Fault::CheckpointOutOfOrder {
                file,
                checkpoint: number,
                row: rows,
            });
            return;
        }
        let known = self.chain.checkpoint.as_ref();
        let previous = known.map_or(Digest::ZERO, Checkpoint::digest);
        let after = known.map_or(0, Checkpoint::row);
        // After a line that could not be read, a missing checkpoint is reported already.
        if self.is_linked && number > next {
            let last = number.saturating_sub(1);
            self.fault(Fault::MissingCheckpoints {
                file,
                first: next,
                last,
                after,
                row,
            });
        } else if self.is_linked && checkpoint.previous() != previous {
            self.fault(Fault::EditedCheckpoint {
                file,
                checkpoint: number,
                row,
            });
        }
        let file = self.file.clone();
        if row > rows {
            let first = rows.saturating_add(1);
            self.fault(Fault::MissingRows {
                file,
                first,
                last: row,
            });
            self.chain.rows = row;
            self.chain.head = None;
        } else if self
            .chain
            .head
            .is_some_and(|head| head != checkpoint.head())
        {
            self.fault(Fault::Rewritten {
                file,
                checkpoint: number,
                first: after.saturating_add(1),
                last: row,
            });
        } else if self.chain.position != Some(checkpoint.position()) {
            self.fault(Fault::EditedCheckpoint {
                file,
                checkpoint: number,
                row,
            });
        }
        self.chain.head.get_or_insert(checkpoint.head());
        self.compare_stored(&checkpoint);
        self.checkpoints = number;
        self.chain.checkpoint = Some(checkpoint);
        self.is_linked = true;
    }

    /// Returns false, and adds a fault, if there are keys and none of them signed the checkpoint. The fault contains the
    /// expected number, because the content may be wrong.
    fn check_signature(&mut self, checkpoint: &Checkpoint, expected: u64) -> bool {
        if self.keys.is_none() || checkpoint.is_signed_by(self.keys) {
            return true;
        }
        let (file, row) = (self.file.clone(), self.chain.rows);
        self.fault(Fault::Signature {
            file,
            checkpoint: expected,
            row,
        });
        false
    }

    fn compare_stored(&mut self, checkpoint: &Checkpoint) {
        let Some(stored) = self.stored.filter(|it| it.number() == checkpoint.number()) else {
            return;
        };
        // A file begins with a checkpoint that was compared already.
        if !self.is_stored_found && stored.digest() != checkpoint.digest() {
            let (checkpoint, row) = (stored.number(), stored.row());
            self.fault(Fault::StoredDiffers { checkpoint, row });
        }
        self.is_stored_found = true;
    }

    /// Compares the end of the log with the stored checkpoint.
    pub(crate) fn end(&mut self) {
        let Some(stored) = self.stored else { return };
        let (checkpoint, row) = (stored.number(), stored.row());
        if !self.keys.is_none() && !stored.is_signed_by(self.keys) {
            self.fault(Fault::StoredSignature { checkpoint, row });
            return;
        }
        let (rows, begin) = (self.chain.rows, self.begin.unwrap_or(0));
        if row > rows {
            let first = rows.saturating_add(1);
            self.fault(Fault::Truncated { first, last: row });
        } else if row < begin && !self.is_stored_found {
            self.fault(Fault::StoredTooOld {
                checkpoint,
                row,
                begin,
            });
        } else if !self.is_stored_found {
            let known = self.chain.checkpoint.as_ref();
            let file = self.file.clone();
            let first = checkpoint.min(self.checkpoints.saturating_add(1));
            self.fault(Fault::MissingCheckpoints {
                file,
                first,
                last: checkpoint,
                after: known.map_or(0, Checkpoint::row).min(row),
                row,
            });
        }
    }
}
