//! Laws of the verification as property tests: a change of a log before its last checkpoint is found, and is reported with
//! the file and the row.
//!
//! Each law was verified by planted bugs, which the comment of its test lists.

use std::{fs, ops::RangeInclusive, path::Path};

use portcullis_log::{Checkpoint, DecisionLog, Digest, Fault, Settings, verify};
use portcullis_store::TrustedKeys;
use proptest::{prelude::*, sample::Index, test_runner::FileFailurePersistence};
use tempfile::TempDir;

use crate::{
    append,
    support::{answer, answers, at, content, directory, keys, settings, signer, signer_of},
    write,
};

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/regressions/laws.txt",
        ))),
        cases: 192,
        ..ProptestConfig::default()
    }
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    file: String,
    /// The text with its line feed.
    text: Vec<u8>,
    /// The number of the row, or of the last row before the line.
    row: u64,
}

/// A log whose lines can be changed.
struct Log {
    directory: TempDir,
    lines: Vec<Line>,
    /// The last checkpoint.
    stored: Checkpoint,
}

impl Log {
    fn new(settings: Settings, rows: u64) -> Self {
        let directory = directory();
        let stored = write(directory.path(), settings, rows).pop().unwrap();
        let (mut lines, mut row) = (Vec::new(), 0);
        for (name, bytes) in content(directory.path()) {
            let bytes = if name.ends_with(".zst") {
                zstd::decode_all(&*bytes).unwrap()
            } else {
                bytes
            };
            for text in bytes.split_inclusive(|byte| *byte == b'\n') {
                row += u64::from(text.starts_with(b"row "));
                lines.push(Line {
                    file: name.clone(),
                    text: text.to_vec(),
                    row,
                });
            }
        }
        Self {
            directory,
            lines,
            stored,
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the index of the line with the last checkpoint.
    fn last_checkpoint(&self) -> usize {
        let stored = format!("{}\n", self.stored).into_bytes();
        self.lines
            .iter()
            .rposition(|line| line.text == stored)
            .unwrap()
    }

    /// Writes lines in place of the log. Files without lines are removed.
    fn put(&self, lines: &[Line]) {
        for name in content(self.path()).keys() {
            fs::remove_file(self.path().join(name)).unwrap();
        }
        for lines in lines.chunk_by(|one, other| one.file == other.file) {
            let bytes: Vec<u8> = lines.iter().flat_map(|line| line.text.clone()).collect();
            let name = &lines[0].file;
            let bytes = if name.ends_with(".zst") {
                zstd::encode_all(&*bytes, 1).unwrap()
            } else {
                bytes
            };
            fs::write(self.path().join(name), bytes).unwrap();
        }
    }

    /// Returns the faults of changed lines, with the keys and the stored checkpoint.
    fn faults(&self, lines: &[Line]) -> Vec<Fault> {
        self.put(lines);
        verify(self.path(), &keys(), Some(&self.stored))
            .unwrap()
            .faults
    }

    /// Returns the faults of changed lines, without keys and without a stored checkpoint.
    fn faults_of_chain(&self, lines: &[Line]) -> Vec<Fault> {
        self.put(lines);
        verify(self.path(), &TrustedKeys::none(), None)
            .unwrap()
            .faults
    }
}

/// Returns the file and the rows that a fault names.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is not exhaustive")]
fn place(fault: &Fault) -> (&str, RangeInclusive<u64>) {
    match fault {
        Fault::Unreadable { file, row, .. } => (file, *row..=row + 1),
        Fault::Edited { file, row } => (file, row - 1..=*row),
        Fault::OutOfOrder { file, row, after } => (file, *row..=*after),
        Fault::PositionOutOfOrder { file, row, .. }
        | Fault::NotSealed { file, row }
        | Fault::WrongBegin { file, row }
        | Fault::CheckpointOutOfOrder { file, row, .. }
        | Fault::EditedCheckpoint { file, row, .. }
        | Fault::Signature { file, row, .. } => (file, *row..=*row),
        Fault::MissingRows { file, first, last }
        | Fault::Rewritten {
            file, first, last, ..
        } => (file, *first..=*last),
        Fault::MissingCheckpoints {
            file, after, row, ..
        } => (file, *after..=*row),
        Fault::Truncated { first, last } => ("", *first..=*last),
        Fault::MissingFiles { row, .. } => ("", row + 1..=row + 1),
        Fault::StoredDiffers { row, .. } => ("", *row..=*row),
        other => panic!("{other}"),
    }
}

fn names(faults: &[Fault], row: u64) -> bool {
    faults.iter().any(|fault| place(fault).1.contains(&row))
}

fn names_file(faults: &[Fault], file: &str, row: u64) -> bool {
    let is_it = |fault: &Fault| place(fault).0 == file && place(fault).1.contains(&row);
    faults.iter().any(is_it)
}

fn log() -> impl Strategy<Value = (Settings, u64)> {
    let bytes = prop_oneof![Just(1), Just(700), Just(1300), Just(1_u64 << 20)];
    (1..4_u32, bytes, 3..9_u64).prop_map(|(rows, bytes, last)| (settings(rows, bytes), last))
}

proptest! {
    #![proptest_config(config())]

    /// Planted bugs: a row is not compared with the digest of the previous one; the signature of a checkpoint is not checked;
    /// every signature is accepted.
    #[test]
    fn an_edited_byte_is_found((settings, rows) in log(), line in any::<Index>(), byte in any::<Index>(), change in 1..=255_u8) {
        let log = Log::new(settings, rows);
        let mut lines = log.lines.clone();
        let place = line.index(lines.len());
        let edited = &mut lines[place];
        let byte = byte.index(edited.text.len());
        edited.text[byte] ^= change;
        let Line { file, row, text } = edited.clone();
        // Behind the last checkpoint, zero bytes and a missing line feed may come from an interrupted write.
        if place <= log.last_checkpoint() || byte + 1 < text.len() && text[byte] != 0 {
            let faults = log.faults(&lines);
            prop_assert!(names_file(&faults, &file, row), "{place} {byte}: {faults:?}");
        }
        if text.starts_with(b"row ") && byte + 1 < text.len() && text[byte] != 0 {
            let faults = log.faults_of_chain(&lines);
            prop_assert!(names_file(&faults, &file, row), "{place} {byte}: {faults:?}");
        }
    }

    /// Planted bugs: a gap in the numbers of checkpoints is not a fault; a row with the number of an earlier one is ignored.
    #[test]
    fn a_dropped_or_repeated_line_is_found((settings, rows) in log(), line in any::<Index>(), is_repeated in any::<bool>()) {
        let log = Log::new(settings, rows);
        let mut lines = log.lines.clone();
        let place = line.index(log.last_checkpoint() + 1);
        let Line { row, text, .. } = lines[place].clone();
        if is_repeated {
            lines.insert(place, lines[place].clone());
        } else {
            lines.remove(place);
        }
        let faults = log.faults(&lines);
        prop_assert!(names(&faults, row) || text.starts_with(b"file "), "{place}: {faults:?}");
        prop_assert!(!faults.is_empty());
    }

    /// Planted bugs: a gap in the numbers of rows is not a fault; a checkpoint may be behind a later row; the number in the
    /// header of a file is not compared; the begin of a file is not compared with the end of the previous one.
    #[test]
    fn swapped_lines_are_found((settings, rows) in log(), one in any::<Index>(), other in any::<Index>()) {
        let log = Log::new(settings, rows);
        let mut lines = log.lines.clone();
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));
        let texts = [one, other].map(|place| lines[place].text.clone());
        let touched = [one, other].map(|place| lines[place].clone());
        [lines[other].text, lines[one].text] = texts;
        if lines != log.lines {
            let faults = log.faults(&lines);
            prop_assert!(!faults.is_empty());
            for line in touched {
                // Rows behind the last checkpoint may be missing at the end.
                let is_unsigned = line.row > log.stored.row();
                let is_named = is_unsigned || names(&faults, line.row) || names(&faults, line.row + 1);
                prop_assert!(is_named, "{one} {other}: {faults:?}");
            }
        }
    }

