//! A policy store in Redis.

use std::{collections::BTreeSet, fmt, time::Duration};

use redis::{
    Connection, RedisError, RedisResult, cmd,
    streams::{StreamId, StreamRangeReply, StreamReadReply},
};

use super::{
    connection::{ANSWER_WITHIN, SharedConnection},
    keys::{
        AUDIT, HALTS, HEAD, HISTORY, POLICY, POLICY_SET, RECORDED_HALTS, UPDATER_STATE, UPDATES,
    },
    server::{RedisServer, is_wrong_type},
    step,
    switches::Switches,
};
use crate::{
    ArmResults, AuditLog, AuditRecord, Change, Commit, ContentToken, Eviction, FieldMap, Head,
    PolicyStore, StoreContent, StoreError, Stored, UnmetCondition, UpdateMark,
    halts::{ALL, halt_of_both},
};
use portcullis::{
    guardrails::Halt,
    types::{PolicyHash, Shown},
};

/// The pairs of a Redis hash.
type RawFields = Vec<(Vec<u8>, Vec<u8>)>;

/// The raw content of all keys with halts. A key of another type is `None`.
struct RawHalts {
    /// The names in the set of halts and in the set of recorded halts.
    names: [Option<Vec<Vec<u8>>>; 2],
    /// The values of the switches. An absent switch is empty.
    switches: Vec<Option<Vec<u8>>>,
}

/// The halts that the raw content denotes.
struct Halts {
    halt: Halt,
    /// The part that has disappeared without a resume.
    kept: Halt,
    /// A text about each switch that halts everything.
    switched: Vec<String>,
}

/// A store that keeps everything in Redis, for services and writers in any language.
///
/// [`keys`](super::keys) lists its keys.
///
/// A change is one script on the server, which checks everything before it writes. A load is one
/// `HGETALL`. The persistence settings of the server determine whether a change survives a crash:
/// `appendfsync always` keeps every change. A cluster is not supported, because the keys are in
/// different slots: use one server, or a primary with replicas.
///
/// Another writer should replace the hash in a transaction (`MULTI`, `DEL`, `HSET`, `EXEC`) and
/// write a `policy_hash`, so that a part of a policy is never accepted as the whole.
/// [`Guardrails::with_required_policy_hash`](portcullis::guardrails::Guardrails::with_required_policy_hash)
/// makes the hash mandatory.
///
/// Connections are opened on demand and reopened when they break. The timeouts for connecting and
/// for each reply are two seconds.
pub struct RedisStore {
    connection: SharedConnection,
    /// A second connection, so that waiting for an update does not block other commands.
    waiting: SharedConnection,
    switches: Switches,
}

impl RedisStore {
    /// Creates the store on a server without connecting.
    #[must_use]
    pub fn new(server: RedisServer) -> Self {
        Self {
            waiting: SharedConnection::new(server.clone()),
            connection: SharedConnection::new(server),
            switches: Switches::NONE,
        }
    }

    /// Also reads these switches of other programs. While a switch is set, everything is halted. The caller of
    /// [`TOKEN_FUNCTIONS`](super::TOKEN_FUNCTIONS) must pass the keys of the switches to `halts_token`, in the same
    /// order.
    #[must_use]
    pub const fn with_switches(mut self, switches: Switches) -> Self {
        self.switches = switches;
        self
    }

    /// Creates the store on the server at a URL ([`RedisServer::from_url`]) without connecting.
    ///
    /// # Errors
    /// Returns an error if the URL is not valid.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        RedisServer::from_url(url).map(Self::new)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisStore({})", self.connection.name())
    }
}

impl PolicyStore for RedisStore {
    fn name(&self) -> String {
        self.connection.name()
    }

    fn stored(&self) -> Result<Stored, StoreError> {
        let policy = self.raw_policy();
        Ok(stored(
            policy.map_err(|error| self.connection.failed(&error))?,
        ))
    }

    fn stored_set(&self) -> Result<Option<String>, StoreError> {
        let text = self.raw_set();
        let text = text.map_err(|error| self.connection.failed(&error))?;
        Ok(text.map(set_text))
    }

    fn arm_results(&self, arm: PolicyHash) -> Result<ArmResults, StoreError> {
        let key = step::arm_results(arm);
        let get = |to: &mut Connection| cmd("HGETALL").arg(&key).query(to);
        let pairs: Vec<(String, String)> = self
            .connection
            .read(get)
            .map_err(|error| self.foreign(&key, &error))?;
        let record = FieldMap::new(pairs);
        let count = |name| record.number(name).unwrap_or_default();
        let drawdown = record.get("drawdown");
        Ok(ArmResults {
            closed_trades: count("closed_trades"),
            compared: count("compared"),
            agreed: count("agreed"),
            drawdown: drawdown.map(|text| text.parse().unwrap_or(f64::NAN)),
        })
    }

