//! The checks of templates. All faults are reported.

use std::collections::BTreeSet;

use portcullis::{
    policy::{PolicyFault, Violation},
    types::Symbol,
};

use super::{
    document::{Document, LeverageRule, Steps, ThetaStep, Universe},
    fault::Faults,
    regime::Regime,
};
use crate::{
    parameter::{Limit, Parameter},
    theta,
};

/// The supported value of `format`.
const FORMAT: u32 = 1;
/// The fields of a regime that contain harvest parameters.
const GROUPS: [&str; 2] = ["harvest_params", "kill_params"];

/// Checks everything except the thresholds of the regimes.
pub(super) fn check(document: &Document, faults: &mut Faults) {
    let format = document.format;
    faults.check(format == FORMAT, "format", format, "1");
    let has_age = document.max_feature_age_sec > 0;
    let age = document.max_feature_age_sec;
    faults.check(has_age, "max_feature_age_sec", age, "greater than 0");
    if let Some(candles) = &document.candles {
        let has_returns = candles.returns >= 2;
        faults.check(
            has_returns,
            "candles.returns",
            candles.returns,
            "at least 2",
        );
        faults.positive("candles.trend_certain", candles.trend_certain);
    }
    check_universe(&document.universe, faults);
    check_steps(&document.steps, faults);
    let start = document.universe.start_leverage;
    if document.integer_leverage {
        check_whole("universe.start_leverage", start, faults);
        let day = document.steps.max_step_24h;
        if start * day < 1.0 {
            faults.push(format_args!(
                "`steps.max_step_24h` is {day}, so with `integer_leverage` a symbol could never rise above its \
                 `start_leverage` of {start}; use at least {}",
                1.0 / start
            ));
        }
    }
    if document.regimes.is_empty() {
        faults.push("`regimes` is empty, but must contain at least one regime");
    }
    for (name, regime) in &document.regimes {
        let path = |field: &str| format!("regimes.{name}.{field}");
        faults.check(
            !name.is_empty(),
            "regimes",
            "``",
            "an object of names that are not empty",
        );
        faults.check(
            regime.confirm > 0,
            &path("confirm"),
            regime.confirm,
            "at least 1",
        );
        let validity = regime.validity_sec;
        faults.check(validity > 0, &path("validity_sec"), validity, "at least 1");
        check_leverage(&path("leverage"), &regime.leverage, document, faults);
        for (group, numbers) in GROUPS
            .iter()
            .zip([&regime.harvest_params, &regime.kill_params])
        {
            for parameter in numbers.keys().filter(|it| it.group() != *group) {
                let path = path(&format!("{group}.{parameter}"));
                faults.push(format_args!("`{path}` must be in `{}`", parameter.group()));
            }
        }
        for (limit, value) in &regime.limits {
            faults.positive(&path(limit.path()), *value);
        }
    }
    check_same_limits(document, faults);
}

fn check_universe(universe: &Universe, faults: &mut Faults) {
    let path = |field: &str| format!("universe.{field}");
    let mut seen = BTreeSet::new();
    for name in &universe.permitted_symbols {
        match Symbol::new(name) {
            Err(error) => faults.push(format_args!("`universe.permitted_symbols`: {error}")),
            Ok(symbol) if !seen.insert(symbol) => faults.push(format_args!(
                "`universe.permitted_symbols` lists `{symbol}` more than once; list it once"
            )),
            Ok(_) => {}
        }
    }
    let count = universe.permitted_symbols.len();
    faults.check(
        count > 0,
        &path("permitted_symbols"),
        "empty",
        "a list of at least one symbol",
    );
    faults.not_negative(&path("min_volume"), universe.min_volume);
    faults.not_negative(&path("max_spread"), universe.max_spread);
    faults.positive(&path("sigma_floor"), universe.sigma_floor);
    faults.positive(&path("start_leverage"), universe.start_leverage);
    for (field, value) in [
        ("max_members", universe.max_members),
        ("max_new", universe.max_new),
        ("max_new_24h", universe.max_new_24h),
    ] {
        faults.check(value > 0, &path(field), value, "at least 1");
    }
}

