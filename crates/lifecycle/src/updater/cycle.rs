//! One run of the updater.

use std::fmt;

use portcullis::{
    guardrails::Halt,
    types::{Shown, Timestamp},
};
use portcullis_forge::{DocumentError, ForgeError, Forged, Loosening, Run, State, Targets, forge};
use portcullis_service::runtime::{alarm, line};
use portcullis_sim::tape::TapeReader;
use portcullis_store::{PolicyStore, PublishError, Receipt, StoreError, Stored};
use thiserror::Error;

use super::{rollout::Rollouts, settings::UpdaterSettings, source::SourceError};
use crate::{
    baselines::Baselines,
    gate::{Case, Refusal},
    publish::{GatedPublication, GatedPublishError, Outcome, publish, publish_first},
};

/// The result of a run.
#[derive(Debug)]
pub enum Cycle {
    /// Another instance holds the lease.
    Standby,
    /// The draft does not differ from the active policy, which is valid beyond the next run.
    Unchanged,
    /// A policy was published.
    Published {
        /// The kind of the publication.
        kind: Kind,
        /// The published policy.
        receipt: Box<Receipt>,
        /// The reasons for which the gate refused the other part of the draft.
        refusals: Vec<Refusal>,
    },
    /// The gate refused the draft, and no part of it is tighter.
    Refused(Vec<Refusal>),
}

/// The kind of a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first policy of the store.
    First,
    /// The active policy with a later expiry.
    Renewal,
    /// A policy that is nowhere looser.
    Tightening,
    /// A looser policy, which the gate permitted.
    Permitted,
    /// The tightening part of a draft that the gate refused.
    TighteningPart,
}

/// An error that ends a run without a publication.
#[derive(Debug, Error)]
pub enum CycleError {
    /// The features cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is no draft.
    #[error("no draft: {0}")]
    Forge(#[from] ForgeError),
    /// The stored state is invalid.
    #[error(
        "{0}; remove `quantum:policy:updater:state` or the file `.updater.json` of the store; the next run then begins with the numbers of the active policy"
    )]
    State(DocumentError),
    /// Another program owns the policy in the store.
    #[error(
        "the store was released to another program, or its policy cannot be read; publish a policy with \
         `portcullis policy publish` to use the updater"
    )]
    NotOwned,
    /// The draft cannot be judged or published.
    #[error(transparent)]
    Publish(#[from] GatedPublishError),
}

impl From<StoreError> for CycleError {
    fn from(error: StoreError) -> Self {
        Self::Publish(error.into())
    }
}

impl From<PublishError> for CycleError {
    fn from(error: PublishError) -> Self {
        Self::Publish(error.into())
    }
}

impl Cycle {
    /// Returns true if the gate refused the draft or a part of it.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Published { refusals, .. } => !refusals.is_empty(),
            Self::Standby | Self::Unchanged => false,
        }
    }

    /// Returns the name of the result, for metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Standby => "standby",
            Self::Unchanged => "unchanged",
            Self::Published { kind, .. } => kind.name(),
            Self::Refused(_) => "refused",
        }
    }
}

impl Kind {
    /// Returns the name of the kind, for metrics and log lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Renewal => "renewal",
            Self::Tightening => "tightening",
            Self::Permitted => "permitted",
            Self::TighteningPart => "tightening_part",
        }
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = |refusals: &[Refusal]| {
            let reasons = refusals.iter().map(|it| format!("{}: {it}", it.code()));
            reasons.collect::<Vec<_>>().join("; ")
        };
        match self {
            Self::Standby => f.write_str("UPDATER_STANDBY another instance holds the lease"),
            Self::Unchanged => f.write_str("POLICY_UNCHANGED"),
            Self::Published {
                kind,
                receipt,
                refusals,
            } => {
                let policy = receipt.policy();
                write!(
                    f,
                    "POLICY_PUBLISHED {} version {} sequence {} until {}",
                    kind.name(),
                    Shown(policy.version()).whole(),
                    receipt.seq(),
                    policy.valid_until()
                )?;
                if refusals.is_empty() {
                    Ok(())
                } else {
                    write!(f, "; refused: {}", reasons(refusals))
                }
            }
            Self::Refused(refusals) => write!(f, "PUBLISH_REFUSED {}", reasons(refusals)),
        }
    }
}

