//! The command `portcullis policy watch`.

use std::{
    io::{self, Write as _},
    thread,
    time::Duration,
};

use portcullis::{policy::Policy, types::Shown};
use portcullis_service::runtime::system_time;

use crate::{args::store::AddressArg, commands::policy::source::stored_policy, failure::Failure};

/// The interval between two reads of the store.
const INTERVAL: Duration = Duration::from_millis(500);

/// Prints the policy or the error as one line in the format of the service logs. Prints a new line after each change.
pub(super) fn run(address: &AddressArg) -> Result<(), Failure> {
    let store = address.open()?;
    let mut last = String::new();
    loop {
        let line = match stored_policy(store.as_ref()) {
            Ok((policy, None)) => loaded(&policy),
            Ok((policy, Some(note))) => format!("{}; {note}", loaded(&policy)),
            Err(error) => error.to_string(),
        };
        if line != last {
            let mut out = io::stdout().lock();
            writeln!(out, "{} {}", system_time()?, Shown(&line).whole())
                .map_err(|error| Failure::write(&error))?;
            last = line;
        }
        thread::sleep(INTERVAL);
    }
}

/// Returns the log line of a loaded policy. Operators search the logs for this text.
fn loaded(policy: &Policy) -> String {
    format!(
        "POLICY_LOADED: version={} hash={} until={}",
        Shown(policy.version()),
        policy.hash().short(),
        policy.valid_until()
    )
}
