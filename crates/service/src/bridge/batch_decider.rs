//! Decisions for a batch of stream entries. The script on the server checks the conditions of each decision again when
//! it writes the answer.

use std::collections::BTreeSet;

use portcullis::{
    answer::Answer,
    decide::{Decision, Engine, Gate, ServiceDenial, SkipCode},
    intent::{Intent, Request},
    policy::Policy,
    record::Scratch,
    types::{Symbol, Timestamp},
};
use portcullis_rollout::{ArmReason, Question, Rollout, entry_symbol};
use portcullis_store::{ContentToken, Feed, PolicySnapshot};

use super::{
    commit::{Answered, Identity, IdentityParts, Outcome, TradeTerms, Verdict},
    executor::{self, Account, MarkBounds, Sizing},
    metrics,
    plan::{About, Items, plan, skip},
    precedence::Precedence,
    shadows::ShadowRecord,
    skew::Skew,
};
use crate::{
    opening::{Openings, terms},
    profile::PlanFormat,
    runtime::{alarm, line, now, now_in_millis},
    stream::{IntentFields, StreamEntry},
};

/// The number of attempts to decide a batch. If the answers of the last one cannot be written, all intents of the batch
/// that open positions are denied.
pub(super) const DECIDED_MAX: usize = 4;

/// A decider of the entries of one stream, under the active policy.
pub(super) struct BatchDecider<'a> {
    stream: &'a str,
    operator: &'a Engine,
    guardrails_sha256: Option<&'a str>,
    feed: &'a Feed,
    precedence: &'a Precedence,
    /// True if this stream worker logs policies that violate the guardrails. Only one of the workers does.
    logs_violations: bool,
    /// The form of the plans and the bounds of mark prices, if a profile with its own form of plans is used.
    executor: Option<(&'static PlanFormat, MarkBounds)>,
    /// The engine with the halts of a policy snapshot, and the number of that snapshot.
    engine: Option<(u64, Engine)>,
}

/// A batch of answers that are ready to be written.
#[derive(Default)]
pub(super) struct DecidedBatch {
    pub(super) answers: Vec<Answered>,
    /// The reason and detail of each answer that is a skip.
    skips: Vec<Option<SkipDetail>>,
    /// The policies that are named in answers of this batch and not stored yet.
    pub(super) policies: Vec<Policy>,
    /// Ids of entries that were deleted before they were answered.
    pub(super) deleted: Vec<String>,
    /// Symbols whose positions and mark prices must be read before the answers are complete.
    pub(super) unread: BTreeSet<Symbol>,
    /// Symbols for which it must be read whether a position is open, and under which policy.
    pub(super) unread_openings: BTreeSet<Symbol>,
    /// The records of shadow arms, to be written after the answers.
    pub(super) shadows: Vec<ShadowRecord>,
}

/// A skip reason and its detail text.
struct SkipDetail {
    reason: SkipCode,
    detail: String,
    /// True if the engine permits the exit, and the executor cannot carry it out.
    is_refused_exit: bool,
}

/// The inputs of the decisions of a batch.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'b> {
    pub(super) attempt: Attempt,
    pub(super) skew: &'b Skew,
    /// The positions and mark prices, as far as they were read for this batch.
    pub(super) account: &'b Account,
    /// The open positions, as far as they were read for this batch.
    pub(super) openings: &'b Openings,
}

/// An attempt to decide a batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attempt {
    /// The first attempt, at the time of this machine.
    First,
    /// A later attempt, at the time of the server. The answers of the previous attempt were not written, because the
    /// content of the store had changed or a trade was no longer in time.
    Again(Timestamp),
    /// The attempt after the last regular one, at the time of the server: all intents that open positions are skipped,
    /// because the answers of every earlier attempt could not be written.
    Denied(Timestamp),
}

