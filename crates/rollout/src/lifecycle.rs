//! The changes of a policy set. Each returns a new set with the next sequence, or the reason for a refusal.

use portcullis::types::{PolicyHash, SignedDuration, Symbol, Timestamp};

use crate::{
    arm::{Arm, Key, Subject},
    bps::Bps,
    bucket::Bucket,
    refusal::Refusal,
    set::PolicySet,
};

/// A set in which an arm was started, and the symbols to which the arm applies.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Started {
    /// The new set.
    pub set: PolicySet,
    /// The symbols of the universe that the arm applies to, in their order. If the key of a shadow is not the symbol, the
    /// symbols that it matches.
    pub symbols: Vec<Symbol>,
}

/// The time and the trades of an arm with its current share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The time of the last start or raise.
    pub since: Timestamp,
    /// The number of trades of the arm that were closed since then.
    pub closed_trades: u64,
}

/// The conditions of a raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RaiseConditions {
    /// The least time with the current share, in seconds.
    pub min_sec: u64,
    /// The least number of trades that were closed with the current share.
    pub min_closed_trades: u64,
}

impl RaiseConditions {
    /// Checks the conditions.
    ///
    /// # Errors
    /// Returns a refusal if the progress begins after `now`, or is too short or has too few closed trades.
    pub fn check(&self, progress: Progress, now: Timestamp) -> Result<(), Refusal> {
        let Progress {
            since,
            closed_trades,
        } = progress;
        if since > now {
            return Err(Refusal::Clock { since, now });
        }
        let required_sec = self.min_sec;
        let required = i64::try_from(required_sec).unwrap_or(i64::MAX);
        let required = SignedDuration::from_micros(required.saturating_mul(1_000_000));
        if now.since(since) < required {
            return Err(Refusal::TooEarly {
                since,
                required_sec,
            });
        }
        if closed_trades < self.min_closed_trades {
            return Err(Refusal::TooFewTrades {
                closed: closed_trades,
                required: self.min_closed_trades,
            });
        }
        Ok(())
    }
}

impl PolicySet {
    /// Appends an arm, and lists the symbols of a universe that it applies to. A canary applies to the symbols whose
    /// buckets its share covers, except those that an earlier canary takes from all sources.
    ///
    /// # Errors
    /// Returns a refusal if the kill switch is on, the last time of the arm has passed, the arm applies to no symbol, or
    /// the new set would be invalid.
    pub fn start(
        &self,
        arm: Arm,
        universe: impl IntoIterator<Item = Symbol>,
        now: Timestamp,
    ) -> Result<Started, Refusal> {
        self.check_not_killed()?;
        check_not_past(&arm, now)?;
        let reachable = universe
            .into_iter()
            .filter(|symbol| self.is_reachable(&arm, *symbol));
        let mut symbols = Vec::new();
        let mut lowest: Option<(Symbol, Bucket)> = None;
        for symbol in reachable {
            let bucket = match arm.key() {
                Key::Symbol => Some(arm.salt().bucket(symbol.as_str())),
                Key::Source | Key::Id => None,
            };
            if bucket.is_none_or(|bucket| arm.bps().covers(bucket)) {
                symbols.push(symbol);
            }
            if let Some(bucket) = bucket
                && lowest.is_none_or(|(_, least)| bucket < least)
            {
                lowest = Some((symbol, bucket));
            }
        }
        if symbols.is_empty() {
            return Err(Refusal::NoSymbol(lowest));
        }
        let mut arms = self.arms().to_vec();
        arms.push(arm);
        let set = Self::changed(self.next_seq()?, self.live(), arms, self.is_killed())?;
        Ok(Started { set, symbols })
    }

    /// Raises the share of an arm.
    ///
    /// # Errors
    /// Returns a refusal if the set has no such arm, the share is not higher, a condition is not met, the last time of the
    /// arm has passed, or the kill switch is on.
    pub fn raise(
        &self,
        hash: PolicyHash,
        bps: Bps,
        progress: Progress,
        conditions: &RaiseConditions,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let arm = self.known_arm(hash)?;
        self.check_not_killed()?;
        check_not_past(arm, now)?;
        if bps <= arm.bps() {
            return Err(Refusal::NotHigher {
                current: arm.bps(),
                requested: bps,
            });
        }
        conditions.check(progress, now)?;
        let raised = |it: &Arm| match it.hash() == hash {
            true => it.with_bps(bps),
            false => it.clone(),
        };
        let arms = self.arms().iter().map(raised).collect();
        self.next(self.live(), arms, self.is_killed())
    }