    /// Planted bugs: the end of the log is not compared with the stored checkpoint; a sealed file may end without a
    /// checkpoint.
    #[test]
    fn a_truncation_before_the_last_checkpoint_is_found((settings, rows) in log(), line in any::<Index>(), byte in any::<Index>()) {
        let log = Log::new(settings, rows);
        let stored = format!("{}\n", log.stored).into_bytes();
        let end = log.lines.iter().position(|line| line.text == stored).unwrap();
        let place = line.index(end + 1);
        let mut lines = log.lines[..=place].to_vec();
        let last = lines.last_mut().unwrap();
        last.text.truncate(byte.index(last.text.len()));
        let faults = log.faults(&lines);
        let next = log.lines[place].row + u64::from(!log.lines[place].text.starts_with(b"row "));
        prop_assert!(names(&faults, next.min(log.stored.row())), "{place}: {faults:?}");
        // A sealed file ends with a checkpoint.
        let is_checkpoint =
            |line: &Line| line.text.starts_with(b"checkpoint ") && line.text.ends_with(b"\n");
        let last = lines.iter().rfind(|line| !line.text.is_empty());
        if last.is_some_and(|line| line.file.ends_with(".zst") && !is_checkpoint(line)) {
            prop_assert!(!log.faults_of_chain(&lines).is_empty(), "{place}");
        }
    }