impl<'a> BatchDecider<'a> {
    pub(super) const fn new(
        stream: &'a str,
        operator: &'a Engine,
        guardrails_sha256: Option<&'a str>,
        feed: &'a Feed,
        precedence: &'a Precedence,
        logs_violations: bool,
        executor: Option<(&'static PlanFormat, MarkBounds)>,
    ) -> Self {
        Self {
            stream,
            operator,
            guardrails_sha256,
            feed,
            precedence,
            logs_violations,
            executor,
            engine: None,
        }
    }

    /// Decides a batch, each entry at the time of the attempt. `is_stored` returns true if a policy is already stored.
    pub(super) fn decide(
        &mut self,
        inputs: Inputs<'_>,
        entries: &[StreamEntry],
        is_stored: impl Fn(&Policy) -> bool,
    ) -> DecidedBatch {
        let mut decided = DecidedBatch::default();
        if entries.is_empty() {
            return decided;
        }
        let snapshot = self.feed.snapshot();
        let engine = self.engine_for(&snapshot);
        let rollout = snapshot.rollout();
        let rollout = rollout.filter(|rollout| !rollout.set().arms().is_empty());
        for entry in entries {
            if entry.is_deleted() {
                decided.deleted.push(entry.id.clone());
                continue;
            }
            let under = (&*snapshot, rollout.as_ref());
            self.decide_entry(inputs, entry, &engine, under, &mut decided);
        }
        decided.policies.retain(|policy| !is_stored(policy));
        decided
    }

    /// Decides one entry, and adds its answer to `decided`.
    fn decide_entry(
        &self,
        inputs: Inputs<'_>,
        entry: &StreamEntry,
        engine: &Engine,
        (snapshot, rollout): (&PolicySnapshot, Option<&Rollout<'_>>),
        decided: &mut DecidedBatch,
    ) {
        let Inputs { attempt, skew, .. } = inputs;
        let entry_record = entry.record();
        let mut scratch = Scratch::default();
        let intent = match &entry_record {
            Ok(entry_record) => entry_record.intent(&mut scratch),
            Err(fault) => Intent::unreadable(fault.clone()),
        };
        let entry_record = entry_record.as_ref().ok();
        let sender = entry_record.map(|_| entry.sender()).unwrap_or_default();
        let sent = entry_record.map(|record| record.intent_fields());
        let sent = sent.unwrap_or_default();
        let order_type = sent.order_type();
        let symbol = intent.symbol().map_or_else(String::new, |s| s.to_string());
        let identity = Identity::new(IdentityParts {
            source: intent.source(),
            sender_id: sender.id.as_deref(),
            is_exit: matches!(intent.request(), Ok(Request::Exit(_))),
            symbol: &symbol,
            stream: self.stream,
            entry_id: &entry.id,
            digest: entry.digest(),
        });
        let now = attempt.now();
        let open = match entry_symbol(&intent).filter(|_| rollout.is_some()) {
            Some(symbol) => inputs.openings.of(symbol).unwrap_or_else(|| {
                decided.unread_openings.insert(symbol);
                None
            }),
            None => None,
        };
        let question = Question {
            engine,
            intent: &intent,
            open,
            now,
        };
        let shadows = &mut decided.shadows;
        let (decision, arm_reason) = decide_under(snapshot, rollout, &question, entry, shadows);
        let sizing = self.sizing(&decision, &sent, inputs.account, now);
        if let (Some(Sizing::Unread), Some(symbol)) = (&sizing, intent.symbol()) {
            decided.unread.insert(symbol);
        }
        let denial = attempt
            .denial(&decision)
            .or_else(|| self.denial_while_exits_are_unreadable(&decision))
            .or_else(|| denial(&decision, skew))
            .or_else(|| refusal_of_entry(&decision, sizing.as_ref()));
        let row = match &denial {
            Some(denial) => Answer::denied_by_service(&decision, denial),
            None => Answer::decision(&decision),
        }
        .to(0, intent.id().or(Some(&entry.id)), Some(now));
        let about = About {
            plan_id: identity.plan_id(),
            stream: self.stream,
            entry_id: &entry.id,
            sender_id: sender.id.as_deref(),
            attempt: sender.attempt.as_deref(),
            order_type: order_type.name.as_deref(),
            trigger_reference: order_type.trigger_reference.as_deref(),
            now,
            guardrails_sha256: self.guardrails_sha256,
            arm_reason,
            position_leverage: open.and_then(|open| open.leverage),
            // A row holds only texts and finite numbers, so this cannot fail.
            answer: &serde_json::to_string(&row).unwrap_or_default(),
        };
        let because = skip_detail(&row, &decision, sizing.as_ref());
        let record = match &because {
            Some(because) => skip(&decision, &about, because.reason.code(), &because.detail),
            None => self.plan(&decision, sizing.as_ref(), &about, &sent),
        };
        decided.answers.push(Answered {
            entry_id: entry.id.clone(),
            verdict: verdict(
                &decision,
                denial.as_ref(),
                sizing.as_ref(),
                snapshot.token(),
            ),
            symbol,
            record,
            identity,
            is_again: entry.is_again,
            names_policy: decision.policy().is_some(),
            opening: match &decision {
                Decision::Trade(trade) => terms(trade.policy().hash(), trade.leverage().value()),
                Decision::Exit(_) | Decision::Skip(_) => String::new(),
            },
            arm_reason,
        });
        if let Some(policy) = decision.policy()
            && !decided.policies.contains(policy)
        {
            decided.policies.push(policy.clone());
        }
        decided.skips.push(because);
    }

    /// Returns the fields of the plan for a trade or an exit.
    fn plan(
        &self,
        decision: &Decision<'_>,
        sizing: Option<&Sizing>,
        about: &About<'_>,
        sent: &IntentFields,
    ) -> Items {
        match (sizing, self.executor) {
            (Some(Sizing::Order(order)), Some((format, _))) => {
                executor::plan(decision, order, about, sent, format)
            }
            (None | Some(Sizing::Order(_)), _) => plan(decision, about),
            // The server cannot append a record without fields, so an incomplete answer stays pending.
            (Some(Sizing::Unread | Sizing::Refused(_)), _) => Items::default(),
        }
    }

    /// Returns the order of a trade or an exit in the form of the executor. Returns `None` for a skip, or if no
    /// executor requires another form of plans.
    fn sizing(
        &self,
        decision: &Decision<'_>,
        sent: &IntentFields,
        account: &Account,
        now: Timestamp,
    ) -> Option<Sizing> {
        let (format, bounds) = self.executor?;
        match decision {
            Decision::Trade(trade) => Some(executor::of_trade(trade, account, format, bounds, now)),
            Decision::Exit(permit) => {
                let word = sent.text("action");
                Some(executor::of_exit(permit, word, account, format))
            }
            Decision::Skip(_) => None,
        }
    }

    fn denial_while_exits_are_unreadable(
        &self,
        decision: &Decision<'_>,
    ) -> Option<ServiceDenial<'static>> {
        let denial = self.precedence.denial();
        denial.filter(|denial| denial.takes_precedence_over(decision))
    }

    /// Returns the engine with the halts of a policy snapshot added to its own.
    fn engine_for(&mut self, snapshot: &PolicySnapshot) -> Engine {
        match &self.engine {
            Some((number, engine)) if *number == snapshot.number() => engine.clone(),
            Some(_) | None => {
                self.log_violations(snapshot);
                let engine = self.operator.with_halt(snapshot.halt());
                self.engine = Some((snapshot.number(), engine.clone()));
                engine
            }
        }
    }

    /// Logs each violation of the operator's guardrails by a newly loaded policy. Such a policy
    /// permits no trade.
    fn log_violations(&self, snapshot: &PolicySnapshot) {
        if !self.logs_violations {
            return;
        }
        if let Ok(policy) = snapshot.policy().policy() {
            let guardrails = self.operator.guardrails();
            for violation in guardrails.violations(policy, Some(now())) {
                line(format_args!("POLICY_FORBIDDEN: {violation}"));
            }
        }
    }

    /// Counts and logs an intent that was already answered.
    fn repeated(&self, answer: &Answered, why: &str) {
        metrics::repeated();
        let (id, stream, symbol) = (&answer.entry_id, self.stream, &answer.symbol);
        let again = match answer.verdict {
            Verdict::Exit => "; to execute the exit again, send it with another `attempt`",
            Verdict::Trade(_) | Verdict::Skip(_) | Verdict::SkipAlways => "",
        };
        let verdict = answer.verdict.as_str();
        line(format_args!(
            "REPEATED {verdict} {symbol}: entry {id} of `{stream}` is not answered again: {why}{again}"
        ));
    }

    /// Counts and logs the outcomes of a batch.
    pub(super) fn record_outcomes(&self, decided: &DecidedBatch, outcomes: &[Outcome]) {
        let answered_at = now();
        for (outcome, (answer, skip)) in outcomes
            .iter()
            .zip(decided.answers.iter().zip(&decided.skips))
        {
            if outcome.is_moved() || outcome.failure().is_some() {
                continue;
            }
            if outcome.is_repeated() {
                self.repeated(answer, &outcome.detail);
                continue;
            }
            metrics::lag(self.stream, &answer.entry_id, answered_at);
            answer.arm_reason.into_iter().for_each(metrics::arm_answer);
            match skip {
                Some(because) if because.is_refused_exit => refused_exit(answer, because),
                Some(because) => skipped(because.reason.code(), &because.detail),
                None if outcome.code == answer.verdict.as_str() => {
                    metrics::answered(answer.verdict.as_str(), "");
                }
                None => skipped(&outcome.code, &outcome.detail),
            }
        }
    }
}

impl Attempt {
    fn now(self) -> Timestamp {
        match self {
            Self::First => now_in_millis(),
            Self::Again(at) | Self::Denied(at) => at,
        }
    }

