//! Resident memory does not grow with the tape.

#![cfg(target_os = "linux")]

use std::{fs, process::Stdio, sync::OnceLock, thread, time::Duration};

use portcullis_sim::generate::write_tape;

use crate::support::{Place, Run, zstd_of_window};

const KIB_MAX: u64 = 64 * 1024;

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

/// The most memory that a run ever held, in KiB. What it holds never shrinks in this count, so that looking
/// often enough is looking at the end.
fn peak_kib(arguments: &[&str]) -> u64 {
    let mut command = tapes().command(arguments);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.trim().strip_suffix(" kB")) {
            peak = peak.max(kib.parse().unwrap());
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    peak
}

fn check(arguments: &[&str]) {
    for tape in ["short", "long"] {
        let arguments = [&["replay", tape], arguments].concat();
        let peak = peak_kib(&arguments);
        assert!(
            (1000..=KIB_MAX).contains(&peak),
            "{arguments:?}: {peak} KiB"
        );
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
        assert!(
            (1000..=KIB_MAX).contains(&peak),
            "{arguments:?}: {peak} KiB"
        );
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

#[test]
fn answers_are_not_kept() {
    let peak = peak_kib(&["replay", "short", "--threads", "2", "--out", "/dev/null"]);
    assert!((1000..=KIB_MAX).contains(&peak), "{peak} KiB");
}