    /// A writer without the key edits a row and computes all later digests again. Planted bug: the head of a checkpoint is not
    /// compared.
    #[test]
    fn a_rewritten_chain_is_found((settings, rows) in log(), row in any::<Index>()) {
        let log = Log::new(settings, rows);
        let row = u64::try_from(row.index(usize::try_from(log.stored.row()).unwrap())).unwrap() + 1;
        let mut lines = log.lines.clone();
        let mut head = Digest::ZERO;
        for line in lines.iter_mut().filter(|line| line.text.starts_with(b"row ")) {
            let text = String::from_utf8(line.text.clone()).unwrap();
            let json = text.trim_end().splitn(3, ' ').last().unwrap();
            let mut json = json.to_owned();
            if line.row == row {
                json = json.replacen(r#""engine":"0.1.0""#, r#""engine":"0.1.1""#, 1);
            }
            head = head.then(json.as_bytes());
            line.text = format!("row {head} {json}\n").into_bytes();
        }
        prop_assert!(names(&log.faults(&lines), row));
        prop_assert!(names(&log.faults_of_chain(&lines), row));
    }

    /// Planted bug: a gap in the numbers of files counts as removed by retention.
    #[test]
    fn a_removed_or_exchanged_file_is_found(checkpoint_rows in 1..4_u32, rows in 6..12_u64, one in any::<Index>(), other in any::<Index>()) {
        let log = Log::new(settings(checkpoint_rows, 700), rows);
        let files: Vec<Vec<Line>> = log.lines.chunk_by(|one, other| one.file == other.file).map(<[Line]>::to_vec).collect();
        let (one, other) = (one.index(files.len()), other.index(files.len()));
        let mut changed = files.clone();
        let row = files[one].last().unwrap().row;
        let stored = log.stored.row();
        if one == other {
            changed.remove(one);
            let faults = log.faults(&changed.concat());
            let first = files[one].iter().find(|line| line.text.starts_with(b"row ")).unwrap().row;
            if one == 0 {
                // Retention removes the first files as well.
                prop_assert_eq!(&faults, &[]);
                prop_assert_eq!(verify(log.path(), &keys(), None).unwrap().removed_rows, row);
            } else if first <= stored {
                prop_assert!(names(&faults, first), "{faults:?}");
            }
        } else {
            for (to, from) in [(one, other), (other, one)] {
                let file = files[to][0].file.clone();
                changed[to] = files[from].iter().map(|line| Line { file: file.clone(), ..line.clone() }).collect();
            }
            let faults = log.faults(&changed.concat());
            let file = &files[one][0].file;
            prop_assert!(faults.iter().any(|fault| place(fault).0 == file), "{faults:?}");
        }
    }

    /// Planted bugs: every signature is accepted; all keys must have signed.
    #[test]
    fn a_wrong_key_is_found((settings, rows) in log()) {
        let log = Log::new(settings, rows);
        let [right, wrong] = ['B', 'C'].map(|seed| signer_of(seed).public_key());
        let verified = |keys: &[&str]| {
            let keys = TrustedKeys::from_base64(keys.iter().copied()).unwrap();
            verify(log.path(), &keys, None).unwrap()
        };
        prop_assert_eq!(verified(&[&wrong, &right]).faults, []);
        let seen = verified(&[&wrong]);
        let is_signature = |fault: &Fault| matches!(fault, Fault::Signature { .. });
        prop_assert!(!seen.faults.is_empty() && seen.faults.iter().all(is_signature));
        let checkpoints = log.lines.iter().filter(|line| line.text.starts_with(b"checkpoint ")).count();
        prop_assert_eq!(usize::try_from(seen.fault_count).unwrap(), checkpoints);
    }

    /// Planted bugs: the answers of the last file are not read when the log is opened; the number of the next file is that of
    /// the last sealed one; an entry at the last position is written again.
    #[test]
    fn each_entry_is_written_once((settings, _) in log(), appends in prop::collection::vec((0..4_u64, 0..4_u64, any::<bool>(), 0..90_i64), 1..12)) {
        let directory = directory();
        let path = directory.path();
        let mut log = DecisionLog::open(path, signer(), settings).unwrap();
        let (mut last, mut seconds, mut stored) = (0, 0, None);
        for (again, more, is_reopened, pause) in appends {
            if is_reopened {
                drop(log);
                log = DecisionLog::open(path, signer(), settings).unwrap();
                prop_assert_eq!(log.repairs(), &[]);
            }
            seconds += pause;
            let first = (last + 1 - again.min(last)).max(1);
            let mut appended = append(&mut log, first, last + more, seconds).unwrap();
            prop_assert_eq!((appended.written, appended.repeated), (more, again.min(last)));
            last += more;
            stored = appended.checkpoints.pop().or(stored);
            prop_assert_eq!(log.last_checkpoint(), stored.as_ref());
            let due = log.append(&[], at(seconds)).unwrap();
            prop_assert_eq!(due.checkpoints, []);
        }
        drop(log);
        let seen = verify(path, &TrustedKeys::none(), stored.as_ref()).unwrap();
        prop_assert_eq!((&*seen.faults, &*seen.leftovers), (&[][..], &[][..]));
        prop_assert_eq!(answers(path), (1..=last).map(answer).collect::<Vec<_>>());
    }
}