    fn head(&self) -> Result<Head, StoreError> {
        let get = |to: &mut Connection| cmd("HGETALL").arg(HEAD).query(to);
        let pairs: Vec<(String, String)> = self
            .connection
            .read(get)
            .map_err(|e| self.foreign(HEAD, &e))?;
        if pairs.is_empty() {
            return Ok(Head::start());
        }
        let record = FieldMap::new(pairs);
        match (record.number("entries"), record.get("last")) {
            (Some(entries), Some(last)) => Ok(Head {
                entries,
                last: last.to_owned(),
                seq: record.number("seq"),
                set_seq: record.number("set_seq"),
                is_released: record.get("released").is_some(),
            }),
            _ => Err(StoreError::Foreign {
                what: format!("`{HEAD}`"),
                why: "it does not contain an audit head (`entries` and `last`)".to_owned(),
            }),
        }
    }

    fn history_records(&self, newest: usize) -> Result<Vec<FieldMap>, StoreError> {
        let get = |to: &mut Connection| {
            let mut command = cmd("XREVRANGE");
            command.arg(HISTORY).arg("+").arg("-").arg("COUNT");
            command.arg(i64::try_from(newest).unwrap_or(i64::MAX));
            command.query::<StreamRangeReply>(to)
        };
        let reply = self
            .connection
            .read(get)
            .map_err(|e| self.foreign(HISTORY, &e))?;
        Ok(reply.ids.iter().map(record).collect())
    }

    fn audit_log(&self) -> Result<AuditLog, StoreError> {
        // The log and its head are read in one transaction, so that they belong to the same state.
        let get = |to: &mut Connection| -> RedisResult<(StreamRangeReply, Vec<(String, String)>)> {
            let mut both = redis::pipe();
            both.atomic();
            both.cmd("XRANGE").arg(AUDIT).arg("-").arg("+");
            both.cmd("HGETALL").arg(HEAD);
            both.query(to)
        };
        let (entries, head) = self
            .connection
            .read(get)
            .map_err(|e| self.foreign(AUDIT, &e))?;
        let head = FieldMap::new(head);
        let start = Head::start();
        Ok(AuditLog {
            records: entries.ids.iter().map(audit_record).collect(),
            head: Head {
                entries: head.number("entries").unwrap_or(start.entries),
                last: head.get("last").map_or(start.last, str::to_owned),
                seq: head.number("seq"),
                set_seq: head.number("set_seq"),
                is_released: head.get("released").is_some(),
            },
            unreadable: Vec::new(),
            may_be_trimmed: true,
        })
    }

    fn halts(&self) -> Result<Halt, StoreError> {
        let halts = self.raw_halts();
        let halts = halts.map_err(|error| self.connection.failed(&error))?;
        Ok(self.halts_of(&halts).halt)
    }

    fn content(&self) -> Result<StoreContent, StoreError> {
        let failed = |error: &RedisError| self.connection.failed(error);
        let policy = self
            .raw_policy()
            .and_then(|policy| Ok((policy, self.raw_set()?)));
        if let Err(error) = &policy
            && error.code().is_none()
        {
            // The server is unreachable, so the halts cannot be read either.
            return Err(failed(error));
        }
        let mut halts = self.raw_halts();
        // The two sets are read one after the other, so a change in between can look like a halt that has disappeared.
        if matches!(&halts, Ok(read) if self.halts_of(read).kept != Halt::Nothing) {
            halts = self.raw_halts();
        }
        if let (Err(error), Err(_)) = (&policy, &halts) {
            return Err(failed(error));
        }
        let unread = ContentToken::unread();
        let token = ContentToken {
            policy: match &policy {
                Ok((policy, set)) => ContentToken::of_raw_policy(policy.as_deref(), set.as_deref()),
                Err(_) => unread.policy,
            },
            halts: match &halts {
                Ok(raw) => raw.token(),
                Err(_) => unread.halts,
            },
        };
        let (halt, kept, switched) = match halts {
            Ok(raw) => {
                let halts = self.halts_of(&raw);
                (Ok(halts.halt), halts.kept, halts.switched)
            }
            Err(error) => (Err(failed(&error)), Halt::Nothing, Vec::new()),
        };
        let (stored, set) = match policy {
            Ok((policy, set)) => (Ok(stored(policy)), set.map(set_text)),
            Err(error) => (Err(failed(&error)), None),
        };
        Ok(StoreContent {
            stored,
            set,
            halt,
            kept,
            switched,
            token,
        })
    }

