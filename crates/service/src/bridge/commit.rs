//! Writing of answers as plans and skip records, once per intent, if they still apply at the time
//! of the write.

use portcullis::{
    decide::Trade,
    types::{SignedDuration, Timestamp},
};
use portcullis_store::{
    ContentToken,
    redis::{
        Switches, TOKEN_FUNCTIONS,
        keys::{HALTS, POLICY, POLICY_SET, RECORDED_HALTS},
    },
};
use redis::{Cmd, Connection, RedisResult, Script, Value};

use super::{Settings, plan::Items};
use crate::{
    keys,
    stream::{hash_part, short_hex},
};

/// A stream entry and its answer.
pub(super) struct Answered {
    pub(super) entry_id: String,
    pub(super) verdict: Verdict,
    pub(super) identity: Identity,
    /// True if the group delivers the entry again as a new one, because the group was created again or set to an
    /// earlier id.
    pub(super) is_again: bool,
    /// True if the record names a policy. That policy must be stored before the record is written.
    pub(super) names_policy: bool,
    /// The code of the reason why an arm decided, or why the live policy did although an arm was assigned.
    pub(super) arm_reason: Option<&'static str>,
    /// The policy and the leverage of a trade, for the harvester; empty for all other answers.
    pub(super) opening: String,
    /// The symbol as it occurs in the keys of halts and exits; empty if it is unreadable.
    pub(super) symbol: String,
    /// Fields of the plan or the skip record.
    pub(super) record: Items,
}

/// The verdict of an answer, and the conditions that the server checks when it writes the answer.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A plan of a trade.
    Trade(TradeTerms),
    /// A plan of an exit, which is always written.
    Exit,
    /// A skip record that depends on the policy and the halts. It is written only while the store holds this content.
    Skip(ContentToken),
    /// A skip record that does not depend on the content of the store. It is not written if another answer of its batch
    /// no longer applies, because the server then writes only the exits of the batch.
    SkipAlways,
}

/// The terms under which the plan of a trade may be written. They can be built only from a trade, and from the token of
/// the policy and the halts under which it was decided.
#[derive(Debug)]
pub(super) struct TradeTerms {
    /// The content that the store must still hold.
    content: ContentToken,
    /// The first and the last time, by the clock of the server, at which the plan may be written.
    times: (Timestamp, Timestamp),
    /// The last time at which the trade may be executed.
    not_after: Timestamp,
}

/// The outcome of an entry after the commit.
pub(super) struct Outcome {
    /// The verdict, the reason why the server denied the trade, `REPEATED` if the intent was already answered, `MOVED`
    /// if the entry must be decided again, or one of the failures in [`FailedWrite`]. Nothing is written for `REPEATED`
    /// and `MOVED`.
    pub(super) code: String,
    /// Details of the denial; empty if there is none. For `MOVED`: `content` or `time`. For `REPEATED`: the reason. For
    /// a failure, and for an exit whose mark could not be written: the error of the server.
    pub(super) detail: String,
}

/// A key that could not be written, so that an entry has no answer yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailedWrite {
    Plan,
    Skip,
    Mark,
    Permit,
}

impl Verdict {
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Trade(_) => "TRADE",
            Self::Exit => "EXIT",
            Self::Skip(_) | Self::SkipAlways => "SKIP",
        }
    }

    const fn content(&self) -> Option<&ContentToken> {
        match self {
            Self::Trade(TradeTerms { content, .. }) | Self::Skip(content) => Some(content),
            Self::Exit | Self::SkipAlways => None,
        }
    }

    /// Returns the last time at which a trade may be executed.
    const fn not_after(&self) -> Option<Timestamp> {
        match self {
            Self::Trade(terms) => Some(terms.not_after),
            Self::Exit | Self::Skip(_) | Self::SkipAlways => None,
        }
    }

    const fn times(&self) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Trade(terms) => Some(terms.times),
            Self::Exit | Self::Skip(_) | Self::SkipAlways => None,
        }
    }
}

