//! Where the policy comes from, and the halts.

use std::{
    collections::BTreeSet,
    sync::{Arc, Condvar, Mutex, PoisonError, RwLock},
    time::Duration,
};

use portcullis::{
    domain::{Instant, Symbol},
    guardrails::Halt,
    policy::{Policy, PolicyAbsence},
};
use redis::{Connection, RedisError, RedisResult, Value};

use super::{
    ServiceError, Stop,
    clock::now,
    link::Link,
    log::{line, say},
    reply::{last_id, list, read_entries},
};

/// How long the reader waits to be told of a change before it looks itself.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// What halts everything, as a member of the set of halts.
const EVERYTHING: &[u8] = b"*";

/// What rules at a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ruling {
    /// The policy, or why there is none.
    pub(crate) policy: Result<Policy, PolicyAbsence>,
    /// What is halted.
    pub(crate) halt: Halt,
}

/// Knows what rules.
pub(crate) trait PolicySource: Sync {
    /// What rules now. The same for as long as nothing changes.
    fn current(&self) -> Arc<Ruling>;

    /// Waits until the store was asked once, or it is time to stop: whoever asks earlier would take a policy
    /// that nobody has read yet for one that is missing.
    fn wait_until_asked(&self, stop: &Stop);
}

/// Reads a Redis server: when it is told of an update, and at short intervals beneath.
pub(crate) struct RedisPolicySource {
    keys: PolicyKeys,
    ruling: RwLock<Arc<Ruling>>,
    asked: Mutex<bool>,
    answered: Condvar,
}

/// Where the policy is.
#[derive(Debug, Clone)]
pub(crate) struct PolicyKeys {
    /// The hash that holds the policy.
    pub(crate) policy: String,
    /// The stream that tells of new policies.
    pub(crate) updates: String,
    /// The set of what is halted.
    pub(crate) halt: String,
}

/// What is remembered from one reading to the next.
#[derive(Default)]
struct Memory {
    /// The highest sequence seen.
    seq: Option<u64>,
    /// The refusal that was told last.
    told: Option<PolicyAbsence>,
}

