//! Stores for the policy, its publication history, the audit log and the halts.
//!
//! A [`PolicyStore`] holds one policy, every earlier publication, an audit log of every change, and
//! the halts. There are three implementations: [`MemoryStore`], [`FileStore`] and `RedisStore`
//! (feature `redis`). They have one contract, and the same tests check all three:
//!
//! - [`PolicyStore::load`] reads the store once. It returns one complete publication, or the reason
//!   why there is none.
//! - [`PolicyStore::publish`] is one atomic change: it writes the policy, its history entry and its
//!   audit entry, or it writes nothing. It succeeds only if the store still holds the policy that
//!   the writer expects, and only with a sequence above every earlier one.
//! - Each audit entry holds the SHA-256 of the previous entry, so that a gap or an edit is
//!   detected.
//!
//! Each reader decides which policies it trusts: a [`VerifyingReader`] checks signatures and
//! remembers the highest sequence that it has seen. A service that makes decisions uses a [`Feed`],
//! which follows a store and keeps the active policy and the halts in memory.
//!
//! ```
//! use portcullis::{types::Timestamp, guardrails::Guardrails, policy::Policy};
//! use portcullis_store::{MemoryStore, Operator, PolicyStore, Publication};
//!
//! # let text = r#"{"policy_version": "2", "valid_until_epoch": 200.5,
//! #     "universe_symbols": ["BTCUSDT"], "leverage_by_symbol": {"BTCUSDT": 8},
//! #     "harvest_params": {"T1_R": 1, "T2_R": 2, "T3_R": 3, "lock_R": 1, "be_plus_pct": 0, "cost_bps": 10,
//! #         "k_regime_flip": 1, "k_sigma_spike": 1, "k_ts_drop": 1, "k_age_penalty": 1, "kill_threshold": 0.6},
//! #     "kill_params": {"trend_min": 0.2, "sigma_ref": 0.01, "sigma_spike_cap": 2, "ts_ref": 0.3,
//! #         "ts_drop_cap": 1, "max_age_sec": 3600}}"#;
//! let store = MemoryStore::new();
//! let now = Timestamp::parse_epoch_seconds("100")?;
//! let policy = Policy::from_json(text)?;
//! let publication = Publication::new(policy, &Guardrails::none(), Operator::new("ada"), now)?;
//!
//! let receipt = store.publish(&publication, None)?;
//! assert_eq!(receipt.seq(), 1);
//! assert_eq!(store.load()?.hash(), receipt.hash());
//!
//! // The next writer must pass the hash of this publication.
//! assert!(store.publish(&publication, None).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Architecture invariant:** only this crate writes to policy stores, and the engine does not depend on this
//! crate. This crate has no clock: the caller of each change passes the time.

mod audit;
mod backoff;
mod change;
mod content;
mod error;
mod eviction;
mod feed;
mod field_map;
mod file;
pub mod file_access;
mod foreign_write;
mod halts;
mod head;
mod history;
mod memory;
pub mod metrics;
mod open;
mod operator;
mod policy_set;
mod policy_store;
mod publication;
#[cfg(feature = "redis")]
pub mod redis;
mod refusal;
mod rollout;
mod sequence;
mod signature;
mod stored;
mod update;
mod updater;
mod verifying_reader;

pub use audit::{AuditEntry, AuditError, AuditLog, AuditRecord, AuditTrail, ForeignRecord};
pub use backoff::Backoff;
pub use change::{Change, Commit, SetChange};
pub use content::{ContentToken, StoreContent};
pub use error::{LoadError, PublishError, ReleaseError, StoreError};
pub use eviction::Eviction;
pub use feed::{CurrentSnapshot, Feed, FeedHealth, PolicySnapshot};
pub use field_map::FieldMap;
pub use file::FileStore;
pub use foreign_write::ForeignWrite;
pub use halts::HaltChange;
pub use head::Head;
pub use history::{HistoryEntry, PublicationId};
pub use memory::MemoryStore;
pub use metrics::record_answer;
pub use open::open;
pub use operator::Operator;
pub use policy_set::{ArmPolicy, ArmResults, ArmStart, PolicySetError, StoredArm, StoredSet};
pub use policy_store::PolicyStore;
pub use publication::{Publication, PublicationEvidence, Receipt, Rollback};
#[cfg(feature = "redis")]
pub use redis::{RedisServer, RedisStore};
pub use refusal::PublicationRefusal;
pub use rollout::{RolloutChange, RolloutError, RolloutReceipt, RolloutRefusal, RolloutStep};
pub use sequence::SequenceGuard;
pub use signature::{InvalidKeyError, PolicySigner, TrustedKeys};
pub use stored::Stored;
pub use update::UpdateMark;
pub use updater::{PublishConditions, UnmetCondition};
pub use verifying_reader::VerifyingReader;
