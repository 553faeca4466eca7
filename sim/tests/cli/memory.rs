//! Resident memory does not grow with the tape.

#![cfg(target_os = "linux")]

use std::{fs, process::Stdio, sync::OnceLock, thread, time::Duration};

use portcullis_sim::generate::write_tape;

use crate::support::{Place, Run, zstd_of_window};

/// Of the 64 MiB, the program that people run takes less than 8 before it reads anything. The one that is tested is not optimised
/// and takes more, so what counts here is what comes on top.
const KIB_MAX: u64 = (64 - 8) * 1024;

/// What the program takes before it reads anything, in KiB.
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

/// The most memory that a process ever held, as long as it is there.
fn high_kib(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.map_or(0, |kib| kib.parse().unwrap())
}

/// A tape of 100,000 records and one of 600,000: about 23 and 137 MB.
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

/// The most memory that a run ever held on top of the program's own, in KiB. What it holds never shrinks in this count, so that looking
/// often enough is looking at the end.
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
fn a_long_tape_takes_as_little_memory_as_a_short_one() {
    check(&["--threads", "1"]);
}

#[test]
fn so_it_does_with_threads() {
    check(&["--threads", "2"]);
}

/// With the largest window that is read, and with more threads than are of any use.
#[test]
fn so_it_does_from_an_archive_and_with_many_threads() {
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
fn threads_that_the_system_does_not_give_end_the_run_in_one_line() {
    let place = Place::new();
    place.put("tape", "");
    // Two MiB of addresses a thread.
    let run = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -v 300000; exec \"$0\" replay tape --threads 256",
        ])
        .arg(place.command(&[]).get_program())
        .current_dir(place.path())
        .output();
    let run = Run::new(&run.unwrap());
    let message = "portcullis: cannot start 256 threads: Resource temporarily unavailable (os error 11); try `--threads 1`\n";
    assert_eq!((run.status, &*run.stdout, &*run.stderr), (2, "", message));
}

/// Parquet may take more: its pages are compressed, and answers stay until a group of rows is full.
#[test]
fn rows_are_not_kept() {
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
fn answers_are_not_kept() {
    let peak = peak_kib(&["replay", "short", "--threads", "2", "--out", "/dev/null"]);
    assert!(peak <= KIB_MAX, "{peak} KiB");
}