    /// Makes the policy of a canary the live one, and removes the arm. The other arms remain.
    ///
    /// # Errors
    /// Returns a refusal if the set has no such arm, the arm is a shadow, has a `match` or less than 10000 bps, its last
    /// time has passed, or the kill switch is on.
    pub fn promote(&self, hash: PolicyHash, now: Timestamp) -> Result<Self, Refusal> {
        let arm = self.known_arm(hash)?;
        self.check_not_killed()?;
        check_not_past(arm, now)?;
        check_promotable(arm)?;
        if arm.bps() < Bps::ALL {
            return Err(Refusal::NotFull(arm.bps()));
        }
        self.next(hash, self.arms_except(hash), self.is_killed())
    }

    /// Removes an arm. This is possible at any time, and while the kill switch is on. Positions that were opened under the
    /// arm fall back to the live policy.
    ///
    /// # Errors
    /// Returns a refusal if the set has no such arm.
    pub fn abort(&self, hash: PolicyHash) -> Result<Self, Refusal> {
        self.known_arm(hash)?;
        self.next(self.live(), self.arms_except(hash), self.is_killed())
    }

    /// Replaces the live policy, after the publication of a policy that is not an arm. The arms remain.
    ///
    /// # Errors
    /// Returns a refusal if an arm has the hash; [`Self::promote`] makes an arm live.
    pub fn replace_live(&self, hash: PolicyHash) -> Result<Self, Refusal> {
        self.next(hash, self.arms().to_vec(), self.is_killed())
    }

    /// Turns the kill switch on: the live policy decides all entries. The arms remain, and open positions keep their
    /// harvest parameters. If the switch is already on, only the sequence changes.
    ///
    /// # Errors
    /// Returns a refusal only if the set has the largest sequence.
    pub fn kill(&self) -> Result<Self, Refusal> {
        self.next(self.live(), self.arms().to_vec(), true)
    }

    /// Turns the kill switch off.
    ///
    /// # Errors
    /// Returns a refusal if it is already off.
    pub fn unkill(&self) -> Result<Self, Refusal> {
        if self.is_killed() {
            self.next(self.live(), self.arms().to_vec(), false)
        } else {
            Err(Refusal::NotKilled)
        }
    }

    /// Returns the arm with this hash.
    pub(crate) fn known_arm(&self, hash: PolicyHash) -> Result<&Arm, Refusal> {
        self.arm(hash).ok_or(Refusal::UnknownArm(hash))
    }

    /// Returns true if a record in a symbol can reach a new arm: the arm matches the symbol, and no earlier canary takes
    /// all records in the symbol. Shadows take no records, and are not taken any.
    fn is_reachable(&self, arm: &Arm, symbol: Symbol) -> bool {
        let subject = Subject {
            symbol,
            source: None,
            id: None,
        };
        let takes_all = |other: &Arm| {
            !other.is_shadow() && other.source().is_none() && other.covered(subject).is_some()
        };
        let is_taken = !arm.is_shadow() && self.arms().iter().any(takes_all);
        arm.symbol().is_none_or(|it| it == symbol) && !is_taken
    }

    fn arms_except(&self, hash: PolicyHash) -> Vec<Arm> {
        let others = self.arms().iter().filter(|arm| arm.hash() != hash);
        others.cloned().collect()
    }

    fn check_not_killed(&self) -> Result<(), Refusal> {
        match self.is_killed() {
            true => Err(Refusal::Killed),
            false => Ok(()),
        }
    }

    fn next_seq(&self) -> Result<u64, Refusal> {
        self.seq().checked_add(1).ok_or(Refusal::SeqExhausted)
    }

    fn next(&self, live: PolicyHash, arms: Vec<Arm>, kill: bool) -> Result<Self, Refusal> {
        Ok(Self::changed(self.next_seq()?, live, arms, kill)?)
    }
}

fn check_not_past(arm: &Arm, now: Timestamp) -> Result<(), Refusal> {
    match arm.is_past(now) {
        true => Err(Refusal::Expired {
            until: arm.until(),
            now,
        }),
        false => Ok(()),
    }
}

/// Checks that the arm is a canary without `match`.
pub(crate) fn check_promotable(arm: &Arm) -> Result<(), Refusal> {
    if arm.is_shadow() {
        Err(Refusal::Shadow)
    } else if arm.has_match() {
        Err(Refusal::Match)
    } else {
        Ok(())
    }
}