impl TradeTerms {
    /// Returns the terms of a trade that was decided under this content. The plan may be written from the start of the
    /// validity of the policy until the earliest of three times: the last time at which the trade may be executed, the
    /// time after which the intent is too old, and `marked_until`, after which the mark price is too old.
    pub(super) fn new(
        trade: &Trade<'_>,
        content: &ContentToken,
        marked_until: Option<Timestamp>,
    ) -> Self {
        let not_after = trade.not_after().value();
        let bounds = [trade.fresh_until(), marked_until];
        let last = bounds.into_iter().flatten().fold(not_after, Timestamp::min);
        Self {
            content: content.clone(),
            times: (trade.policy().valid_from().unwrap_or(Timestamp::MIN), last),
            not_after,
        }
    }
}

impl Outcome {
    /// Returns true if nothing was written, because the store has changed since the decision, or because a trade is no
    /// longer in time.
    pub(super) fn is_moved(&self) -> bool {
        self.code == "MOVED"
    }

    /// Returns the key that could not be written, if any.
    pub(super) fn failure(&self) -> Option<FailedWrite> {
        match self.code.as_str() {
            "FAILED_PLAN" => Some(FailedWrite::Plan),
            "FAILED_SKIP" => Some(FailedWrite::Skip),
            "FAILED_MARK" => Some(FailedWrite::Mark),
            "FAILED_PERMIT" => Some(FailedWrite::Permit),
            _ => None,
        }
    }

    /// Returns true if the plan of an exit was written, but its intent could not be marked as answered.
    pub(super) fn is_unmarked_exit(&self) -> bool {
        self.code == "EXIT" && !self.detail.is_empty()
    }

    /// Returns true if the intent was already answered, so that nothing was written.
    pub(super) fn is_repeated(&self) -> bool {
        self.code == "REPEATED"
    }

    /// Returns true if nothing was written, because the policy or the halts have changed.
    pub(super) fn has_new_content(&self) -> bool {
        self.is_moved() && self.detail == "content"
    }
}

/// Identity of an intent, by which repeated deliveries are recognized.
pub(super) struct Identity {
    /// Hash in the key of the mark, a key that exists if the intent was answered.
    mark: String,
    /// Digest of the content of the intent.
    digest: String,
    /// Hash of the parts of `mark` and of `digest`.
    plan_id: String,
}

/// The parts of an intent that identify it.
pub(super) struct IdentityParts<'a> {
    pub(super) source: Option<&'a str>,
    /// The sender's id of the intent.
    pub(super) sender_id: Option<&'a str>,
    pub(super) is_exit: bool,
    /// The symbol; empty if it is unreadable.
    pub(super) symbol: &'a str,
    /// The stream and the entry id, which identify an intent without an id from its sender.
    pub(super) stream: &'a str,
    pub(super) entry_id: &'a str,
    pub(super) digest: String,
}

impl Identity {
    /// Derives the identity. Two entries with the same sender, id and symbol are the same intent. Two exits are the
    /// same intent only if their content is the same as well, so that a new exit with an id that was used before is not
    /// lost.
    pub(super) fn new(parts: IdentityParts<'_>) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut put = |part: &str| hash_part(&mut hasher, part.as_bytes());
        put(if parts.is_exit { "exit" } else { "entry" });
        for part in [parts.source, parts.sender_id] {
            put(if part.is_some() { "some" } else { "none" });
            put(part.unwrap_or_default());
        }
        put(parts.symbol);
        if parts.sender_id.is_none() {
            put(parts.stream);
            put(parts.entry_id);
        }
        if parts.is_exit {
            put(&parts.digest);
        }
        let mark = short_hex(&hasher);
        hash_part(&mut hasher, parts.digest.as_bytes());
        Self {
            mark,
            digest: parts.digest,
            plan_id: short_hex(&hasher),
        }
    }

    /// Returns the plan id, which is the same for every delivery of an intent on every instance.
    pub(super) fn plan_id(&self) -> &str {
        &self.plan_id
    }
}

/// A writer of answers, marks and acknowledgements, all in one atomic script.
pub(super) struct Committer(Script);

impl Committer {
    pub(super) fn new() -> Self {
        Self(Script::new(
            &[TOKEN_FUNCTIONS, include_str!("commit.lua")].concat(),
        ))
    }

    /// Loads the script into the server.
    pub(super) fn load(&self, connection: &mut Connection) -> RedisResult<()> {
        self.0.load(connection).map(drop)
    }

