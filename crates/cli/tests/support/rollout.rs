//! A policy set on the server of a test.

use std::collections::BTreeMap;

use portcullis::{
    guardrails::Guardrails,
    policy::Policy,
    types::{PolicyHash, Timestamp},
};
use portcullis_rollout::{Arm, Bps, PolicySet, Role, Salt};
use portcullis_store::{
    ArmStart, Operator, PolicyStore as _, Publication, RedisStore, RolloutChange, RolloutStep,
};

use super::{instant_in, sample};

/// The store of a test, with a live policy that gives BTCUSDT a leverage of 8.
pub(crate) struct Store(RedisStore);

impl Store {
    pub(crate) fn open(url: &str) -> Self {
        Self(RedisStore::open(url).unwrap())
    }

    /// Publishes the sample policy with other values in some fields. Returns its hash.
    pub(crate) fn publish(&self, others: &[(&str, &str)]) -> PolicyHash {
        let publication = publication(others);
        let expected = self.0.current_hash().unwrap();
        self.0.publish(&publication, expected).unwrap().hash()
    }

    pub(crate) fn roll(&self, step: RolloutStep) -> PolicySet {
        let change = RolloutChange {
            step,
            operator: Operator::new("test"),
            at: now(),
            signer: None,
            code: None,
        };
        self.0.roll(&change).unwrap().set
    }

    /// Starts an arm with the sample policy and other values in some fields. Returns its hash.
    pub(crate) fn start(&self, role: Role, bps: u64, others: &[(&str, &str)]) -> PolicyHash {
        let policy = publication(others).arm_policy().unwrap();
        let salt = Salt::new("canary-7").unwrap();
        let arm = Arm::new(
            role,
            policy.hash(),
            Bps::new(bps).unwrap(),
            salt,
            instant_in(1800),
        );
        let arm = arm.unwrap();
        let hash = arm.hash();
        self.roll(RolloutStep::Start(Box::new(ArmStart {
            arm,
            policy,
            schedule: None,
        })));
        hash
    }

    /// Returns the closed trades, the compared answers and the equal answers of an arm.
    pub(crate) fn results(&self, arm: PolicyHash) -> (u64, u64, u64) {
        let results = self.0.arm_results(arm).unwrap();
        (results.closed_trades, results.compared, results.agreed)
    }
}

fn now() -> Timestamp {
    instant_in(0)
}

fn publication(others: &[(&str, &str)]) -> Publication {
    let mut fields: BTreeMap<String, String> =
        Policy::from_json(&sample(3600)).unwrap().fields().clone();
    for (name, value) in others {
        fields.insert((*name).to_owned(), (*value).to_owned());
    }
    let policy = Policy::from_fields(fields).unwrap();
    Publication::new(policy, &Guardrails::none(), Operator::new("test"), now()).unwrap()
}
