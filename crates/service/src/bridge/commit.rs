//! Writing of answers as plans and skip records, once per intent.

use portcullis::{decide::SkipReason, policy::PolicyUnavailable};
use portcullis_store::redis::keys::{HALTS, POLICY};
use redis::{Cmd, Connection, RedisResult, Script, Value};

use super::{Settings, plan::Items};
use crate::{
    keys,
    stream::{hash_part, short_hex},
};

/// A stream entry and its answer.
pub(super) struct Answered {
    pub(super) entry_id: String,
    pub(super) verdict: &'static str,
    /// Identity of the intent, derived from the sender's id, or without one from the stream and the
    /// entry id.
    pub(super) identity: Identity,
    /// The symbol as it occurs in the keys of halts and exits; empty if it is unreadable.
    pub(super) symbol: String,
    /// Fields of the plan or the skip record.
    pub(super) record: Items,
}

/// The outcome of an entry after the commit.
pub(super) struct Outcome {
    /// The verdict, the reason for which the server denied the trade, or `REPEATED`.
    pub(super) code: String,
    /// Details of the denial; empty if there is none.
    pub(super) detail: String,
}

/// Identity of an intent, by which repeated deliveries are recognized.
pub(super) struct Identity {
    /// Hash of the id, in the key of the mark that the intent was answered.
    mark: String,
    /// Digest of the content of the intent.
    digest: String,
    /// Hash of the id and the digest.
    plan_id: String,
}

impl Identity {
    pub(super) fn new(
        sender_id: Option<&str>,
        stream: &str,
        entry_id: &str,
        digest: String,
    ) -> Self {
        let mut hasher = blake3::Hasher::new();
        match sender_id {
            Some(id) => hash_part(&mut hasher, id.as_bytes()),
            None => {
                hash_part(&mut hasher, stream.as_bytes());
                hash_part(&mut hasher, entry_id.as_bytes());
            }
        }
        let mark = short_hex(&hasher);
        hash_part(&mut hasher, digest.as_bytes());
        Self {
            mark,
            digest,
            plan_id: short_hex(&hasher),
        }
    }

    /// Returns the plan id, which is the same for every delivery of an intent on every instance.
    pub(super) fn plan_id(&self) -> &str {
        &self.plan_id
    }
}

/// A writer of answers, marks and acknowledgements, all in one atomic script.
pub(super) struct Committer {
    script: Script,
    no_policy: String,
}

impl Committer {
    pub(super) fn new() -> Self {
        Self {
            script: Script::new(include_str!("commit.lua")),
            no_policy: SkipReason::PolicyUnavailable(&PolicyUnavailable::NotFound).to_string(),
        }
    }

    /// Loads the script into the server.
    pub(super) fn load(&self, connection: &mut Connection) -> RedisResult<()> {
        self.script.load(connection).map(drop)
    }

    /// Returns the script call. The caller must have [loaded](Self::load) the script.
    pub(super) fn command(&self, settings: &Settings, stream: &str, answers: &[Answered]) -> Cmd {
        let length = |max: Option<u64>| max.map_or_else(String::new, |max| max.to_string());
        let mut call = redis::cmd("EVALSHA");
        let keys = 5_usize.saturating_add(answers.len().saturating_mul(2));
        call.arg(self.script.get_hash()).arg(keys);
        call.arg(stream).arg(&settings.plans).arg(&settings.skips);
        call.arg(POLICY).arg(HALTS);
        for answer in answers {
            let prefix = &settings.keys;
            call.arg(keys::answered_mark(prefix, &answer.identity.mark));
            call.arg(keys::last_exit(prefix, &answer.symbol));
        }
        call.arg(&settings.group)
            .arg(settings.remember.as_secs().max(1))
            .arg(length(settings.plans_max))
            .arg(length(settings.skips_max))
            .arg(&self.no_policy);
        for answer in answers {
            call.arg(&answer.entry_id)
                .arg(answer.verdict)
                .arg(&answer.identity.digest)
                .arg(&answer.symbol)
                .arg(answer.record.len());
            for item in answer.record.iter() {
                call.arg(item);
            }
        }
        call
    }
}

/// Parses the reply of the script: one outcome per answer, in order.
pub(super) fn outcomes(reply: Value) -> RedisResult<Vec<Outcome>> {
    let pairs: Vec<(String, String)> = redis::from_redis_value(reply)?;
    let outcome = |(code, detail)| Outcome { code, detail };
    Ok(pairs.into_iter().map(outcome).collect())
}