    /// Returns the script call. The caller must have [loaded](Self::load) the script.
    /// An entry id may be ahead of the clock of the server by up to `ahead_max`.
    pub(super) fn command(
        &self,
        settings: &Settings,
        stream: &str,
        ahead_max: SignedDuration,
        answers: &[Answered],
    ) -> Cmd {
        let length = |max: Option<u64>| max.map_or_else(String::new, |max| max.to_string());
        let mut call = redis::cmd("EVALSHA");
        let format = settings.profile.map(|profile| &profile.plans);
        let switches = settings
            .profile
            .map_or(Switches::NONE, |profile| profile.switches);
        let per_entry = if format.is_some() { 4 } else { 3 };
        let keys = 10_usize
            .saturating_add(switches.keys().len())
            .saturating_add(answers.len().saturating_mul(per_entry));
        call.arg(self.0.get_hash()).arg(keys);
        call.arg(stream).arg(&settings.plans).arg(&settings.skips);
        let prefix = &settings.keys;
        call.arg(POLICY).arg(HALTS).arg(RECORDED_HALTS);
        call.arg(keys::last_answered(prefix, stream));
        call.arg(keys::trimmed(prefix, &settings.plans));
        call.arg(POLICY_SET).arg(keys::LAST_TRADES);
        for switch in switches.keys() {
            call.arg(switch);
        }
        for answer in answers {
            call.arg(keys::answered_mark(prefix, &answer.identity.mark));
            call.arg(keys::last_exit(prefix, &answer.symbol));
            call.arg(keys::last_trade(prefix, &answer.symbol));
            if let Some(format) = format {
                call.arg(keys::permit(format.permits, answer.identity.plan_id()));
            }
        }
        call.arg(&settings.group)
            .arg(settings.remember.as_secs().max(1))
            .arg(length(settings.plans_max))
            .arg(length(settings.skips_max))
            .arg(ahead_max.as_micros().div_euclid(1000))
            .arg(switches.keys().len())
            .arg(format.map_or_else(String::new, |format| {
                format.permit_lifetime.as_millis().to_string()
            }));
        for answer in answers {
            let verdict = &answer.verdict;
            let (from, to) = verdict.times().unzip();
            let micros = |at: Option<Timestamp>| {
                at.map_or_else(String::new, |at| at.as_micros().to_string())
            };
            call.arg(&answer.entry_id)
                .arg(verdict.as_str())
                .arg(&answer.identity.digest)
                .arg(&answer.symbol)
                .arg(verdict.content().map_or("", ContentToken::policy))
                .arg(verdict.content().map_or("", ContentToken::halts))
                .arg(micros(from))
                .arg(micros(to))
                .arg(if answer.is_again { "again" } else { "" })
                .arg(micros(verdict.not_after()))
                .arg(&answer.opening)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_follows_from_its_code_and_its_detail() {
        let of = |code: &str, detail: &str| {
            let outcome = Outcome {
                code: code.to_owned(),
                detail: detail.to_owned(),
            };
            let names = [
                ("moved", outcome.is_moved()),
                ("new content", outcome.has_new_content()),
                ("unmarked exit", outcome.is_unmarked_exit()),
                ("repeated", outcome.is_repeated()),
            ];
            let names = names
                .into_iter()
                .filter(|(_, is)| *is)
                .map(|(name, _)| name);
            (names.collect::<Vec<_>>(), outcome.failure())
        };
        for code in ["TRADE", "SKIP", "EXIT", "DENY_HALTED"] {
            assert_eq!(of(code, ""), (vec![], None), "{code}");
        }
        assert_eq!(of("TRADE", "error"), (vec![], None));
        assert_eq!(of("EXIT", "error"), (vec!["unmarked exit"], None));
        assert_eq!(of("REPEATED", ""), (vec!["repeated"], None));
        assert_eq!(of("MOVED", "time"), (vec!["moved"], None));
        assert_eq!(of("MOVED", "content"), (vec!["moved", "new content"], None));
        for (code, failure) in [
            ("FAILED_PLAN", FailedWrite::Plan),
            ("FAILED_SKIP", FailedWrite::Skip),
            ("FAILED_MARK", FailedWrite::Mark),
            ("FAILED_PERMIT", FailedWrite::Permit),
        ] {
            assert_eq!(of(code, "content"), (vec![], Some(failure)));
        }
    }
}
