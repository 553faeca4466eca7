//! What rules, for a service.

use std::{
    path::PathBuf,
    time::{Duration, Instant as Tick},
};

use portcullis::store::{Feed, Reader, SequenceGuard, StoreError, TrustedKeys};

use super::{Server, ServiceError, Stop, clock::now};

/// How long a store may take for its first answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a wait goes on before it is looked whether it is time to stop.
const SLICE: Duration = Duration::from_millis(20);

/// Which policies a service takes.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Only what one of these keys signed, if there are any.
    pub keys: TrustedKeys,
    /// Remembers the highest sequence seen, over restarts too.
    pub sequences: Option<PathBuf>,
}

impl Trust {
    fn guard(&self) -> Result<SequenceGuard, StoreError> {
        match &self.sequences {
            None => Ok(SequenceGuard::in_memory()),
            Some(path) => SequenceGuard::in_file(path),
        }
    }
}

/// Follows the policy on a server.
pub(crate) fn follow(server: &Server, trust: &Trust) -> Result<Feed, ServiceError> {
    let reader = Reader::new(server.store()?, trust.guard()?).trusting(trust.keys.clone());
    Feed::start(reader, now).map_err(|_| ServiceError::Thread("could not be started"))
}

/// Waits until the store has answered once: whoever asks earlier would take a policy that nobody has read yet for
/// one that is missing. Not for good: then it is missing, and exits and open positions wait for nobody.
pub(crate) fn wait_until_asked(feed: &Feed, stop: &Stop) {
    let until = Tick::now() + PATIENCE;
    while !stop.is_set() && Tick::now() < until && !feed.wait_for_change(0, SLICE) {}
}