/// Derives a policy from the current features, and publishes it if it differs from the active policy, or if the active
/// policy would expire soon. Then makes the actions that are due for the arms of the policy set, also if there is no draft.
///
/// # Errors
/// Returns an error if there are no recent features, if no policy can be derived, if the history cannot be read, or if the
/// store cannot be read or written. The active policy then stays in the store. An error of an arm is only logged.
pub fn cycle(
    store: &dyn PolicyStore,
    settings: &UpdaterSettings,
    history: &dyn Fn() -> TapeReader,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Cycle, CycleError> {
    if !store.acquire_lease(&settings.token, settings.lease_length())? {
        return Ok(Cycle::Standby);
    }
    let now = clock();
    let derived = derive(store, settings, now).and_then(|(baselines, forged)| {
        let inputs = (&baselines, now);
        let cycle = finish(store, settings, inputs, &forged, history, clock)?;
        Ok((cycle, forged))
    });
    let rollouts = Rollouts {
        store,
        settings,
        forged: derived.as_ref().ok().map(|(_, forged)| forged),
        now: clock(),
    };
    rollouts.follow_schedules();
    derived.map(|(cycle, _)| cycle)
}

/// Derives a draft from the current features.
fn derive(
    store: &dyn PolicyStore,
    settings: &UpdaterSettings,
    now: Timestamp,
) -> Result<(Baselines, Forged), CycleError> {
    let baselines = Baselines::read(store, now)?;
    if baselines.active.is_none() && !is_new(store)? {
        return Err(CycleError::NotOwned);
    }
    let state = match store.updater_state()? {
        Some(text) => State::from_json(&text).map_err(CycleError::State)?,
        None => State::empty(),
    };
    let features = settings.source.read(&settings.templates, now)?;
    let targets = settings.read_targets()?;
    let is_current = |targets: &Targets| {
        let is_current = targets.window_end() == features.window_end();
        if !is_current {
            let (found, own) = (targets.window_end(), features.window_end());
            line(format_args!(
                "TARGETS_IGNORED they belong to the window until {found}, and the features to the one until {own}"
            ));
        }
        is_current
    };
    let targets = targets.filter(is_current);
    let loosening = match store.halts()? {
        Halt::Nothing => Loosening::Bounded,
        Halt::Symbols(_) | Halt::Everything => Loosening::Held,
    };
    let forged = forge(&Run {
        features: &features,
        templates: &settings.templates,
        targets: targets.as_ref(),
        state: &state,
        active: baselines.active.as_ref(),
        day_ago: baselines.day_ago.as_ref(),
        guardrails: &settings.guardrails,
        loosening,
        now,
    })?;
    Ok((baselines, forged))
}

/// Aborts the canaries that are looser than the targets of the draft, publishes the draft if it is due, and saves the
/// forge's state.
fn finish(
    store: &dyn PolicyStore,
    settings: &UpdaterSettings,
    (baselines, now): (&Baselines, Timestamp),
    forged: &Forged,
    history: &dyn Fn() -> TapeReader,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Cycle, CycleError> {
    let rollouts = Rollouts {
        store,
        settings,
        forged: Some(forged),
        now,
    };
    rollouts.abort_looser();
    let is_changed = forged.derivation().is_changed();
    let is_due = is_changed || settings.must_renew(baselines.active.as_ref(), now);
    let cycle = if is_due {
        publish_draft(store, settings, (baselines, now), forged, history, clock)?
    } else {
        Cycle::Unchanged
    };
    match store.save_updater_state(&settings.token, &forged.state().to_json()) {
        Ok(true) => {}
        Ok(false) => alarm("STATE_NOT_SAVED the lease is lost; another instance continues"),
        Err(error) => alarm(format_args!(
            "STATE_NOT_SAVED {error}; the next run begins with the numbers of the active policy"
        )),
    }
    Ok(cycle)
}

/// Returns true if the store has never had a policy.
fn is_new(store: &dyn PolicyStore) -> Result<bool, StoreError> {
    let head = store.head()?;
    Ok(store.stored()? == Stored::Nothing && head.seq.is_none())
}

fn publish_draft(
    store: &dyn PolicyStore,
    settings: &UpdaterSettings,
    (baselines, now): (&Baselines, Timestamp),
    forged: &Forged,
    history: &dyn Fn() -> TapeReader,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Cycle, CycleError> {
    let arguments = GatedPublication {
        guardrails: &settings.guardrails,
        operator: settings.operator.clone(),
        signer: settings.signer.as_ref(),
        derivation: Some(forged.derivation().to_json()),
        conditions: Some(settings.conditions(forged.derivation().window_end)),
        clock,
    };
    if baselines.active.is_none() {
        let receipt = publish_first(store, forged.draft(), &arguments)?;
        return Ok(Cycle::published(Kind::First, receipt, Vec::new()));
    }
    let candles = match settings.rules.needs_candles() {
        true => settings.source.series()?,
        false => Vec::new(),
    };
    let case = Case {
        draft: forged.draft(),
        baselines,
        rules: &settings.rules,
        replayer: &settings.replayer,
        candles: &candles,
        now,
    };
    Ok(
        match publish(store, &case, history(), &arguments, &mut |_| {})? {
            Outcome::Tightening(receipt) => {
                let kind = match forged.derivation().is_changed() {
                    true => Kind::Tightening,
                    false => Kind::Renewal,
                };
                Cycle::published(kind, receipt, Vec::new())
            }
            Outcome::Permitted(receipt) => Cycle::published(Kind::Permitted, receipt, Vec::new()),
            Outcome::PartlyRefused(receipt, refusals) => {
                Cycle::published(Kind::TighteningPart, receipt, refusals)
            }
            Outcome::Refused(refusals) => Cycle::Refused(refusals),
        },
    )
}

impl Cycle {
    fn published(kind: Kind, receipt: Receipt, refusals: Vec<Refusal>) -> Self {
        Self::Published {
            kind,
            receipt: Box::new(receipt),
            refusals,
        }
    }
}