    fn eviction(&self) -> Result<Eviction, StoreError> {
        let get = |to: &mut Connection| cmd("INFO").arg("memory").query::<String>(to);
        match self.connection.read(get) {
            Ok(info) => Ok(eviction(&info)),
            // The server answered, but does not permit the command.
            Err(error) if error.code().is_some() => {
                let why = self.connection.error_text(&error);
                Ok(Eviction::Unknown(why))
            }
            Err(error) => Err(self.connection.failed(&error)),
        }
    }

    fn acquire_lease(&self, token: &str, length: Duration) -> Result<bool, StoreError> {
        let millis = length.as_millis().max(1);
        self.connection
            .write(|to| step::acquire_lease(token, millis, to))
    }

    fn release_lease(&self, token: &str) -> Result<(), StoreError> {
        self.connection.write(|to| step::release_lease(token, to))
    }

    fn updater_state(&self) -> Result<Option<String>, StoreError> {
        let get = |to: &mut Connection| cmd("GET").arg(UPDATER_STATE).query(to);
        let read = self.connection.read(get);
        read.map_err(|error| self.foreign(UPDATER_STATE, &error))
    }

    fn save_updater_state(&self, token: &str, state: &str) -> Result<bool, StoreError> {
        self.connection
            .write(|to| step::save_state(token, state, to))
    }

    fn last_update(&self) -> Result<UpdateMark, StoreError> {
        let get = |to: &mut Connection| {
            let mut command = cmd("XREVRANGE");
            command
                .arg(UPDATES)
                .arg(["+", "-", "COUNT", "1"].as_slice());
            command.query::<StreamRangeReply>(to)
        };
        let reply = self
            .waiting
            .read(get)
            .map_err(|e| self.foreign(UPDATES, &e))?;
        let last = reply.ids.into_iter().next_back();
        Ok(UpdateMark::at(
            last.map_or_else(|| "0-0".to_owned(), |entry| entry.id),
        ))
    }

    fn wait_for_update(
        &self,
        mark: &UpdateMark,
        at_most: Duration,
    ) -> Result<UpdateMark, StoreError> {
        // `BLOCK 0` would wait forever, and a wait beyond the timeout would break the connection.
        let at_most = at_most.clamp(Duration::from_millis(1), ANSWER_WITHIN / 2);
        let wait = |to: &mut Connection| {
            let mut command = cmd("XREAD");
            command.arg("BLOCK").arg(at_most.as_millis().to_string());
            command.arg("STREAMS").arg(UPDATES).arg(mark.name());
            command.query::<Option<StreamReadReply>>(to)
        };
        let reply = self
            .waiting
            .read(wait)
            .map_err(|e| self.foreign(UPDATES, &e))?;
        let entries = reply.into_iter().flat_map(|reply| reply.keys);
        let last = entries.flat_map(|stream| stream.ids).last();
        Ok(last.map_or_else(|| mark.clone(), |entry| UpdateMark::at(entry.id)))
    }

    fn commit(&self, change: &Change) -> Result<Commit, StoreError> {
        let answer = match self.connection.write(|to| step::apply(change, to)) {
            Ok(answer) => answer,
            // If the answer was lost, the head may still show that the change was applied.
            Err(error @ StoreError::OutcomeUnknown { .. }) => {
                return match self.head() {
                    Ok(head) if head == *change.after() => Ok(Commit::Done(Vec::new())),
                    Ok(_) | Err(_) => Err(error),
                };
            }
            Err(error) => return Err(error),
        };
        let words: Vec<&str> = answer.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["done"] => Ok(Commit::Done(Vec::new())),
            ["moved"] => Ok(Commit::Moved),
            ["unmet", "lease"] => Ok(Commit::Unmet(UnmetCondition::Lease)),
            ["unmet", "age"] => Ok(Commit::Unmet(UnmetCondition::FeatureAge)),
            ["unmet", "future"] => Ok(Commit::Unmet(UnmetCondition::FutureFeatures)),
            ["foreign", key, found, bound] => Err(StoreError::Foreign {
                what: format!("`{key}`"),
                why: format!("its type is {found}, but must be {bound}"),
            }),
            _ => Err(StoreError::OutcomeUnknown {
                store: self.name(),
                why: "unexpected answer of the script".to_owned(),
            }),
        }
    }
}

impl RedisStore {
    /// Returns the fields of the policy; `None` for a key of another type.
    fn raw_policy(&self) -> RedisResult<Option<RawFields>> {
        self.raw(|to| cmd("HGETALL").arg(POLICY).query(to))
    }

    /// Returns the text of the policy set; `!` for a key of another type, which is not a policy set.
    fn raw_set(&self) -> RedisResult<Option<Vec<u8>>> {
        let text = self.raw(|to| cmd("GET").arg(POLICY_SET).query::<Option<Vec<u8>>>(to))?;
        Ok(text.unwrap_or_else(|| Some(b"!".to_vec())))
    }

