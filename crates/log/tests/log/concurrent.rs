//! Verification of a log that is written at the same time.

use std::{
    num::NonZeroU32,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use portcullis_log::{DecisionLog, Fault, Settings, verify};
use portcullis_store::TrustedKeys;

use crate::{
    append,
    support::{directory, settings, signer},
};

#[test]
fn a_log_that_is_written_verifies_at_any_time() {
    let directory = directory();
    let path = directory.path();
    let settings = Settings {
        retain_files: NonZeroU32::new(3),
        ..settings(2, 900)
    };
    let mut log = DecisionLog::open(path, signer(), settings).unwrap();
    let (stored, is_done) = (Mutex::new(None), AtomicBool::new(false));
    let verified = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut verified = 0;
            while !is_done.load(Ordering::SeqCst) || verified == 0 {
                let known = stored.lock().unwrap().clone();
                let seen = verify(path, &TrustedKeys::none(), known.as_ref()).unwrap();
                // Retention may have removed the stored checkpoint meanwhile.
                let is_old = |fault: &Fault| matches!(fault, Fault::StoredTooOld { .. });
                assert!(seen.faults.iter().all(is_old), "{:?}", seen.faults);
                verified += 1;
            }
            verified
        });
        for row in 1..=400 {
            if let Some(last) = append(&mut log, row, row, 0).unwrap().checkpoints.pop() {
                *stored.lock().unwrap() = Some(last);
            }
        }
        is_done.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    assert!(verified > 0);
}
