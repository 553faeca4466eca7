//! Tests that resident memory does not grow with the tape.

#![cfg(target_os = "linux")]

use std::{fs, process::Stdio, sync::OnceLock, thread, time::Duration};

use portcullis_sim::generate::write_tape;

use crate::program::{Place, Run};
use crate::records::zstd_of_window;

/// The allowed increase over the program's own memory, in KiB. The limit is 64 MiB, of which an optimised program uses
/// less than 8 MiB before it reads anything. The tested program is not optimised and uses more, so only the increase is
/// checked.
const KIB_MAX: u64 = (64 - 8) * 1024;

/// Returns the memory of the program before it reads anything, in KiB.
fn own_kib() -> u64 {
    static OWN: OnceLock<u64> = OnceLock::new();
    *OWN.get_or_init(|| {
        let mut command = tapes().command(&["replay", "-"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut own = 0;
        for _ in 0..50 {
            own = own.max(high_kib(child.id()));
            thread::sleep(Duration::from_millis(10));
        }
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
        own
    })
}

/// Returns the peak resident memory of a running process, in KiB.
fn high_kib(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.map_or(0, |kib| kib.parse().unwrap())
}

/// Returns a folder with two tapes: `short` with 100,000 records (about 23 MB) and `long` with
/// 600,000 records (about 137 MB).
fn tapes() -> &'static Place {
    static TAPES: OnceLock<Place> = OnceLock::new();
    TAPES.get_or_init(|| {
        let place = Place::new();
        for (name, records, bytes_min) in [
            ("short", 100_000, 20_000_000),
            ("long", 600_000, 120_000_000),
        ] {
            let mut file = fs::File::create(place.path().join(name)).unwrap();
            write_tape(records, 3, &mut file).unwrap();
            assert!(file.metadata().unwrap().len() > bytes_min);
        }
        place
    })
}

/// Returns the peak memory of a run, without the program's own memory, in KiB. `VmHWM` never decreases, so the last
/// sample before the end is the peak.
fn peak_kib(arguments: &[&str]) -> u64 {
    let mut command = tapes().command(arguments);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(high_kib(child.id()));
        thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    assert!(peak > 1000, "{arguments:?}: {peak} KiB");
    peak.saturating_sub(own_kib())
}

fn check(arguments: &[&str]) {
    for tape in ["short", "long"] {
        let arguments = [&["replay", tape], arguments].concat();
        let peak = peak_kib(&arguments);
        assert!(peak <= KIB_MAX, "{arguments:?}: {peak} KiB");
    }
}

#[test]
fn memory_is_bounded_with_one_thread() {
    check(&["--threads", "1"]);
}

#[test]
fn memory_is_bounded_with_threads() {
    check(&["--threads", "2"]);
}

/// Uses the largest supported window, and up to the largest number of threads.
#[test]
fn memory_is_bounded_for_archives_and_many_threads() {
    let tapes = tapes();
    let archive = zstd_of_window(&fs::read(tapes.path().join("short")).unwrap(), 25);
    tapes.put("archive", archive);
    for (tape, threads) in [("archive", "2"), ("archive", "16"), ("short", "256")] {
        let arguments = ["replay", tape, "--threads", threads, "--out", "/dev/null"];
        let peak = peak_kib(&arguments);
        assert!(peak <= KIB_MAX, "{arguments:?}: {peak} KiB");
    }
}

#[test]
fn a_failure_to_start_threads_is_one_error_line() {
    let place = Place::new();
    place.put("tape", "");
    // The smallest address space with which the program starts has no room for the threads, which need 2 MiB each.
    let limited = |kib: u32| {
        let run = std::process::Command::new("sh")
            .arg("-c")
            .arg(format!(
                "ulimit -v {kib}; exec \"$0\" replay tape --threads 256"
            ))
            .arg(place.command(&[]).get_program())
            // If the memory is exhausted while a backtrace is printed, the standard library waits for its own lock.
            .env("RUST_BACKTRACE", "0")
            .current_dir(place.path())
            .output()
            .unwrap();
        matches!(run.status.code(), Some(0 | 2)).then(|| Run::new(&run))
    };
    let run = (5..100).find_map(|step| limited(4_000 * step)).unwrap();
    let message = "portcullis: cannot start 256 threads: Resource temporarily unavailable (os error 11); try `--threads 1`\n";
    assert_eq!((run.status, &*run.stdout, &*run.stderr), (2, "", message));
}

/// Parquet may use more: its pages are compressed, and answers are buffered until a row group is full.
#[test]
fn parquet_rows_are_not_kept_in_memory() {
    let place = tapes();
    let run = place.run(&["convert", "short", "--out", "short.parquet"]);
    assert_eq!((run.status, &*run.stderr), (0, ""));
    let peak = peak_kib(&[
        "replay",
        "short.parquet",
        "--threads",
        "2",
        "--out",
        "rows.parquet",
    ]);
    assert!(peak <= (256 - 8) * 1024, "{peak} KiB");
}

#[test]
fn answers_are_not_kept_in_memory() {
    let peak = peak_kib(&["replay", "short", "--threads", "2", "--out", "/dev/null"]);
    assert!(peak <= KIB_MAX, "{peak} KiB");
}