fn check_steps(steps: &Steps, faults: &mut Faults) {
    let mut pair = |path: &str, run: f64, day: f64| {
        faults.positive(&format!("{path}.max_step"), run);
        faults.positive(&format!("{path}.max_step_24h"), day);
        let bound = format!("at least `max_step`, which is {run}");
        let is_ordered = day.partial_cmp(&run).is_none_or(std::cmp::Ordering::is_ge);
        faults.check(is_ordered, &format!("{path}.max_step_24h"), day, &bound);
    };
    pair("steps", steps.max_step, steps.max_step_24h);
    for (parameter, step) in &steps.theta {
        pair(
            &format!("steps.theta.{parameter}"),
            step.max_step,
            step.max_step_24h,
        );
    }
    for parameter in Parameter::all().filter(|it| !steps.theta.contains_key(it)) {
        faults.push(format_args!(
            "`steps.theta.{parameter}` is missing; state its steps"
        ));
    }
    // With unequal steps, a stage could overtake the next one.
    let ladder = [Parameter::T1R, Parameter::T2R, Parameter::T3R];
    let step = |parameter: &Parameter| steps.theta.get(parameter);
    for (lower, higher) in ladder.iter().zip(ladder.iter().skip(1)) {
        if let (Some(one), Some(other)) = (step(lower), step(higher))
            && is_above(one, other)
        {
            faults.push(format_args!(
                "the steps of `steps.theta.{lower}` must not be greater than those of `steps.theta.{higher}`"
            ));
        }
    }
}

fn is_above(one: &ThetaStep, other: &ThetaStep) -> bool {
    one.max_step > other.max_step || one.max_step_24h > other.max_step_24h
}

fn check_leverage(path: &str, rule: &LeverageRule, document: &Document, faults: &mut Faults) {
    let path = |field: &str| format!("{path}.{field}");
    faults.positive(&path("target_risk"), rule.target_risk);
    faults.positive(&path("k"), rule.k);
    faults.positive(&path("min"), rule.min);
    faults.positive(&path("cap"), rule.cap);
    let bound = format!("at least `min`, which is {}", rule.min);
    faults.check(rule.cap >= rule.min, &path("cap"), rule.cap, &bound);
    let start = document.universe.start_leverage;
    let bound = format!("at least `universe.start_leverage`, which is {start}");
    faults.check(rule.min >= start, &path("min"), rule.min, &bound);
    if document.integer_leverage {
        check_whole(&path("min"), rule.min, faults);
        check_whole(&path("cap"), rule.cap, faults);
    }
}

fn check_whole(path: &str, value: f64, faults: &mut Faults) {
    let is_whole = value.fract() == 0.0;
    faults.check(
        is_whole,
        path,
        value,
        "a whole number, because `integer_leverage` is true",
    );
}

/// Checks that all regimes state the same limits, because a limit that ends would be an unbounded loosening.
fn check_same_limits(document: &Document, faults: &mut Faults) {
    let stated: BTreeSet<Limit> = document
        .regimes
        .values()
        .flat_map(|regime| regime.limits.keys().copied())
        .collect();
    for (name, regime) in &document.regimes {
        for limit in stated.iter().filter(|it| !regime.limits.contains_key(it)) {
            faults.push(format_args!(
                "`regimes.{name}.{}` is missing, although another regime states this limit; state it in all regimes",
                limit.path()
            ));
        }
    }
}

/// Checks the harvest parameters of a regime with the validation of policies.
pub(super) fn check_theta(name: &str, regime: &Regime, faults: &mut Faults) {
    for parameter in Parameter::all().filter(|it| !regime.theta.contains_key(it)) {
        let path = parameter.path();
        faults.push(format_args!("`regimes.{name}.{path}` is missing; state it"));
    }
    for (parameter, value) in &regime.theta {
        let path = format!("regimes.{name}.{}", parameter.path());
        faults.check(value.is_finite(), &path, value, "finite");
    }
    if let Err(error) = theta::check(&regime.theta) {
        let is_missing = |fault: &Violation| fault.fault() == PolicyFault::MissingField;
        for fault in error.violations().iter().filter(|it| !is_missing(it)) {
            faults.push(format_args!("in `regimes.{name}`: {fault}"));
        }
    }
}
