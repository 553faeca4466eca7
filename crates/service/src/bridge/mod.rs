//! A service that reads trade intents from Redis streams and writes execution plans.
//!
//! Intents are read from one stream and exits from another. The engine decides each of them at the time of the
//! service's clock, under the policy that is active at that moment. A trade or an exit becomes a plan, anything else a
//! skip record. One atomic script writes the plan, the mark that the intent was answered, and the acknowledgement, so
//! an intent is answered once, even if it is delivered several times. An answer that depends on the policy or the halts
//! is written only while the server still holds those of the decision. A trade is written only if, in addition, neither
//! the trade nor its intent is too old by the clock of the server. If one of these conditions fails, the script writes
//! only the exits of the batch, and all its other intents are decided again. If a process dies, each intent that it read
//! either has its answer or stays pending until another consumer claims it. An answer that cannot be written blocks only
//! its own intent.
//!
//! If the store has a policy set, a canary arm decides the entries in its share of the symbols. The answers of shadow arms
//! are written to a stream of their own after the answers.
//!
//! Each stream has its own worker and connection. An exit on the stream of exits therefore never waits for an entry,
//! and the worker of the intents reads nothing while exits are waiting.

mod batch_decider;
mod blocked;
mod commit;
mod executor;
mod group;
mod metrics;
mod plan;
mod policy_archive;
mod precedence;
mod read_size;
mod settings;
mod shadows;
mod skew;
mod stream_worker;

use std::sync::{Mutex, PoisonError};

use portcullis::decide::Engine;
use portcullis_store::redis::Switches;

pub use self::settings::Settings;
use self::{
    precedence::Precedence,
    stream_worker::{Role, StreamWorker},
};
use crate::runtime::{
    Connections, Reconnecting, ServiceError, Stop, follow, log_status, run_until_one_ends,
};

/// Answers intents until `stop` is set.
///
/// # Errors
/// Returns an error if the server rejects the connection, if the policy store cannot be opened, or if a thread
/// cannot be started or panics. An unreachable server is not an error: the service reconnects until it succeeds.
pub fn run(engine: &Engine, settings: &Settings, stop: &Stop) -> Result<(), ServiceError> {
    metrics::describe();
    let connections = Connections::new(settings.redis.clone());
    connections.check_credentials()?;
    let switches = settings
        .profile
        .map_or(Switches::NONE, |profile| profile.switches);
    let feed = follow(&settings.redis, &settings.trust, switches)?;
    let precedence = Precedence::new();
    let worker = |role| StreamWorker::new(role, engine, settings, &feed, &precedence, stop);
    let (exits, entries) = (worker(Role::Exits), worker(Role::Entries));
    let unanswered = Mutex::new(Vec::new());
    let connection = || Reconnecting::new(&connections, stop);
    run_until_one_ends(
        vec![
            ("exits", Box::new(|| exits.serve(connection(), &unanswered))),
            (
                "entries",
                Box::new(|| entries.serve(connection(), &unanswered)),
            ),
        ],
        stop,
    )?;
    let unanswered = unanswered
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if unanswered.is_empty() {
        log_status("stopped: all intents that were read are answered");
    } else {
        log_status(format_args!(
            "stopped: {}; the next bridge of the group answers them",
            unanswered.join("; ")
        ));
    }
    Ok(())
}