    /// Returns the denial of an entry in the last attempt, unless an earlier gate has failed.
    fn denial(self, decision: &Decision<'_>) -> Option<ServiceDenial<'static>> {
        match self {
            Self::First | Self::Again(_) => None,
            Self::Denied(_) => ServiceDenial::new(
                SkipCode::PolicyStoreUnavailable,
                format!(
                    "at each of {DECIDED_MAX} attempts to write the answer, the policy or the halts had changed, or a time limit had passed"
                ),
            )
            .filter(|denial| denial.takes_precedence_over(decision)),
        }
    }
}

impl DecidedBatch {
    /// Removes the policies and all answers that name a policy. Returns the ids of their entries.
    pub(super) fn take_answers_with_policy(&mut self) -> Vec<String> {
        self.policies.clear();
        let mut taken = Vec::new();
        let all = std::mem::take(&mut self.answers);
        let skips = std::mem::take(&mut self.skips);
        for (answer, skip) in all.into_iter().zip(skips) {
            if answer.names_policy {
                taken.push(answer.entry_id);
            } else {
                self.answers.push(answer);
                self.skips.push(skip);
            }
        }
        taken
    }

    /// Returns true if a policy must be stored, deleted entries acknowledged, or positions and mark prices read, before
    /// the answers are written.
    pub(super) fn has_prerequisites(&self) -> bool {
        let has_unread = !self.unread.is_empty() || !self.unread_openings.is_empty();
        has_unread || !self.policies.is_empty() || !self.deleted.is_empty()
    }
}

/// Returns the verdict of an answer, with the conditions under which the answer may be written. A denial never affects
/// an exit, but the executor may be unable to carry out the exit.
fn verdict(
    decision: &Decision<'_>,
    denial: Option<&ServiceDenial<'_>>,
    sizing: Option<&Sizing>,
    content: &ContentToken,
) -> Verdict {
    let marked_until = match sizing {
        Some(Sizing::Order(order)) => order.until,
        Some(Sizing::Unread | Sizing::Refused(_)) | None => None,
    };
    match (decision, denial) {
        (Decision::Exit(_), _) if matches!(sizing, Some(Sizing::Refused(_))) => Verdict::SkipAlways,
        (Decision::Exit(_), _) => Verdict::Exit,
        (Decision::Trade(trade), None) => {
            Verdict::Trade(TradeTerms::new(trade, content, marked_until))
        }
        (Decision::Skip(skip), None) if skip.gate() < Gate::Halt => Verdict::SkipAlways,
        (Decision::Skip(skip), None) if skip.reason() == SkipCode::PolicyStoreUnavailable => {
            Verdict::SkipAlways
        }
        (Decision::Skip(_), None) => Verdict::Skip(content.clone()),
        (Decision::Trade(_) | Decision::Skip(_), Some(_)) => Verdict::SkipAlways,
    }
}

/// Decides an intent under the policy set or, without one, under the policy. Returns the decision and the code of the
/// reason for which an arm decided or did not, and adds the answers of shadow arms to `shadows`.
fn decide_under<'e>(
    snapshot: &'e PolicySnapshot,
    rollout: Option<&Rollout<'e>>,
    question: &Question<'e>,
    entry: &StreamEntry,
    shadows: &mut Vec<ShadowRecord>,
) -> (Decision<'e>, Option<&'static str>) {
    let Some(rollout) = rollout else {
        let Question {
            engine,
            intent,
            now,
            ..
        } = *question;
        return (engine.decide(snapshot.policy(), intent, now), None);
    };
    let answer = rollout.decide(question);
    let answers = rollout.shadows(question, &answer, 0, question.intent.id());
    shadows.extend(answers.into_iter().map(|answer| ShadowRecord {
        entry_id: entry.id.clone(),
        answer,
    }));
    let reason = answer.arm_reason().map(ArmReason::code);
    (answer.into_decision(), reason)
}

/// Returns a denial if the clock is not trusted and every gate up to the freshness gate has passed.
/// Exits are never denied.
fn denial(decision: &Decision<'_>, skew: &Skew) -> Option<ServiceDenial<'static>> {
    match decision {
        Decision::Exit(_) => None,
        Decision::Skip(skip) if skip.gate() <= Gate::Freshness => None,
        Decision::Trade(_) | Decision::Skip(_) => skew.denial(),
    }
}

/// Returns the reason and the detail of a skip record; `None` for a plan.
fn skip_detail(
    row: &Answer<'_>,
    decision: &Decision<'_>,
    sizing: Option<&Sizing>,
) -> Option<SkipDetail> {
    match (decision, sizing) {
        // The answer row is not changed: the engine permits the exit.
        (Decision::Exit(_), Some(Sizing::Refused(why))) => Some(SkipDetail {
            reason: SkipCode::IntentUnsupported,
            detail: why.clone(),
            is_refused_exit: true,
        }),
        (Decision::Exit(_) | Decision::Trade(_) | Decision::Skip(_), _) => {
            row.reason.map(|reason| SkipDetail {
                reason,
                detail: row
                    .detail
                    .as_ref()
                    .map_or_else(String::new, ToString::to_string),
                is_refused_exit: false,
            })
        }
    }
}

/// Returns a denial if the executor cannot carry out a trade.
fn refusal_of_entry(
    decision: &Decision<'_>,
    sizing: Option<&Sizing>,
) -> Option<ServiceDenial<'static>> {
    match (decision, sizing) {
        (Decision::Trade(_), Some(Sizing::Refused(why))) => {
            ServiceDenial::new(SkipCode::IntentUnsupported, why.clone())
        }
        (Decision::Trade(_) | Decision::Exit(_) | Decision::Skip(_), _) => None,
    }
}

/// Counts an exit that the executor cannot carry out, and raises an alarm, because its position stays open.
fn refused_exit(answer: &Answered, because: &SkipDetail) {
    let (code, symbol) = (because.reason.code(), &answer.symbol);
    metrics::answered("SKIP", code);
    metrics::refused_exit();
    alarm(format_args!(
        "ALARM EXIT_REFUSED: {code}: {symbol}: entry {}: {}",
        answer.entry_id, because.detail
    ));
}

/// Counts and logs a skip.
fn skipped(reason: &str, detail: &str) {
    metrics::answered("SKIP", reason);
    line(format_args!("SKIP {reason}: {detail}"));
}
