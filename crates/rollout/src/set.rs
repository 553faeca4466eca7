//! Policy sets.

use portcullis::{
    policy::canonical_hash,
    types::{PolicyHash, Symbol},
};

use crate::{
    arm::{Arm, Subject},
    bucket::Bucket,
    document::SetDocument,
    fault::{DocumentError, Fault},
    json,
};

/// The name of the document in errors.
const NAME: &str = "policy set";
/// The largest number of shadow arms.
const SHADOWS_MAX: usize = 2;

/// The live policy and the arms beside it, each by the hash of its policy.
///
/// A set is valid: no arm has the hash of the live policy or of another arm, and at most 2 arms are shadows. It does not
/// contain the policies; [`Rollout`](crate::Rollout) combines both.
///
/// ```
/// use portcullis_rollout::PolicySet;
///
/// let live = "5fb38d75cc8088277c5ca6f9ab1dbbd88ba703ea78cf2754d2db392221d79a86".parse()?;
/// let set = PolicySet::new(1, live);
/// assert_eq!(PolicySet::from_json(&set.to_json())?, set);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySet {
    seq: u64,
    live: PolicyHash,
    arms: Vec<Arm>,
    kill: bool,
}

impl PolicySet {
    /// Creates a set without arms.
    #[must_use]
    pub const fn new(seq: u64, live: PolicyHash) -> Self {
        Self {
            seq,
            live,
            arms: Vec::new(),
            kill: false,
        }
    }

    /// Parses a set. A byte order mark at the start is skipped.
    ///
    /// # Errors
    /// Returns an error with the paths of the fields if
    ///
    /// - the text is not JSON;
    /// - a field is missing, unknown, a duplicate or of the wrong type, or its value is out of its bounds;
    /// - the key of a canary is not `symbol`;
    /// - two arms have the same hash, or an arm has the hash of `live`;
    /// - more than 2 arms are shadows.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        let document: SetDocument = json::read(NAME, text)?;
        let (seq, live, kill) = (document.seq, document.live, document.kill);
        let mut faults = Vec::new();
        let arms = document.read_arms(&mut faults);
        DocumentError::check(NAME, faults)?;
        Self {
            seq,
            live,
            arms,
            kill,
        }
        .checked()
    }

    /// Returns the set as JSON on one line. [`Self::from_json`] returns an equal set.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(&self.document())
    }

    /// Computes the hash of the set: [`canonical_hash`] of its five fields in the encoding of the Redis hash of a policy,
    /// as [`Self::to_json`] writes them. So it does not depend on white space, the order of keys, or the spelling of
    /// times and symbols.
    ///
    /// A policy has other required fields, so the hash of a set is never the hash of a policy, and a signature of one is
    /// not a signature of the other.
    #[must_use]
    pub fn hash(&self) -> PolicyHash {
        let seq = self.seq.to_string();
        let live = self.live.to_string();
        let arms = json::write(&self.document().arms);
        let kill = self.kill.to_string();
        canonical_hash([
            ("format", "1"),
            ("seq", &*seq),
            ("live", &*live),
            ("arms", &*arms),
            ("kill", &*kill),
        ])
    }

    /// Returns the sequence, which grows with each change.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the hash of the live policy.
    #[must_use]
    pub const fn live(&self) -> PolicyHash {
        self.live
    }

    /// Returns the arms in their order. Of the canaries that apply to a record, the first decides it.
    #[must_use]
    pub fn arms(&self) -> &[Arm] {
        &self.arms
    }

    /// Returns the arm with this hash.
    #[must_use]
    pub fn arm(&self, hash: PolicyHash) -> Option<&Arm> {
        self.arms.iter().find(|arm| arm.hash() == hash)
    }

    /// Returns true if the kill switch is on: then no arm decides an entry.
    #[must_use]
    pub const fn is_killed(&self) -> bool {
        self.kill
    }

    /// Returns the hashes of the live policy and of all arms, with the path of each.
    pub fn hashes(&self) -> impl Iterator<Item = (String, PolicyHash)> {
        let arms = self.arms.iter().enumerate();
        let arms = arms.map(|(index, arm)| (format!("arms[{index}].hash"), arm.hash()));
        std::iter::once(("live".to_owned(), self.live)).chain(arms)
    }

    /// Checks that each hash is that of a known policy.
    ///
    /// # Errors
    /// Returns an error with the paths of all unknown hashes.
    pub fn check_known(
        &self,
        mut is_known: impl FnMut(PolicyHash) -> bool,
    ) -> Result<(), DocumentError> {
        let unknown = self.hashes().filter(|(_, hash)| !is_known(*hash));
        let fault = |(path, hash)| {
            let reason = format!("no policy with the hash {hash} is known; publish it first");
            Fault::new(path, reason)
        };
        DocumentError::check(NAME, unknown.map(fault).collect())
    }

    /// Returns the canary that the salts assign to a symbol and a source, with the bucket of the symbol: the first one
    /// that matches and covers them. Neither kill switch nor times nor positions are considered.
    #[must_use]
    pub fn assigned(&self, symbol: Symbol, source: Option<&str>) -> Option<(&Arm, Bucket)> {
        let subject = Subject {
            symbol,
            source,
            id: None,
        };
        let canaries = self.arms.iter().filter(|arm| !arm.is_shadow());
        let mut covering = canaries.filter_map(|arm| Some((arm, arm.covered(subject)?)));
        covering.next()
    }

    /// Returns a set with other content, after the same checks as [`Self::from_json`].
    pub(crate) fn changed(
        seq: u64,
        live: PolicyHash,
        arms: Vec<Arm>,
        kill: bool,
    ) -> Result<Self, DocumentError> {
        Self {
            seq,
            live,
            arms,
            kill,
        }
        .checked()
    }

    fn checked(self) -> Result<Self, DocumentError> {
        let mut faults = Vec::new();
        for (index, arm) in self.arms.iter().enumerate() {
            let path = format!("arms[{index}].hash");
            if arm.hash() == self.live {
                let reason = "this is the hash of `live`; name another policy, or remove the arm";
                faults.push(Fault::new(&path, reason));
            }
            let mut earlier = self.arms.iter().take(index);
            if let Some(other) = earlier.position(|other| other.hash() == arm.hash()) {
                let reason = format!("arms[{other}] has the same hash; remove one of the two arms");
                faults.push(Fault::new(&path, reason));
            }
        }
        let shadows = self.arms.iter().filter(|arm| arm.is_shadow()).count();
        if shadows > SHADOWS_MAX {
            let reason = format!(
                "{shadows} arms have the role `shadow`, but at most {SHADOWS_MAX} are possible; remove the others"
            );
            faults.push(Fault::new("arms", reason));
        }
        DocumentError::check(NAME, faults).map(|()| self)
    }

    fn document(&self) -> SetDocument {
        SetDocument::new(self.seq, self.live, &self.arms, self.kill)
    }
}