impl PolicySource for RedisPolicySource {
    fn current(&self) -> Arc<Ruling> {
        let ruling = self.ruling.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ruling)
    }

    fn wait_until_asked(&self, stop: &Stop) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        while !*asked && !stop.is_set() {
            asked = match self.answered.wait_timeout(asked, LOOK_EVERY) {
                Ok((guard, _)) => guard,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

impl RedisPolicySource {
    pub(crate) fn new(keys: PolicyKeys) -> Self {
        Self {
            keys,
            // Until somebody has looked, nothing may be traded.
            ruling: RwLock::new(Arc::new(Ruling {
                policy: Err(PolicyAbsence::StoreUnavailable),
                halt: Halt::Everything,
            })),
            asked: Mutex::new(false),
            answered: Condvar::new(),
        }
    }

    /// Keeps up with the server until it is time to stop. While that is away the last ruling stays: the
    /// policy ends by its own expiry.
    pub(crate) fn watch(&self, link: Link<'_>, stop: &Stop) -> Result<(), ServiceError> {
        let mut memory = Memory::default();
        link.keep(|connection, is_well| {
            // Before the first look, so that nothing happens between the two unseen.
            let mut update = self.last_update(connection)?;
            while !stop.is_set() {
                self.look(connection, &mut memory)?;
                is_well();
                self.wait_for_update(connection, &mut update)?;
            }
            Ok(())
        })
    }

    fn look(&self, connection: &mut Connection, memory: &mut Memory) -> RedisResult<()> {
        let policy = self.read_policy(connection)?;
        let halt = self.read_halt(connection)?;
        let before = self.current();
        let policy = memory.judge(&before.policy, policy, now());
        let after = Ruling { policy, halt };
        if after != *before {
            tell(&before, &after);
            *self.ruling.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        }
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.answered.notify_all();
        Ok(())
    }

    /// One read of the whole hash.
    fn read_policy(
        &self,
        connection: &mut Connection,
    ) -> RedisResult<Result<Policy, PolicyAbsence>> {
        let reply = redis::cmd("HGETALL")
            .arg(&self.keys.policy)
            .query::<Vec<Vec<u8>>>(connection);
        let texts = match reply {
            Err(error) if is_of_another_type(&error) => return Ok(unreadable()),
            other => other?,
        };
        if texts.is_empty() {
            return Ok(Err(PolicyAbsence::NotFound));
        }
        let texts: Result<Vec<String>, _> = texts.into_iter().map(String::from_utf8).collect();
        let Ok(texts) = texts else {
            return Ok(unreadable());
        };
        let mut texts = texts.into_iter();
        let mut fields = Vec::new();
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            fields.push((name, value));
        }
        Ok(Policy::from_fields(fields).map_err(PolicyAbsence::Refused))
    }

    /// What is halted; everything, where that cannot be told.
    fn read_halt(&self, connection: &mut Connection) -> RedisResult<Halt> {
        let reply = redis::cmd("SMEMBERS")
            .arg(&self.keys.halt)
            .query::<Vec<Vec<u8>>>(connection);
        let members = match reply {
            Err(error) if is_of_another_type(&error) => return Ok(Halt::Everything),
            other => other?,
        };
        if members.is_empty() {
            return Ok(Halt::Nothing);
        }
        let symbol = |member: &Vec<u8>| {
            let text = std::str::from_utf8(member).ok()?;
            (member != EVERYTHING).then(|| Symbol::new(text).ok())?
        };
        let symbols: Option<BTreeSet<Symbol>> = members.iter().map(symbol).collect();
        Ok(symbols.map_or(Halt::Everything, Halt::Symbols))
    }

    /// The id of the last update; before any, the beginning.
    fn last_update(&self, connection: &mut Connection) -> RedisResult<String> {
        let reply = redis::cmd("XREVRANGE")
            .arg(&self.keys.updates)
            .arg(["+", "-", "COUNT", "1"].as_slice())
            .query::<Value>(connection)?;
        Ok(last_id(list(reply)).unwrap_or_else(|| "0-0".to_owned()))
    }

    /// Waits until somebody tells of an update, or until it is time to look anyway.
    fn wait_for_update(&self, connection: &mut Connection, update: &mut String) -> RedisResult<()> {
        let reply = redis::cmd("XREAD")
            .arg("BLOCK")
            .arg(LOOK_EVERY.as_millis().to_string())
            .arg("STREAMS")
            .arg(&self.keys.updates)
            .arg(update.as_str())
            .query::<Value>(connection)?;
        if let Some(id) = last_id(read_entries(reply)) {
            *update = id;
        }
        Ok(())
    }
}

impl Memory {
    /// What rules after a reading. Only a policy that is whole, or none at all, displaces a policy in force;
    /// whatever else was read is told, and does not lengthen its days.
    fn judge(
        &mut self,
        before: &Result<Policy, PolicyAbsence>,
        read: Result<Policy, PolicyAbsence>,
        now: Instant,
    ) -> Result<Policy, PolicyAbsence> {
        let refused = match read {
            Ok(policy) if policy.seq() >= self.seq => {
                self.seq = policy.seq();
                self.told = None;
                return Ok(policy);
            }
            Ok(policy) => PolicyAbsence::RolledBack {
                seen: self.seq.unwrap_or_default(),
                offered: policy.seq(),
            },
            Err(PolicyAbsence::NotFound) => {
                self.told = None;
                return Err(PolicyAbsence::NotFound);
            }
            Err(refused) => refused,
        };
        let stays = match before {
            Ok(policy) => policy.in_force(now).is_ok(),
            Err(_) => false,
        };
        if self.told.as_ref() != Some(&refused) {
            let state = if stays {
                "the one before stays in force"
            } else {
                "there is none"
            };
            say(format_args!("policy refused, {state}: {refused}"));
            self.told = Some(refused.clone());
        }
        match before {
            Ok(policy) if stays => Ok(policy.clone()),
            Ok(_) | Err(_) => Err(refused),
        }
    }
}

/// Says what changed.
fn tell(before: &Ruling, after: &Ruling) {
    match (&before.policy, &after.policy) {
        (Ok(one), Ok(other)) if one == other => {}
        (_, Ok(policy)) => line(format_args!(
            "POLICY_LOADED: version={} hash={}",
            policy.version(),
            policy.hash().short()
        )),
        (Ok(policy), Err(PolicyAbsence::NotFound)) => {
            say(format_args!("policy {} was withdrawn", policy.version()));
        }
        (Err(one), Err(PolicyAbsence::NotFound)) if *one != PolicyAbsence::NotFound => {
            say("there is no policy: nothing is traded");
        }
        (Ok(_) | Err(_), Err(_)) => {}
    }
    if before.halt != after.halt {
        match &after.halt {
            // Before the first look everything is halted; nobody was told so.
            Halt::Nothing if before.policy == Err(PolicyAbsence::StoreUnavailable) => {}
            Halt::Nothing => say("no halt"),
            Halt::Everything => say("all entries are halted"),
            Halt::Symbols(symbols) => {
                let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
                say(format_args!("halted: {}", names.join(" ")));
            }
        }
    }
}

fn is_of_another_type(error: &RedisError) -> bool {
    error.code() == Some("WRONGTYPE")
}

/// Something is there, and it is no hash of texts.
fn unreadable() -> Result<Policy, PolicyAbsence> {
    Policy::from_json("null").map_err(PolicyAbsence::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: &str) -> Instant {
        Instant::parse_epoch_seconds(seconds).unwrap()
    }

    /// A policy in force until the second 100.
    fn policy(version: &str, seq: Option<&str>) -> Policy {
        let sample = Policy::from_json(&crate::sample::policy_json(at("100"))).unwrap();
        let mut fields = sample.fields().clone();
        fields.insert("policy_version".to_owned(), version.to_owned());
        fields.extend(seq.map(|seq| ("policy_seq".to_owned(), seq.to_owned())));
        Policy::from_fields(fields).unwrap()
    }

    #[test]
    fn a_refusal_waits_for_the_end_of_a_policy_in_force() {
        let mut memory = Memory::default();
        let good = Ok(policy("1", None));
        for (now, stays) in [("99", true), ("100", true), ("100.000001", false)] {
            for bad in [unreadable(), Err(PolicyAbsence::StoreUnavailable)] {
                let expected = if stays { good.clone() } else { bad.clone() };
                assert_eq!(memory.judge(&good, bad, at(now)), expected, "{now}");
            }
        }
        assert_eq!(
            memory.judge(&Err(PolicyAbsence::NotFound), good.clone(), at("99")),
            good
        );
    }

    #[test]
    fn a_withdrawal_does_not_wait() {
        let missing = Err(PolicyAbsence::NotFound);
        let mut memory = Memory::default();
        let after = memory.judge(&Ok(policy("1", None)), missing.clone(), at("1"));
        assert_eq!(after, missing);
    }

    #[test]
    fn a_sequence_does_not_run_backwards() {
        let mut memory = Memory::default();
        let now = at("1");
        let third = Ok(policy("c", Some("3")));
        let none = Err(PolicyAbsence::NotFound);
        assert_eq!(memory.judge(&none, third.clone(), now), third);
        for seq in [Some("2"), None] {
            assert_eq!(memory.judge(&third, Ok(policy("b", seq)), now), third);
        }
        // Not after a withdrawal either.
        assert_eq!(memory.judge(&third, none.clone(), now), none);
        assert_eq!(
            memory.judge(&none, Ok(policy("b", Some("2"))), now),
            Err(PolicyAbsence::RolledBack {
                seen: 3,
                offered: Some(2)
            })
        );
        let same = Ok(policy("d", Some("3")));
        assert_eq!(memory.judge(&none, same.clone(), now), same);
    }
}