    fn raw_halts(&self) -> RedisResult<RawHalts> {
        let names = |key| self.raw(move |to| cmd("SMEMBERS").arg(key).query(to));
        let value = |key: &&str| {
            let value = self.raw(|to| cmd("GET").arg(*key).query::<Option<Vec<u8>>>(to))?;
            Ok(value.map(Option::unwrap_or_default))
        };
        Ok(RawHalts {
            names: [names(HALTS)?, names(RECORDED_HALTS)?],
            switches: self
                .switches
                .keys()
                .map(|key| value(&key))
                .collect::<RedisResult<_>>()?,
        })
    }

    fn halts_of(&self, raw: &RawHalts) -> Halts {
        let (halt, kept) = halt(raw.names.clone());
        let switches = raw.switches.iter().map(Option::as_deref);
        let switched = self.switches.switched(switches);
        Halts {
            halt: if switched.is_empty() {
                halt
            } else {
                Halt::Everything
            },
            kept,
            switched,
        }
    }

    fn raw<T>(&self, get: impl Fn(&mut Connection) -> RedisResult<T>) -> RedisResult<Option<T>> {
        match self.connection.read(get) {
            Ok(content) => Ok(Some(content)),
            Err(error) if is_wrong_type(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn foreign(&self, key: &str, error: &RedisError) -> StoreError {
        if is_wrong_type(error) {
            return StoreError::Foreign {
                what: format!("`{key}`"),
                why: "a key of another type".to_owned(),
            };
        }
        self.connection.failed(error)
    }
}

impl RawHalts {
    fn token(&self) -> String {
        let switches = self.switches.iter().map(Option::as_deref);
        ContentToken::of_raw_halts(self.names.each_ref().map(Option::as_deref), switches)
    }
}

/// Returns the content of the key of the policy.
fn stored(policy: Option<RawFields>) -> Stored {
    match policy {
        Some(pairs) if pairs.is_empty() => Stored::Nothing,
        Some(pairs) => fields(pairs),
        None => Stored::Unreadable {
            place: POLICY.to_owned(),
            found: "a key of another type".to_owned(),
            bound: "a hash".to_owned(),
        },
    }
}

/// Returns the text of a policy set. Bytes that are not UTF-8 become a text that is not a policy set.
fn set_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|_| "!".to_owned())
}

/// Returns the halts, and the part of them that has disappeared without a resume. A key of another type halts
/// everything, because its writer may have intended a halt.
fn halt(names: [Option<Vec<Vec<u8>>>; 2]) -> (Halt, Halt) {
    let [names, recorded] = names.map(|names| {
        let names = names.unwrap_or_else(|| vec![ALL.into()]);
        // A name that is not a text is not a symbol, and halts everything.
        let names = names.into_iter().map(String::from_utf8);
        let names: BTreeSet<String> = names
            .map(|name| name.unwrap_or_else(|_| ALL.to_owned()))
            .collect();
        names
    });
    halt_of_both(&names, &recorded)
}

/// Returns the eviction policy from the answer to `INFO memory`.
fn eviction(info: &str) -> Eviction {
    let policy = info
        .lines()
        .find_map(|line| line.strip_prefix("maxmemory_policy:"));
    match policy.map(str::trim) {
        Some("noeviction") => Eviction::Never,
        Some(policy) => Eviction::Possible(format!("`maxmemory-policy` is `{}`", Shown(policy))),
        None => Eviction::Unknown("`INFO memory` does not contain it".to_owned()),
    }
}

fn audit_record(entry: &StreamId) -> AuditRecord {
    AuditRecord {
        id: entry.id.clone(),
        fields: record(entry),
    }
}

/// Sorts the pairs of a hash, which a server returns in any order.
fn fields(pairs: RawFields) -> Stored {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
    let pairs = pairs.into_iter().map(|(k, v)| Some((text(k)?, text(v)?)));
    match pairs.collect::<Option<Vec<_>>>() {
        Some(mut pairs) => {
            pairs.sort_unstable();
            Stored::Fields(pairs)
        }
        None => Stored::Unreadable {
            place: POLICY.to_owned(),
            found: "bytes".to_owned(),
            bound: "text in UTF-8".to_owned(),
        },
    }
}

fn record(entry: &StreamId) -> FieldMap {
    let text = |value: &redis::Value| redis::from_redis_value_ref::<Vec<u8>>(value).ok();
    let pairs = entry.map.iter().map(|(name, value)| {
        let bytes = text(value).unwrap_or_default();
        (name.clone(), String::from_utf8_lossy(&bytes).into_owned())
    });
    FieldMap::new(pairs)
}
